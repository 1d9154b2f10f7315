import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Sensitive } from "@lotse/core/kernel";
import { Database } from "../database/database.ts";
import { keyOf } from "../rollout/keys.ts";
import { TestServer } from "../testing/test-server.ts";
import { Controller, Fleet } from "./testing/controllers.ts";
import { letGo, recoveryMs, setFault, strikeNow } from "./testing/faults.ts";
import { LosingProxy } from "./testing/losing-proxy.ts";
import { casesOf, stepsToStrike, type StepToStrike } from "./testing/places.ts";
import { formatRows, type Row } from "./testing/report.ts";
import { expectCalm, expectSameEnd } from "./testing/same-end.ts";
import { Stage, type Remains } from "./testing/stage.ts";

const timeout = 600_000;
/** What a controller ends with that finds that another one has taken over: `engine.lease`. */
const lostStatus = 6;
const longestRecoveryMs = 60_000;

let server: TestServer;
let stage: Stage;
const rows: Row[] = [];
const calm = "bluegreen-calm";
let reference: Remains;

let steps: readonly StepToStrike[] = [];
let switchAt = -1;
/** In the middle of what a second controller must not do again at the same time. */
const inSwitch = (tenant: string): string => `middle ${keyOf(tenant, 1, tenant, switchAt, "switch")}`;

beforeAll(async () => {
  server = await TestServer.start();
  stage = await Stage.open(server, "outages");
  const controller = await new Controller(stage.settings).ready();
  await stage.start(calm);
  reference = await stage.remains(calm);
  const plan = await stage.plan(calm);
  steps = stepsToStrike(plan, false);
  switchAt = plan.steps.findIndex(({ name }) => name === "switch");
  await controller.kill();
  expectCalm(calm, reference);
}, timeout);
afterAll(async () => {
  console.log(`\noutages\n${formatRows(rows)}\n`);
  await stage.close();
  await server.dispose();
}, timeout);

/** Starts a rollout whose controller waits in the middle of the switch. */
async function holdInSwitch(tenant: string, url = stage.settings.url): Promise<Controller> {
  setFault(stage.world, tenant, { place: inSwitch(tenant), how: "hold" });
  const controller = await new Controller({ ...stage.settings, url }).ready();
  await stage.start(tenant);
  await stage.struck(tenant);
  return controller;
}

/** Asserts the end of a rollout, and notes it for the table. */
async function expectEnd(tenant: string, what: string, where: string): Promise<void> {
  const repeated = expectSameEnd(tenant, await stage.remains(tenant), calm, reference);
  const recovery = recoveryMs(stage.world, tenant);
  const outcome = `deployed, each effect once; ${repeated} interrupted and repeated`;
  rows.push({ fault: what, where, struck: 1, outcome, recoveriesMs: recovery === null ? [] : [recovery] });
  expect(recovery ?? 0).toBeLessThan(longestRecoveryMs);
  expect(await stage.verifyAudit()).toBe(true);
}

describe("a controller that was taken for dead", () => {
  it.each([
    { what: "SIGSTOP for longer than the lease, then SIGCONT", tenant: "bluegreen-stopped" },
    { what: "cut off from the database for longer than the lease", tenant: "bluegreen-cutoff" },
    { what: "two controllers at the same step at once", tenant: "bluegreen-twins" },
  ])(
    "$what: it does nothing more",
    async ({ what, tenant }) => {
      const proxy = await LosingProxy.listen(server.server.port);
      const first = await holdInSwitch(tenant, proxy.through(stage.settings.url));
      const second = await new Controller(stage.settings).ready();
      try {
        strikeNow(stage.world, tenant);
        if (tenant.endsWith("stopped")) first.signal("SIGSTOP");
        else if (tenant.endsWith("cutoff")) proxy.cut();
        else await endLease(first.executor);
        // The second one must not be held at the place where the first one is.
        await stage.engine.rollouts.finished(tenant);
        if (tenant.endsWith("stopped")) first.signal("SIGCONT");
        proxy.mend();
        letGo(stage.world, tenant);
        expect(await first.ended).toBe(lostStatus);
        await expectEnd(tenant, what, "in the middle of the switch");
      } finally {
        await first.kill();
        await second.kill();
        await proxy.close();
      }
    },
    timeout,
  );
});

