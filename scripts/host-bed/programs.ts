import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { LotseError } from "@lotse/core/kernel";

/** What the bed runs, by Debian package. `docker` of the search path may be another client, so paths are whole. */
export const programs = {
  docker: "/usr/bin/docker",
  dockerd: "/usr/sbin/dockerd",
  debootstrap: "/usr/sbin/debootstrap",
  sshKeygen: "/usr/bin/ssh-keygen",
  iptables: "/usr/sbin/iptables",
  mount: "/usr/bin/mount",
  umount: "/usr/bin/umount",
} as const;

const packages: Readonly<Record<string, string>> = {
  [programs.docker]: "docker.io",
  [programs.dockerd]: "docker.io",
  [programs.debootstrap]: "debootstrap",
  [programs.sshKeygen]: "openssh-client",
  [programs.iptables]: "iptables",
};

function isThere(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Checks that a bed can be had on this machine.
 *
 * @throws LotseError `machine.missing` with the command that installs what is missing, or asking for root
 */
export function requirePrograms(): void {
  const missing = [...new Set(Object.keys(packages).filter((file) => !isThere(file)))];
  if (missing.length > 0) {
    const names = [...new Set(missing.map((file) => packages[file]))].join(" ");
    throw new LotseError({
      code: "machine.missing",
      message: `the test bed of hosts needs ${missing.join(", ")}`,
      hint: `as root: apt-get update && apt-get install --yes --no-install-recommends ${names}`,
    });
  }
  if (process.getuid?.() === 0) return;
  throw new LotseError({
    code: "machine.missing",
    message: "the test bed of hosts starts a container engine of its own, which takes root",
    hint: "run it as root on a machine for tests, such as sudo npm run test:hosts",
  });
}

/** What {@link run} gives back. */
export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end.
 *
 * @param timeoutMs - after which it is killed. @defaultValue 60000
 * @throws LotseError `machine.exec` when it fails, with what it wrote last
 */
export function run(program: string, args: readonly string[], timeoutMs = 60_000): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (status) => {
      if (status === 0) resolve({ stdout, stderr });
      else {
        const words = (stderr + stdout).trim().split("\n").slice(-8).join("\n");
        const message = `${program} ${args.slice(0, 6).join(" ")} ended with ${status}: ${words}`;
        reject(new LotseError({ code: "machine.exec", message }));
      }
    });
  });
}
