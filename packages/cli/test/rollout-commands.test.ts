import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { printed, type PrintedRollout } from "@lotse/core/contract";
import { Database, startEmbedded } from "@lotse/engine";
import { tinyWorkspace, type TinyWorkspace } from "./tiny-workspace.ts";

const timeout = 180_000;
const tenants = [
  "plain",
  "broken",
  "detached",
  "killed",
  "powerless",
  "watched",
  "stopped",
  "left",
  "busy",
  "steered",
  "again",
  "listed",
];
let tiny: TinyWorkspace;
beforeAll(async () => {
  tiny = tinyWorkspace(tenants);
  await tiny.release("1.0.0");
  await tiny.release("2.0.0-broken", { broken: true });
  await tiny.release("3.0.0");
}, timeout);
afterAll(() => tiny.dispose(), timeout);

const deploy = (tenant: string, ...more: readonly string[]): readonly string[] => [
  "deploy",
  `prod:${tenant}`,
  "--release",
  "1.0.0",
  ...more,
];

async function statusOf(id: string): Promise<PrintedRollout> {
  return printed.rollout.parse(await tiny.json("status", id));
}

/** Waits until a rollout is as a test wants it. */
async function until(id: string, predicate: (status: PrintedRollout) => boolean): Promise<PrintedRollout> {
  for (;;) {
    const status = await statusOf(id);
    if (predicate(status)) return status;
    if (status.endedAt !== null) throw new Error(`it ended: ${JSON.stringify(status, null, 1)}`);
  }
}

/** The id that a command told when it had handed a rollout over. */
function idIn(told: string): string {
  return /^rollout (\S+)$/mu.exec(told)?.[1] ?? "";
}

/** What the database's log tells of a rollout, oldest first. */
async function trailOf(id: string): Promise<readonly string[]> {
  const entries = await tiny.json<{ action: string; outcome: string; object: string }[]>(
    "audit",
    "log",
    "--log",
    "database",
    "--oldest",
    "--object",
    id,
  );
  return entries.map(({ action, outcome }) => `${action} ${outcome}`);
}

const deployedTrail = ["rollout.deploy intent", "rollout.tenant success", "rollout.deploy success"];

describe("lotse deploy", { timeout }, () => {
  it("tells what happens, prints how it ended, and leaves one intent and one outcome", async () => {
    const ended = await tiny.run(...deploy("plain", "-o", "json"));
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.stderr).toMatch(/plain ✓ switch \d+ ms/u);
    const outcome = printed.rollout.parse(JSON.parse(ended.stdout));
    expect(outcome).toMatchObject({
      state: "deployed",
      status: "deployed",
      kind: "deploy",
      tenants: [{ tenant: "plain", status: "deployed", release: { version: "1.0.0" } }],
    });
    expect(outcome.steps.map(({ name, state }) => [name, state])).toContainEqual(["switch", "done"]);
    expect((await statusOf(outcome.id)).steps).toEqual(outcome.steps);
    expect(await trailOf(outcome.id)).toEqual(deployedTrail);
    const again = await tiny.json<PrintedRollout>(...deploy("plain"));
    expect(again).toMatchObject({ state: "deployed", tenants: [{ status: "up-to-date" }], steps: [] });
  });

  it("plans without doing anything", async () => {
    const plan = printed.plan.parse(await tiny.json(...deploy("again", "--dry-run")));
    expect(plan.tenants[0]?.steps.map(({ name }) => name)).toContain("switch");
    expect(await tiny.json<unknown[]>("status", "prod", "--tenant", "again")).toEqual([]);
    const shown = await tiny.run(...deploy("again", "--dry-run", "--strategy", "paused"));
    expect(shown.stdout).toMatch(/again +nothing +1\.0\.0 \(blue\) +prepare →/u);
  });

  it("ends with 1 where the release does not run, and puts back what ran", async () => {
    expect((await tiny.run(...deploy("broken"))).status).toBe(0);
    const ended = await tiny.run("deploy", "prod:broken", "--release", "2.0.0-broken");
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(/✗ (?:start|wait-healthy): /u);
    expect(ended.stdout).toMatch(/broken +rolled-back +1\.0\.0 +2\.0\.0-broken/u);
    const [status] = await tiny.json<{ version: string }[]>("status", "prod", "--tenant", "broken");
    expect(status).toMatchObject({ version: "1.0.0", last: { status: "rolled-back" } });
  });

  it("rolls back by the same means", async () => {
    expect((await tiny.run("deploy", "prod:again", "--release", "1.0.0")).status).toBe(0);
    expect((await tiny.run("deploy", "prod:again", "--release", "3.0.0")).status).toBe(0);
    // The way back stands on the release, and on nothing that somebody has just broken.
    const schema = join(tiny.directory, "schema.yml");
    const before = readFileSync(schema);
    writeFileSync(schema, "type: [\n");
    expect(await tiny.run("config", "validate")).toMatchObject({ status: 3 });
    const back = await tiny.json<PrintedRollout>("rollback", "prod:again");
    writeFileSync(schema, before);
    expect(back).toMatchObject({ kind: "rollback", release: { version: "1.0.0" }, state: "deployed" });
    expect((await trailOf(back.id))[0]).toBe("rollout.rollback intent");
  });
});

