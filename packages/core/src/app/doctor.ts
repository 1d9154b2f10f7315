import { access, constants } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { isLotseError, type Exec } from "../kernel/index.ts";
import { trackedState } from "./tracked-state.ts";

/** One thing that Lotse needs or can use. */
export interface DoctorCheck {
  readonly name: string;
  readonly status: "ok" | "missing" | "optional";
  /** What was found, such as a version. */
  readonly found: string;
  /** How to get it. */
  readonly hint?: string;
}

/** The oldest Node.js that Lotse runs on. */
export const oldestNode = "22.19.0";

/** Looks at this machine: what is missing, and how to get it. */
export async function examineMachine(directory: string, exec: Exec): Promise<readonly DoctorCheck[]> {
  return [
    nodeCheck(process.versions.node),
    await programCheck(
      exec,
      "git",
      ["--version"],
      "needed for `config impact --since` and for the commit of a release",
    ),
    await writable(directory),
    await ownState(exec, directory),
    await loopback(),
  ];
}

function nodeCheck(version: string): DoctorCheck {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const good = major > 22 || (major === 22 && minor >= 19);
  return good
    ? { name: "node", status: "ok", found: version }
    : { name: "node", status: "missing", found: version, hint: `install Node.js ${oldestNode} or newer` };
}

async function programCheck(
  exec: Exec,
  program: string,
  args: readonly string[],
  purpose: string,
): Promise<DoctorCheck> {
  try {
    const result = await exec(program, args, { timeoutMs: 10_000 });
    return { name: program, status: "ok", found: result.stdout.trim().split("\n")[0] ?? "" };
  } catch (error) {
    if (!isLotseError(error)) throw error;
    return {
      name: program,
      status: "missing",
      found: "not found",
      hint: `apt-get install ${program}; ${purpose}`,
    };
  }
}

async function writable(directory: string): Promise<DoctorCheck> {
  try {
    await access(directory, constants.W_OK | constants.X_OK);
    return { name: "workspace", status: "ok", found: directory };
  } catch {
    return {
      name: "workspace",
      status: "missing",
      found: directory,
      hint: "Lotse keeps its state in .lotse there: make it writable",
    };
  }
}

async function ownState(exec: Exec, directory: string): Promise<DoctorCheck> {
  const tracked = await trackedState(exec, join(directory, ".lotse"));
  return tracked.length === 0
    ? { name: "state", status: "ok", found: ".lotse is not in git" }
    : {
        name: "state",
        status: "missing",
        found: `git tracks ${tracked.length} files of .lotse`,
        hint: "git rm -r --cached .lotse, remove the directory, and add .lotse/ to .gitignore",
      };
}

async function loopback(): Promise<DoctorCheck> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return { name: "loopback", status: "ok", found: "a port can be opened on 127.0.0.1" };
  } catch {
    return {
      name: "loopback",
      status: "missing",
      found: "no port can be opened on 127.0.0.1",
      hint: "the process target needs one for each tenant",
    };
  } finally {
    server.close();
  }
}