/** As a reaper does that takes a controller for dead. */
async function endLease(executor: string): Promise<void> {
  const end = "UPDATE lotse.leases SET ended_at = clock_timestamp() WHERE executor = $1";
  await stage.engine.database.query(end, [executor]);
}

describe("signals to the controller", () => {
  it(
    "SIGTERM in the middle of a step: another one goes on",
    async () => {
      const tenant = "bluegreen-term";
      const first = await holdInSwitch(tenant);
      const second = await new Controller(stage.settings).ready();
      try {
        strikeNow(stage.world, tenant);
        first.signal("SIGTERM");
        letGo(stage.world, tenant);
        expect(await first.ended).toBe(0);
        await expectEnd(tenant, "SIGTERM", "in the middle of the switch");
      } finally {
        await first.kill();
        await second.kill();
      }
    },
    timeout,
  );

  it(
    "SIGINT in the middle of a step: it goes back to what was stable",
    async () => {
      const tenant = "bluegreen-int";
      const controller = await holdInSwitch(tenant);
      try {
        controller.signal("SIGINT");
        while (!(await isAborting(tenant))) await sleep(50);
        letGo(stage.world, tenant);
        const { status, world, deployment, lock, trail } = await stage.remains(tenant);
        expect({ state: status.state, lock }).toEqual({ state: "aborted", lock: null });
        expect(world.places["local"]?.weights).toEqual({ blue: 100, green: 0 });
        expect(Object.values(world.effects).every((times) => times === 1)).toBe(true);
        expect(deployment).toMatchObject({ pending: null, current: { version: "1.0.0" } });
        expect(deployment.history.map(({ status: how }) => how)).toEqual(["rolled-back", "deployed"]);
        expect(trail).toEqual([
          "rollout.deploy intent",
          "rollout.abort success",
          "rollout.tenant failure",
          "rollout.deploy failure",
        ]);
        const outcome = "aborted, the old release has all traffic, each effect once";
        rows.push({
          fault: "SIGINT",
          where: "in the middle of the switch",
          struck: 1,
          outcome,
          recoveriesMs: [],
        });
      } finally {
        await controller.kill();
      }
    },
    timeout,
  );
});

async function isAborting(tenant: string): Promise<boolean> {
  const { rows: found } = await stage.engine.database.query(
    "SELECT FROM lotse.rollouts WHERE id = $1 AND abort_asked",
    [tenant],
  );
  return found.length > 0;
}