describe("a rollout in the background", { timeout }, () => {
  it("is left to a worker that ends by itself, and can be watched", async () => {
    const started = await tiny.run(...deploy("detached", "--detach", "--strategy", "paused"));
    expect(started.status, started.stderr).toBe(0);
    const { rollout } = printed["rollout-started"].parse(JSON.parse(started.stdout));
    const run = join(tiny.directory, ".lotse/run");
    expect(statSync(join(run, "worker.log")).mode & 0o777).toBe(0o600);
    const watched = await tiny.run("status", rollout, "--watch", "-o", "json");
    expect(printed.rollout.parse(JSON.parse(watched.stdout)).state).toBe("deployed");
    expect(watched.stderr).toContain("detached");
    expect(readdirSync(run).filter((name) => /^worker-\d+\.json$/u.test(name))).toHaveLength(1);
    expect((await tiny.run("stop")).status).toBe(0);
    expect(readdirSync(run).filter((name) => /^worker-\d+\.json$/u.test(name))).toEqual([]);
    // The database starts again with whoever needs it.
    expect(await trailOf(rollout)).toEqual(deployedTrail);
  });
});

describe("kill -9 of the deploying process", { timeout }, () => {
  it("in the middle: another worker goes on where it was, with one intent and one outcome", async () => {
    expect((await tiny.run(...deploy("killed"))).status).toBe(0);
    const dying = tiny.start("deploy", "prod:killed", "--release", "3.0.0", "--strategy", "paused");
    await dying.until("✓ weight.10");
    const id = idIn(dying.told());
    dying.child.kill("SIGKILL");
    expect((await dying.ended).status).toBe("SIGKILL");
    const worker = await tiny.run("worker", "--idle", "500ms");
    expect(worker.status, worker.stderr).toBe(0);
    const status = await statusOf(id);
    expect(status).toMatchObject({ state: "deployed", run: 1 });
    const repeated = status.steps.filter(({ attempts }) => attempts > 1);
    expect(repeated.map(({ kind }) => kind)).toEqual(["pause"]);
    expect(await trailOf(id)).toEqual(deployedTrail);
    const [tenant] = await tiny.json<{ version: string }[]>("status", "prod", "--tenant", "killed");
    expect(tenant).toMatchObject({ version: "3.0.0" });
  });
});

describe("kill -9 of the only", { timeout }, () => {
  it("embedded database: the deploying process brings it back and goes on where it was", async () => {
    expect((await tiny.run(...deploy("powerless"))).status).toBe(0);
    const going = tiny.start("deploy", "prod:powerless", "--release", "3.0.0", "--strategy", "paused");
    await going.until("✓ weight.10");
    const id = idIn(going.told());
    const state = readFileSync(join(tiny.env["LOTSE_POSTGRES_DIR"] ?? "", "state.json"), "utf8");
    process.kill((JSON.parse(state) as { process: { pid: number } }).process.pid, "SIGKILL");
    expect((await going.ended).status, going.told()).toBe(0);
    expect(await statusOf(id)).toMatchObject({ state: "deployed", run: 1 });
    expect(await trailOf(id)).toEqual(deployedTrail);
  });

  it("worker: whoever watches the rollout starts another one", async () => {
    expect((await tiny.run(...deploy("watched"))).status).toBe(0);
    const command = ["deploy", "prod:watched", "--release", "3.0.0", "--strategy", "paused", "--detach"];
    const { rollout: id } = await tiny.json<{ rollout: string }>(...command);
    await until(id, ({ steps }) => steps.some(({ kind, state }) => kind === "pause" && state === "running"));
    for (const pid of backgroundWorkers()) process.kill(pid, "SIGKILL");
    const watched = await tiny.run("status", id, "--watch");
    expect(watched.status, watched.stderr).toBe(0);
    expect(watched.stderr).toContain(`rollout ${id}\n`);
    expect(await statusOf(id)).toMatchObject({ state: "deployed", run: 1 });
    expect(await trailOf(id)).toEqual(deployedTrail);
  });
});

