import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDeployments, rolloutRequestSchema, type Release } from "../release/index.ts";
import { runRollout } from "../release/testing/run-rollout.ts";
import { createRelease } from "./releases.ts";
import { releasesOf } from "./release-store.ts";
import { rolloutDriver } from "./rollout-driver.ts";
import { dryRun, rolloutRequest, type RequestedRollout, type WantedRollout } from "./rollout-request.ts";
import { statusOf, stopTarget } from "./rollouts.ts";
import { openSession, type Session } from "./session.ts";

const tinyApp = fileURLToPath(new URL("../release/testing/tiny-app.ts", import.meta.url));
const app = (more = ""): string => `version: 1
name: shop
environments: { dev: {}, prod: { aliases: [production] } }
app:
  code: app
  migrations: { directory: migrations }
${more}
  target:
    type: process
    command: [node, tiny-app.ts]
    health: { interval-ms: 20, successes: 1, deadline-ms: 10000 }
    verify: { duration-ms: 50 }
`;

describe("rollouts of a workspace", () => {
  let directory: string;
  let session: Session;
  const releases: Record<string, Release> = {};
  let fence = 0;

  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  const open = (): Session => openSession({ directory, variables: { HOME: directory, USER: "ada" } });
  const release = async (version: string): Promise<Release> => {
    const result = await createRelease(open(), { version });
    if (result.kind !== "released") throw new Error(JSON.stringify(result.report.diagnostics));
    return (releases[version] = result.created.release);
  };
  const want = (more: Partial<WantedRollout> = {}): Promise<RequestedRollout> =>
    rolloutRequest(session, { environment: "prod", release: "1.0.0", tenants: [], ...more });
  const roll = async (wanted: Partial<WantedRollout>) => {
    const { request } = await want(wanted);
    return await runRollout(rolloutDriver(session), request, { fence: (fence += 1) });
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "lotse-rollouts-"));
    put("environments/base.yml", "greeting: Hello\n");
    for (const name of ["dev", "prod"]) put(`environments/${name}/${name}.yml`, "");
    put("environments/tenants/acme.yml", "tenant: { id: acme }\n");
    put("environments/tenants/zen.yml", "tenant: { id: zen }\n");
    put("migrations/001-users.sql", "create table users ();\n");
    put("strategies/careful.yml", "strategy: blue-green\nold: removed\n");
    put("strategies/canary.yml", "strategy: canary\nsteps: [{ weight: 7 }]\n");
    put("strategies/broken.yml", "strategy: canary\nsteps:\n  - weigth: 7\n");
    mkdirSync(join(directory, "app"));
    copyFileSync(tinyApp, join(directory, "app/tiny-app.ts"));
    put(
      "lotse.yml",
      app("  hooks:\n    note: { when: after, phase: switch, run: [sh, -c, 'echo $LOTSE_VERSION'] }\n"),
    );
    session = open();
    await release("1.0.0");
    put("environments/base.yml", "greeting: Hi\n");
    await release("1.1.0");
    put("migrations/002-drop.sql", "-- lotse: irreversible\ndrop table users;\n");
    await release("2.0.0");
  });
  afterAll(async () => {
    await stopTarget(session);
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  it("make a request that is data, with the whole strategy", async () => {
    const { request, warnings } = await want({ environment: "production", strategy: "careful" });
    expect(warnings).toEqual([]);
    expect(request).toMatchObject({
      kind: "deploy",
      environment: "prod",
      release: { id: releases["1.0.0"]?.id, version: "1.0.0" },
      strategy: { name: "careful", strategy: "blue-green", old: "removed" },
      tenants: ["acme", "zen"],
      force: false,
      by: "user:ada",
    });
    expect(rolloutRequestSchema.parse(JSON.parse(JSON.stringify(request)))).toEqual(request);
    expect((await want({ strategy: "canary" })).request.strategy).toMatchObject({ steps: [{ weight: 7 }] });
    expect((await want()).request.strategy).toMatchObject({ name: "blue-green" });
  });

  it.each<[string, Partial<WantedRollout>, object]>([
    [
      "an unknown strategy",
      { strategy: "yolo" },
      { code: "usage.unknown-strategy", hint: expect.stringMatching(/careful/u) },
    ],
    ["a path as strategy", { strategy: "../x" }, { code: "usage.unknown-strategy" }],
    [
      "a strategy file that does not fit",
      { strategy: "broken" },
      { code: "rollout.strategy", where: { line: 3 } },
    ],
    ["an unknown release", { release: "9.9.9" }, { code: "release.not-found" }],
    ["an unknown tenant", { tenants: ["nobody"] }, { code: "rollout.not-in-release" }],
    ["a rollback of nothing", { release: undefined }, { code: "rollout.nothing-to-undo" }],
  ])("refuse %s", async (_, wanted, error) => {
    await expect(want(wanted)).rejects.toMatchObject(error);
  });

  it("tell what they would do, and do nothing", async () => {
    const { request } = await want();
    const plans = await dryRun(session, request);
    expect(plans.map(({ tenant, to }) => [tenant, to.version, to.colour])).toEqual([
      ["acme", "1.0.0", "blue"],
      ["zen", "1.0.0", "blue"],
    ]);
    expect(await openDeployments(session.state).list()).toEqual([]);
    expect(await statusOf(session, undefined, [])).toEqual([]);
  });

  it("deploy with the hooks of the release, go back without a name, and show what runs", async () => {
    const first = await roll({ tenants: ["acme"] });
    expect(first).toMatchObject({ status: "deployed" });
    expect(first.tenants[0]?.steps.find(({ name }) => name === "hook.note")).toMatchObject({ note: "1.0.0" });
    expect(await roll({ release: "1.1.0", tenants: ["acme"] })).toMatchObject({ status: "deployed" });
    const { request } = await want({ release: undefined, tenants: ["acme"] });
    expect(request).toMatchObject({ kind: "rollback", release: { version: "1.0.0" } });
    const [status] = await statusOf(session, "prod", []);
    expect(status?.deployment.current).toMatchObject({ version: "1.1.0" });
    const answer = (await (await fetch(status?.state.url ?? "")).json()) as { config: { greeting: string } };
    expect(answer.config.greeting).toBe("Hi");
    const back = await runRollout(rolloutDriver(session), request, { fence: (fence += 1) });
    expect(back.tenants[0]?.steps.map(({ name }) => name)).toEqual([
      "wait-healthy",
      "switch",
      "hook.note",
      "verify",
    ]);
    const [after] = await statusOf(session, "prod", ["acme"]);
    const config = (await (await fetch(after?.state.url ?? "")).json()) as { config: { greeting: string } };
    expect(config.config.greeting).toBe("Hello");
  });

  it("refuse what leaves no way back before anything is touched, unless it is accepted", async () => {
    await expect(want({ release: "2.0.0", tenants: ["acme"] })).rejects.toMatchObject({
      code: "rollout.irreversible",
    });
    expect(await roll({ release: "2.0.0", tenants: ["acme"], acceptIrreversible: true })).toMatchObject({
      status: "deployed",
    });
    await expect(want({ release: "1.1.0", tenants: ["acme"] })).rejects.toMatchObject({
      code: "rollout.irreversible",
    });
  });

  it("do not lead back to an owner's fences that are older", async () => {
    const { request } = await want({ release: "2.0.0", tenants: ["acme"], force: true });
    const late = await runRollout(rolloutDriver(session), request, { fence: 1 });
    expect(late.tenants[0]).toMatchObject({ status: "failed", code: "rollout.fence" });
    // Another database begins to count anew.
    const other = await runRollout(rolloutDriver(session, { owner: "another" }), request, { fence: 1 });
    expect(other).toMatchObject({ status: "deployed" });
  });

  it("refuse a hook that is none, when the release is made", async () => {
    put("lotse.yml", app("  hooks:\n    note: { when: sometime, phase: switch, run: [x] }\n"));
    await expect(createRelease(open(), { version: "3.0.0" })).rejects.toMatchObject({
      code: "release.hooks",
      where: { file: "lotse.yml", path: "app.hooks.note.when" },
    });
  });

  it("refuse what is damaged for one of the tenants, and no others", async () => {
    const release = await releasesOf(session).read("2.0.0");
    const digest = release.configurations["prod"]?.["zen"]?.config ?? "";
    unlinkSync(join(session.state, "objects", digest.slice(0, 2), digest.slice(2)));
    const damaged = {
      code: "release.corrupt",
      message: expect.stringContaining("configuration of prod:zen"),
    };
    await expect(want({ release: "2.0.0" })).rejects.toMatchObject(damaged);
    await expect(want({ release: "2.0.0", tenants: ["zen"] })).rejects.toMatchObject(damaged);
    const acme = { release: "2.0.0", tenants: ["acme"], acceptIrreversible: true };
    expect((await want(acme)).request.tenants).toEqual(["acme"]);
  });

  it("refuse a release that is damaged", async () => {
    const objects = join(session.state, "objects");
    const all = readdirSync(objects, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    for (const { parentPath, name } of all) unlinkSync(join(parentPath, name));
    await expect(want({ release: "2.0.0" })).rejects.toMatchObject({ code: "release.corrupt" });
  });
});
