import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock, systemExec, type AuditSink } from "../kernel/index.ts";
import { WorkspaceLog } from "./audit.ts";
import { Recorder } from "./recorder.ts";

let root: string;
let open: WorkspaceLog[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "lotse-app-audit-"));
  open = [];
  await mkdir(join(root, "workspace"));
});
afterEach(async () => {
  for (const log of open) await log.close().catch(() => undefined);
  await rm(root, { recursive: true });
});

/** The log of a workspace, as a user's process opens it. */
function logIn(name: string, user = "ada"): WorkspaceLog {
  const directory = join(root, name);
  const log = new WorkspaceLog({
    directory,
    state: join(directory, ".lotse"),
    workspace: { name: "example", audit: { witnesses: [], "retention-days": {} } },
    clock: systemClock,
    exec: systemExec,
    variables: { HOME: join(root, "home", user) },
  });
  open.push(log);
  return log;
}

/** Reads something in a process of its own; returns where its entry stands. */
async function readIn(name: string, user?: string): Promise<number> {
  const log = logIn(name, user);
  const recorder = new Recorder(log, { kind: "user", id: "ada" }, {});
  const { index } = await recorder.read({ action: "secret.read", object: "db.password" });
  await log.close();
  return index;
}

async function verdict(name: string, user?: string): Promise<unknown> {
  return await (await logIn(name, user).open()).verify();
}

describe("the log of a workspace", () => {
  it("goes on after the directory was renamed, and by way of a link", async () => {
    expect(await readIn("workspace")).toBe(0);
    await rename(join(root, "workspace"), join(root, "renamed"));
    expect(await readIn("renamed")).toBe(1);
    await symlink(join(root, "renamed"), join(root, "link"));
    expect(await readIn("link")).toBe(2);
    expect(await readdir(join(root, "home/ada/.local/state/lotse/witness"))).toHaveLength(1);
    expect(await verdict("renamed")).toMatchObject({ ok: true, size: 3, unsigned: 0 });
  });

  it("does not go on in a copy, until a new one is begun there on purpose", async () => {
    await readIn("workspace");
    await cp(join(root, "workspace"), join(root, "copy"), { recursive: true });
    const refused = { code: "audit.unavailable", hint: expect.stringContaining("audit restart") as string };
    await expect(readIn("copy")).rejects.toMatchObject(refused);
    expect(await verdict("copy")).toMatchObject({ ok: false, fault: "forgotten" });
    expect(await logIn("copy").restart()).toHaveLength(1);
    expect(await readIn("copy")).toBe(0);
    expect(await verdict("copy")).toMatchObject({ ok: true, size: 1 });
    expect(await readIn("workspace")).toBe(1);
    expect(await verdict("workspace")).toMatchObject({ ok: true, size: 2 });
  });

  it("does not go on where a copy was put in the place of the directory", async () => {
    await readIn("workspace");
    await cp(join(root, "workspace"), join(root, "copy"), { recursive: true });
    await readIn("workspace");
    await rename(join(root, "workspace"), join(root, "away"));
    await rename(join(root, "copy"), join(root, "workspace"));
    await expect(readIn("workspace")).rejects.toMatchObject({ code: "audit.unavailable" });
    expect(await verdict("workspace")).toMatchObject({ ok: false, fault: "forgotten" });
  });

  it("is new in a clone, which has no .lotse", async () => {
    await readIn("workspace");
    await mkdir(join(root, "clone"));
    expect(await readIn("clone")).toBe(0);
  });

  it("has a memory with every user who writes to it", async () => {
    expect(await readIn("workspace")).toBe(0);
    expect(await readIn("workspace", "grace")).toBe(1);
    expect(await readIn("workspace")).toBe(2);
    for (const user of ["ada", "grace"]) {
      expect(await verdict("workspace", user)).toMatchObject({ ok: true, size: 3 });
    }
  });
});

it("only reads are recorded without waiting for the disk", async () => {
  const asked: string[] = [];
  const sink: AuditSink = {
    append: ({ outcome }, options) => {
      asked.push(`${outcome} ${options?.durability ?? "disk"}`);
      return Promise.resolve({ index: 0, sequence: 1 });
    },
  };
  const recorder = new Recorder(sink, { kind: "user", id: "ada" }, {});
  const access = { action: "secret.write", object: "a" };
  const done = { outcome: "success" } as const;
  await recorder.read(access);
  await recorder.denied(access);
  await recorder.change(access, () => Promise.resolve());
  await recorder.changeAll(
    [access],
    () => Promise.resolve(),
    () => done,
  );
  const change = ["intent disk", "success disk"];
  expect(asked).toEqual(["success process", "denied disk", ...change, ...change]);
});

it("closing tells of reads that could not be signed", async () => {
  await readIn("workspace");
  const log = logIn("workspace");
  await new Recorder(log, { kind: "user", id: "ada" }, {}).read({ action: "secret.read", object: "a" });
  await rm(join(root, "home"), { recursive: true });
  await expect(log.close()).rejects.toMatchObject({ code: "audit.unavailable" });
});