/** The processes that carry out rollouts in the background. */
function backgroundWorkers(): readonly number[] {
  const files = readdirSync(join(tiny.directory, ".lotse/run")).flatMap(
    (file) => /^worker-(\d+)\.json$/u.exec(file)?.[1] ?? [],
  );
  expect(files.length).toBeGreaterThan(0);
  return files.map(Number);
}

describe("Ctrl-C", { timeout }, () => {
  it("undoes the tenant at work and ends with 130", async () => {
    expect((await tiny.run(...deploy("stopped"))).status).toBe(0);
    const command = ["deploy", "prod:stopped", "--release", "3.0.0", "--strategy", "paused", "-o", "json"];
    const running = tiny.start(...command);
    await running.until("✓ weight.10");
    running.child.kill("SIGINT");
    const { status, stdout } = await running.ended;
    expect(status, running.told()).toBe(130);
    expect(printed.rollout.parse(JSON.parse(stdout))).toMatchObject({
      state: "aborted",
      status: "interrupted",
      tenants: [{ status: "rolled-back" }],
    });
    const [tenant] = await tiny.json<{ version: string }[]>("status", "prod", "--tenant", "stopped");
    expect(tenant).toMatchObject({ version: "1.0.0" });
  });

  it("twice leaves that to the background", async () => {
    expect((await tiny.run(...deploy("left"))).status).toBe(0);
    const running = tiny.start("deploy", "prod:left", "--release", "3.0.0", "--strategy", "paused");
    await running.until("✓ weight.10");
    const id = idIn(running.told());
    running.child.kill("SIGINT");
    await running.until("aborting");
    running.child.kill("SIGINT");
    expect((await running.ended).status).toBe(130);
    const watched = await tiny.run("status", id, "--watch", "-o", "json");
    expect(printed.rollout.parse(JSON.parse(watched.stdout))).toMatchObject({
      state: "aborted",
      tenants: [{ status: "rolled-back" }],
    });
  });
});

describe("a busy tenant", { timeout }, () => {
  it("refuses, queues or is taken over, as asked", async () => {
    const { rollout } = await tiny.json<{ rollout: string }>(
      ...deploy("busy", "--detach", "--strategy", "approved"),
    );
    await until(rollout, ({ state }) => state === "waiting");
    const refused = await tiny.run(...deploy("busy", "--when-busy", "refuse"));
    expect([refused.status, refused.stderr]).toEqual([5, expect.stringContaining("[rollout.locked]")]);
    const queued = await tiny.json<{ rollout: string }>(...deploy("busy", "--detach"));
    expect(await statusOf(queued.rollout)).toMatchObject({ state: "queued", status: null });
    const follower = await tiny.json<PrintedRollout>(
      "deploy",
      "prod:busy",
      "--release",
      "3.0.0",
      "--when-busy",
      "replace",
    );
    expect(follower.state).toBe("deployed");
    expect(await statusOf(rollout)).toMatchObject({
      state: "aborted",
      reason: `rollout ${follower.id} replaces it`,
    });
    expect((await statusOf(queued.rollout)).state).toBe("aborted");
  });
});

describe("the rollouts under way", { timeout }, () => {
  it("are listed until they end", async () => {
    const { rollout } = await tiny.json<{ rollout: string }>(
      ...deploy("listed", "--detach", "--strategy", "approved"),
    );
    const open = printed["rollout-list"].parse(await tiny.json("status", "--rollouts", "prod"));
    expect(open.map(({ id }) => id)).toEqual([rollout]);
    expect((await tiny.run("abort", rollout)).status).toBe(0);
    await tiny.run("status", rollout, "--watch");
    expect((await tiny.run("status", "--rollouts")).stdout).toBe("no rollout is under way\n");
  });
});