describe("the database", () => {
  it(
    "loses the answer to every kind of statement after it was carried out",
    async () => {
      const tenants = Array.from({ length: 8 }, (_, at) => `bluegreen-lost${at}`);
      const proxy = await LosingProxy.listen(server.server.port);
      const url = proxy.through(stage.settings.url);
      const fleet = new Fleet(() => new Controller({ ...stage.settings, url }));
      try {
        await fleet.start(2);
        proxy.arm();
        for (const tenant of tenants) await stage.start(tenant);
        for (const tenant of tenants) expectSameEnd(tenant, await stage.remains(tenant), calm, reference);
        // Without these the proxy would have read the protocol wrongly.
        const kinds = [...proxy.lost.keys()];
        const needed = [
          "lotse.steps",
          "lotse.locks",
          "lotse.deployments",
          "dbos.operation_outputs",
          "COMMIT of",
        ];
        expect(needed.filter((part) => !kinds.some((kind) => kind.includes(part)))).toEqual([]);
        const struck = [...proxy.lost.values()].reduce((sum, times) => sum + times, 0);
        const where = `${kinds.length} kinds of statements and transactions`;
        console.log(`answers were lost to: ${kinds.sort().join("; ")}`);
        rows.push({
          fault: "answer lost after commit",
          where,
          struck,
          outcome: "deployed, each effect once",
          recoveriesMs: [],
        });
        expect(await stage.verifyAudit()).toBe(true);
      } finally {
        await fleet.stop();
        await proxy.close();
      }
    },
    timeout,
  );

  it.each([
    { what: "kill -9 of PostgreSQL", round: "power" },
    { what: "cut off from the database for two seconds", round: "cut" },
    { what: "the database is silent for two seconds", round: "silent" },
  ])(
    "$what, at every boundary and in the middle of every step at once",
    async ({ what, round }) => {
      // Nothing waits in the middle of a gate of the engine's own.
      const cases = casesOf("bluegreen", steps, round).filter(({ point }) => point !== "waiting");
      const proxy = await LosingProxy.listen(server.server.port);
      const url = proxy.through(stage.settings.url);
      for (const { tenant, place } of cases) setFault(stage.world, tenant, { place, how: "hold" });
      const controller = await new Controller({ ...stage.settings, url }).ready();
      try {
        for (const { tenant } of cases) await stage.start(tenant);
        for (const { tenant } of cases) await stage.struck(tenant);
        const from = performance.now();
        if (round === "power") server.kill();
        else if (round === "cut") proxy.cut();
        else proxy.silence();
        for (const { tenant } of cases) letGo(stage.world, tenant);
        if (round === "power") await server.restart();
        else await sleep(2000);
        proxy.mend();
        for (const { tenant } of cases) expectSameEnd(tenant, await stage.remains(tenant), calm, reference);
        const where = `bluegreen: ${cases.length} places of ${steps.length} steps, all at once`;
        const outcome = "deployed, each effect once, by the same controller; recovery is until the last end";
        const recoveriesMs = [performance.now() - from];
        rows.push({ fault: what, where, struck: cases.length, outcome, recoveriesMs });
        expect(await stage.verifyAudit()).toBe(true);
      } finally {
        await controller.kill();
        await proxy.close();
      }
    },
    timeout,
  );

  it(
    "kill -9 of it in the middle of a step: the same controller goes on",
    async () => {
      const tenant = "bluegreen-power";
      const controller = await holdInSwitch(tenant);
      try {
        server.kill();
        const killed = performance.now();
        await server.restart();
        letGo(stage.world, tenant);
        expectSameEnd(tenant, await stage.remains(tenant), calm, reference);
        const tookMs = performance.now() - killed;
        await noteSame("kill -9 of PostgreSQL", tookMs);
      } finally {
        await controller.kill();
      }
    },
    timeout,
  );

  it(
    "does not answer, and nobody says why: the same controller goes on once it does",
    async () => {
      const tenant = "bluegreen-silent";
      const proxy = await LosingProxy.listen(server.server.port);
      const controller = await holdInSwitch(tenant, proxy.through(stage.settings.url));
      try {
        proxy.silence();
        // Connections that nobody uses are closed by then, and new ones are given up after ten seconds.
        await sleep(11_000);
        letGo(stage.world, tenant);
        await sleep(12_000);
        proxy.mend();
        const mended = performance.now();
        expectSameEnd(tenant, await stage.remains(tenant), calm, reference);
        await noteSame("the database is silent for 23 s", performance.now() - mended);
      } finally {
        await controller.kill();
        await proxy.close();
      }
    },
    timeout,
  );

  it(
    "is left in the middle of a transaction by a machine that vanishes: others wait for seconds only",
    async () => {
      const tenant = "bluegreen-vanished";
      const proxy = await LosingProxy.listen(server.server.port);
      const far = new Database({ url: new Sensitive(proxy.through(stage.settings.url)), giveUpMs: 0 });
      const controller = await holdInSwitch(tenant);
      try {
        const { promise: silent, resolve } = Promise.withResolvers<void>();
        const vanished = far.transaction(async (transaction) => {
          await transaction.query("SELECT FROM lotse.rollouts WHERE id = $1 FOR UPDATE", [tenant]);
          proxy.silence();
          resolve();
          await transaction.query("SELECT 1");
        });
        vanished.catch(() => undefined);
        await silent;
        const at = performance.now();
        letGo(stage.world, tenant);
        expectSameEnd(tenant, await stage.remains(tenant), calm, reference);
        const tookMs = performance.now() - at;
        expect(tookMs).toBeLessThan(longestRecoveryMs);
        await noteSame("a machine vanishes in a transaction", tookMs);
      } finally {
        await controller.kill();
        await proxy.close();
        await far.close();
      }
    },
    timeout,
  );
});

/** Notes for the table that the same controller went on. */
async function noteSame(fault: string, tookMs: number): Promise<void> {
  const where = "in the middle of the switch";
  const outcome = "deployed, each effect once, by the same controller; recovery is until the end";
  rows.push({ fault, where, struck: 1, outcome, recoveriesMs: [tookMs] });
  expect(await stage.verifyAudit()).toBe(true);
}
