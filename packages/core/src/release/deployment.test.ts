import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  emptyDeployment,
  historyLimit,
  previousRelease,
  reconcile,
  withHistory,
  type Deployment,
  type HistoryEntry,
} from "./deployment.ts";
import { openDeployments } from "./deployments.ts";
import type { TargetState } from "./target.ts";
import { allTo, shareFor } from "./weights.ts";

const now = "2026-01-02T00:00:00.000Z";
const before = "2026-01-01T00:00:00.000Z";
const a = "a".repeat(64);
const b = "b".repeat(64);
const scope = { environment: "prod", tenant: "acme" };
const current = { release: a, version: "1.0.0", colour: "blue", rollout: "r1", since: before } as const;
const pending = {
  rollout: "r2",
  release: b,
  version: "2.0.0",
  colour: "green" as const,
  by: "user:tester",
  startedAt: before,
};
const deployment = (more: Partial<Deployment>): Deployment => ({ ...emptyDeployment(scope), ...more });
const entry = (release: string, status: HistoryEntry["status"]): HistoryEntry => ({
  rollout: "r",
  release,
  version: "1.0.0",
  colour: "blue",
  status,
  by: "user:tester",
  at: before,
});
const runs = (active: "blue" | "green" | null): TargetState => ({
  active,
  traffic: { local: allTo(active) },
  unreachable: {},
  url: null,
  unrouted: 0,
  colours: (["blue", "green"] as const).map((colour) => ({
    colour,
    host: "local",
    release: colour === "blue" ? a : b,
    version: colour === "blue" ? "1.0.0" : "2.0.0",
    state: "running",
    restarts: 0,
    requests: 0,
    errors: 0,
    inFlight: 0,
    detail: {},
  })),
});

describe("reconcile", () => {
  it("leaves alone what agrees", () => {
    const same = deployment({ current });
    expect(reconcile(same, runs("blue"), now)).toBe(same);
    const none = deployment({});
    expect(reconcile(none, { ...runs(null), colours: [] }, now)).toBe(none);
  });

  it("knows a rollout that died before the switch", () => {
    expect(reconcile(deployment({ current, pending }), runs("blue"), now)).toMatchObject({
      pending: null,
      current: { release: a, rollout: "r1" },
      history: [{ rollout: "r2", status: "interrupted" }],
    });
  });

  it("knows a rollout that died after the switch", () => {
    expect(reconcile(deployment({ current, pending }), runs("green"), now)).toMatchObject({
      pending: null,
      current: { release: b, version: "2.0.0", colour: "green", rollout: "r2", since: now },
      history: [{ rollout: "r2", status: "recovered" }],
    });
  });

  it("keeps what is stable while requests are split, and while a host does not answer", () => {
    const split = { ...runs(null), traffic: { local: shareFor("green", 5) } };
    expect(reconcile(deployment({ current }), split, now).current).toEqual(current);
    expect(reconcile(deployment({ current, pending }), split, now)).toMatchObject({
      current,
      pending: null,
      history: [{ status: "interrupted" }],
    });
    const partly = { ...runs(null), traffic: {}, unreachable: { a: "it does not answer" } };
    expect(reconcile(deployment({ current }), partly, now).current).toEqual(current);
  });

  it("believes the target where all was stopped, or the record was lost", () => {
    expect(reconcile(deployment({ current }), runs(null), now).current).toBeNull();
    expect(reconcile(deployment({}), runs("green"), now).current).toMatchObject({ release: b });
  });
});

describe("previousRelease", () => {
  it("is the last one that worked and is another", () => {
    const history = [
      entry(a, "deployed"),
      entry(b, "rolled-back"),
      entry("c".repeat(64), "recovered"),
      entry(b, "deployed"),
    ];
    expect(previousRelease(deployment({ current, history }))).toBe("c".repeat(64));
  });

  it("fails where there is none", () => {
    for (const history of [[], [entry(a, "deployed")], [entry(b, "failed"), entry(b, "interrupted")]]) {
      expect(() => previousRelease(deployment({ current, history }))).toThrow(
        expect.objectContaining({ code: "rollout.nothing-to-undo" }) as Error,
      );
    }
  });
});

describe("deployment store", () => {
  let lotse: string;
  beforeAll(async () => {
    lotse = await mkdtemp(join(tmpdir(), "lotse-deployments-"));
  });
  afterAll(() => rm(lotse, { recursive: true }));

  it("keeps a bounded history", async () => {
    const store = openDeployments(lotse);
    expect(await store.read(scope)).toEqual(emptyDeployment(scope));
    let long = deployment({ current });
    for (let index = 0; index < historyLimit + 5; index += 1) {
      long = withHistory(long, { ...entry(a, "deployed"), rollout: `r${index}` });
    }
    await store.write(long);
    expect(await store.read(scope)).toEqual(long);
    expect([long.history.length, long.history[0]?.rollout]).toEqual([historyLimit, `r${historyLimit + 4}`]);
    expect(await store.list()).toEqual([scope]);
  });

  it.each([
    "{",
    "{}",
    '{"schema":2}',
    JSON.stringify(emptyDeployment({ environment: "prod", tenant: "other" })),
  ])("says that %s is damaged", async (text) => {
    const store = openDeployments(lotse);
    await store.write(deployment({}));
    const path = join(lotse, "state/deployments/prod/acme.json");
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual(deployment({}));
    await writeFile(path, text);
    await expect(store.read(scope)).rejects.toMatchObject({ code: "rollout.state", where: { file: path } });
  });

  it("does not leave its directory", async () => {
    await expect(openDeployments(lotse).read({ environment: "..", tenant: "x" })).rejects.toMatchObject({
      code: "usage.argument",
    });
    await expect(openDeployments(lotse).read({ environment: "x", tenant: "../../y" })).rejects.toMatchObject({
      code: "config.tenant-id",
    });
  });
});