describe("steering a rollout", { timeout }, () => {
  it("pauses, resumes, aborts, retries and approves it", async () => {
    const { rollout } = await tiny.json<{ rollout: string }>(
      ...deploy("steered", "--detach", "--strategy", "approved"),
    );
    await until(rollout, ({ state }) => state === "waiting");
    expect((await tiny.json<PrintedRollout>("pause", rollout)).id).toBe(rollout);
    expect((await tiny.run("resume", rollout)).status).toBe(0);
    expect((await tiny.run("abort", rollout)).status).toBe(0);
    const aborted = await tiny.run("status", rollout, "--watch", "-o", "json");
    expect(printed.rollout.parse(JSON.parse(aborted.stdout)).state).toBe("aborted");
    expect((await tiny.run("retry", rollout)).status).toBe(0);
    await until(rollout, ({ state, run }) => run === 2 && state === "waiting");
    const wrong = await tiny.run("approve", rollout, "--gate", "nobody");
    expect([wrong.status, wrong.stderr]).toEqual([5, expect.stringContaining("[rollout.refused]")]);
    expect((await tiny.run("approve", rollout)).status).toBe(0);
    const watched = await tiny.run("status", rollout, "--watch", "-o", "json");
    expect(printed.rollout.parse(JSON.parse(watched.stdout))).toMatchObject({ state: "deployed", run: 2 });
    const trail = await trailOf(rollout);
    for (const command of ["pause", "resume", "abort", "retry", "approve"])
      expect(trail).toContain(`rollout.${command} success`);
  });

  it.each(["approve", "pause", "resume", "abort", "retry", "status"])(
    "%s needs one that there is",
    async (verb) => {
      const ended = await tiny.run(verb, "20200101T000000Z-000000");
      expect([ended.status, ended.stderr]).toEqual([4, expect.stringContaining("[rollout.not-found]")]);
    },
  );
});

describe("the audit logs", { timeout }, () => {
  it("verify together, and each by itself", async () => {
    const both = await tiny.json<{
      ok: boolean;
      database: { ok: boolean; size: number; openIntents: number };
    }>("audit", "verify");
    expect(both).toMatchObject({ ok: true, database: { ok: true, openIntents: 0, waiting: 0 } });
    const database = await tiny.json<{ size: number }>("audit", "verify", "--log", "database");
    expect(database.size).toBe(both.database.size);
    expect(await tiny.json("audit", "verify", "--log", "workspace")).not.toHaveProperty("database");
  });

  it("are listed together, newest first, and entries of the database's are proven", async () => {
    const entries = await tiny.json<{ log: string; time: string }[]>(
      "audit",
      "log",
      "--log",
      "all",
      "--action",
      "rollout",
    );
    expect(new Set(entries.map(({ log }) => log))).toEqual(new Set(["workspace", "database"]));
    const times = entries.map(({ time }) => time);
    expect(times).toEqual(times.toSorted().reverse());
    expect((await tiny.run("audit", "prove", "0", "--log", "database")).status).toBe(0);
    const lines = (await tiny.run("audit", "export", "--log", "database")).stdout.trim().split("\n");
    expect(lines.length).toBeGreaterThan(10);
    expect(await tiny.json("audit", "show", "0", "--log", "database")).toMatchObject({
      action: "rollout.deploy",
      outcome: "intent",
    });
  });
});

describe("a superuser of the database", { timeout }, () => {
  async function change(sql: string): Promise<void> {
    const { url } = await startEmbedded({ directory: tiny.env["LOTSE_POSTGRES_DIR"] ?? "" });
    const database = new Database({ url });
    try {
      await database.query(sql);
    } finally {
      await database.close();
    }
  }

  it("who keeps an entry from its place is found out by the command", async () => {
    await change("INSERT INTO lotse.audit_outbox (event, refused) VALUES ('{}', 'not wanted')");
    const ended = await tiny.run("audit", "verify", "--log", "database", "-o", "json");
    expect([ended.status, JSON.parse(ended.stdout)]).toMatchObject([
      1,
      { ok: false, waiting: 1, reason: "1 entries were refused their place in the log" },
    ]);
    await change("DELETE FROM lotse.audit_outbox");
  });

  it("who edits an entry is found out by the command, too", async () => {
    await change("UPDATE lotse.audit_entries SET line = replace(line, 'intent', 'denied') WHERE index = 0");
    const ended = await tiny.run("audit", "verify", "-o", "json");
    expect(ended.status).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      ok: false,
      reason: expect.stringContaining("the database's log: ") as string,
      database: { ok: false, firstBadIndex: 0 },
    });
    expect((await tiny.run("audit", "verify", "--log", "workspace")).status).toBe(0);
    expect((await tiny.run("audit", "verify", "--log", "database")).status).toBe(1);
  });
});
