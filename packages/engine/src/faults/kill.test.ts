import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestServer } from "../testing/test-server.ts";
import { Controller, Fleet } from "./testing/controllers.ts";
import { passTurn, recoveryMs, setFault, strikeOf } from "./testing/faults.ts";
import { casesOf, stepsToStrike, type Case } from "./testing/places.ts";
import { formatRows, type Row } from "./testing/report.ts";
import { expectCalm, expectNotAskedAgain, expectSameEnd } from "./testing/same-end.ts";
import { scenesOf, type Scene } from "./testing/scenes.ts";
import { Stage, type Remains } from "./testing/stage.ts";

const timeout = 900_000;
/** A case that was hit by the death of another before it came to its own place is tried again. */
const rounds = ["a", "b", "c", "d", "e"] as const;
/** The bound that we set ourselves; the longest one has more, on a machine that is busy with other things. */
const usualRecoveryMs = 15_000;
const longestRecoveryMs = 60_000;

/** Where the result of the step is in the database already. */
const completed: ReadonlySet<string> = new Set(["step-ended", "step-recorded"]);

interface Story {
  readonly calm: Remains;
  readonly cases: readonly Case[];
}

const scenes = scenesOf(process.env["LOTSE_FAULT_SCENES"]);

const calmOf = ({ name }: Scene): string => `${name}-calm`;

describe("kill -9 of the controller at every boundary and in the middle of every step", () => {
  let server: TestServer;
  let stage: Stage;
  let fleet: Fleet;
  const stories = new Map<string, Story>();
  const rows: Row[] = [];

  beforeAll(async () => {
    server = await TestServer.start();
    stage = await Stage.open(server, "kill");
    fleet = new Fleet(
      () => new Controller(stage.settings),
      () => passTurn(stage.world),
    );
    await fleet.start(2);
    for (const scene of scenes) await stage.start(calmOf(scene));
    for (const scene of scenes) {
      const calm = await stage.remains(calmOf(scene));
      const steps = stepsToStrike(await stage.plan(calmOf(scene)), scene.undoOnly === true);
      const cases = rounds.flatMap((round) => casesOf(scene.name, steps, round));
      stories.set(scene.name, { calm, cases });
    }
    await strikeAll();
  }, timeout);

  /** All scenes at once: those of a controller wait, each at its own place, and then die together. */
  async function strikeAll(): Promise<void> {
    const all = [...stories.values()].flatMap(({ cases }) => cases);
    let missing = all.filter(({ tenant }) => tenant.endsWith(`-${rounds[0]}`));
    for (const round of rounds) {
      for (const { tenant, place } of missing) {
        setFault(stage.world, tenant, { place, how: "die" });
        await stage.start(tenant);
      }
      for (const { tenant } of missing) await stage.engine.rollouts.finished(tenant);
      const missed = missing.filter(({ tenant }) => strikeOf(stage.world, tenant) === null);
      const next = rounds[rounds.indexOf(round) + 1];
      missing = missed.flatMap(({ tenant }) =>
        all.filter((one) => one.tenant === tenant.replace(/.$/u, next ?? "-")),
      );
      if (missed.length === 0) break;
    }
    await fleet.stop();
    await fleet.start(1);
  }

  afterAll(async () => {
    console.log(
      `\nkill -9 of the controller (${fleet.deaths["SIGKILL"] ?? 0} controllers died)\n${formatRows(rows)}\n`,
    );
    await fleet.stop();
    await stage.close();
    await server.dispose();
  }, timeout);

  for (const scene of scenes) {
    it(
      `${scene.name}: the same end, each effect once`,
      async () => {
        const story = stories.get(scene.name);
        if (story === undefined) throw new Error("nothing was played");
        expectCalm(calmOf(scene), story.calm);
        const struck = story.cases.filter(({ tenant }) => strikeOf(stage.world, tenant) !== null);
        const placesOf = (cases: readonly Case[]): Set<string> =>
          new Set(cases.map(({ step, point }) => `${step} ${point}`));
        expect(placesOf(struck)).toEqual(placesOf(story.cases));
        let repeated = 0;
        for (const { tenant, point, place } of struck) {
          const remains = await stage.remains(tenant);
          repeated += expectSameEnd(tenant, remains, calmOf(scene), story.calm);
          const key = place.slice(point.length + 1);
          if (completed.has(point)) expectNotAskedAgain(remains, key, strikeOf(stage.world, tenant)?.pid);
        }
        const recoveriesMs = struck.map(
          ({ tenant }) => recoveryMs(stage.world, tenant) ?? Number.POSITIVE_INFINITY,
        );
        const outcome = `${story.calm.status.state}, each effect once; ${repeated} interrupted and repeated`;
        const where = `${scene.name}: ${placesOf(struck).size} places of ${new Set(struck.map(({ step }) => step)).size} steps`;
        rows.push({ fault: "kill -9", where, struck: struck.length, outcome, recoveriesMs });
        const median = recoveriesMs.toSorted((a, b) => a - b)[Math.floor(recoveriesMs.length / 2)];
        expect(median).toBeLessThan(usualRecoveryMs);
        expect(Math.max(...recoveriesMs)).toBeLessThan(longestRecoveryMs);
      },
      timeout,
    );
  }

  it(
    "leaves an audit log that is sound",
    async () => {
      expect(await stage.verifyAudit()).toBe(true);
    },
    timeout,
  );
});
