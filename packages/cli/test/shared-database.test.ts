import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { printed, type PrintedRollout } from "@lotse/core/contract";
import { startEmbedded, stopEmbedded } from "@lotse/engine";
import { tinyWorkspace, type TinyWorkspace } from "./tiny-workspace.ts";

const timeout = 180_000;
let directory: string;
let here: TinyWorkspace;
let there: TinyWorkspace;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "lotse-shared-"));
  chmodSync(directory, 0o711);
  const { url } = await startEmbedded({ directory: join(directory, "postgres") });
  here = tinyWorkspace(["acme"], url.reveal());
  there = tinyWorkspace(["acme"], url.reveal());
}, timeout);
afterAll(async () => {
  await here.dispose();
  await there.dispose();
  await stopEmbedded({ directory: join(directory, "postgres") });
  rmSync(directory, { recursive: true, force: true });
}, timeout);

it(
  "a worker of another machine carries out what was handed over here, with its release",
  { timeout },
  async () => {
    await here.release("1.0.0");
    expect((await there.run("release", "list", "-o", "json")).stdout).toBe("[]\n");
    // A worker lives there, so none is started here.
    const worker = there.start("worker");
    await worker.until("carrying out rollouts");
    const started = await here.json<{ rollout: string }>("deploy", "prod", "--release", "1.0.0", "--detach");
    const { rollout } = printed["rollout-started"].parse(started);
    const watched = await here.run("status", rollout, "--watch", "-o", "json");
    expect(printed.rollout.parse(JSON.parse(watched.stdout))).toMatchObject({ state: "deployed" });
    expect(await there.json<unknown[]>("release", "list")).toMatchObject([{ version: "1.0.0" }]);
    // What runs is known on both; the process itself runs there.
    expect(await there.json<unknown[]>("status", "prod")).toMatchObject([{ version: "1.0.0" }]);
    expect((await there.json<PrintedRollout>("status", rollout)).id).toBe(rollout);
    worker.child.kill("SIGTERM");
    expect((await worker.ended).status).toBe(0);
  },
);

it("a machine that lacks a release can name it, by its version or its id", { timeout }, async () => {
  const third = tinyWorkspace(["acme"], here.env["DATABASE_URL"] ?? "");
  try {
    await here.release("2.0.0");
    const deployed = await here.run("deploy", "prod", "--release", "2.0.0");
    expect(deployed).toMatchObject({ status: 0 });
    const unknown = await third.run("rollback", "prod", "--to", "v9.9.9", "--dry-run");
    expect([unknown.status, unknown.stderr]).toEqual([
      4,
      expect.stringContaining('there is no release "v9.9.9" here or in the database'),
    ]);
    const releases = await here.json<readonly { id: string; version: string }[]>("release", "list");
    const id = releases.find(({ version }) => version === "2.0.0")?.id ?? "";
    expect(await third.run("rollback", "prod", "--to", id.slice(0, 8), "--dry-run")).toMatchObject({
      status: 0,
    });
    expect(await third.run("rollback", "prod", "--to", "v1.0.0", "--dry-run")).toMatchObject({ status: 0 });
    expect(await third.json<unknown[]>("release", "list")).toMatchObject([
      { version: "2.0.0" },
      { version: "1.0.0" },
    ]);
  } finally {
    await third.dispose();
  }
});
