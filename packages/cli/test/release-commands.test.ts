import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { printed } from "@lotse/core/contract";
import { copyOfExample, lotse, type Ended } from "./cli-runner.ts";

let workspace: ReturnType<typeof copyOfExample>;
const cli = (...args: string[]): Promise<Ended> => lotse(args, { cwd: workspace.directory });

beforeAll(() => {
  workspace = copyOfExample();
  const file = join(workspace.directory, "lotse.yml");
  const text = readFileSync(file, "utf8").replace(/deadline-ms: \d+/u, "deadline-ms: 8000");
  // This file wants secrets, and there are none here.
  writeFileSync(file, text.replace(/^.*app\.env\.secret\.j2.*\n/mu, ""));
});

afterAll(async () => {
  await cli("stop");
  workspace.remove();
});

function edit(file: string, from: string, to: string): void {
  const path = join(workspace.directory, file);
  const text = readFileSync(path, "utf8");
  expect(text.split(from)).toHaveLength(2);
  writeFileSync(path, text.replace(from, to));
}

async function served(url: string): Promise<unknown> {
  return await (await fetch(`${url}/version`)).json();
}

it("releases, deploys, fails and goes back", { timeout: 120_000 }, async () => {
  const tenant = "nordlicht-records";
  const made = JSON.parse((await cli("release", "create", "--version", "1.0.0", "-o", "json")).stdout) as {
    id: string;
    created: boolean;
  };
  expect(made.created).toBe(true);
  expect(JSON.parse((await cli("release", "create", "-o", "json")).stdout)).toMatchObject({
    id: made.id,
    created: false,
  });

  const dry = await cli(
    "deploy",
    "prod",
    "--release",
    "1.0.0",
    "--tenant",
    tenant,
    "--dry-run",
    "-o",
    "json",
  );
  expect(JSON.parse(dry.stdout)).toMatchObject({ strategy: "blue-green", tenants: [{ tenant }] });
  expect(JSON.parse((await cli("status", "-o", "json")).stdout)).toEqual([]);

  expect((await cli("deploy", "prod", "--release", made.id.slice(0, 8), "--tenant", tenant)).status).toBe(0);
  const [status] = JSON.parse((await cli("status", "prod", "-o", "json")).stdout) as {
    url: string;
    version: string;
  }[];
  expect(status).toMatchObject({ version: "1.0.0" });
  const url = status?.url ?? "";
  expect(await served(url)).toMatchObject({ version: "1.0.0" });

  edit("app/src/version.js", '"1.0.0"', '"2.0.0"');
  edit("app/src/checks.js", "max_size: most", "maximum_size: most");
  expect((await cli("release", "create", "--version", "1.0.0")).status).toBe(5);
  expect((await cli("release", "create", "--version", "2.0.0")).status).toBe(0);
  const failed = await cli("deploy", "prod", "--release", "2.0.0", "--tenant", tenant, "-o", "json");
  expect(failed.status).toBe(1);
  expect(JSON.parse(failed.stdout)).toMatchObject({
    status: "failed",
    tenants: [{ tenant, status: "rolled-back", code: "target.unhealthy" }],
  });
  expect(await served(url)).toMatchObject({ version: "1.0.0" });

  edit("app/src/checks.js", "maximum_size: most", "max_size: most");
  expect((await cli("release", "create", "--version", "3.0.0")).status).toBe(0);
  expect((await cli("deploy", "prod", "--release", "v3.0.0", "--tenant", tenant)).status).toBe(0);
  const configured = await (await fetch(url)).text();
  edit("environments/tenants/nordlicht-records.yml", "tenant:", "tenant: # edited");
  expect((await cli("rollback", "prod", "--to", "1.0.0", "--tenant", tenant)).status).toBe(0);
  expect(await served(url)).toMatchObject({ version: "1.0.0" });
  expect((await cli("rollback", "prod", "--to-version", "v3.0.0", "--tenant", tenant)).status).toBe(0);
  expect(await (await fetch(url)).text()).toBe(configured);

  const shown = await cli("release", "show", "3.0.0");
  expect(shown.status).toBe(0);
  expect(shown.stdout).toMatch(/^policy +\d+ failed, \d+ unknown, \d+ waived, \d+ passed at 20/mu);
  expect(shown.stdout).toMatch(/^ +fail restore-drill \(high\) in prod:lakemere-hospital$/mu);
  const { policy } = printed.release.parse(
    JSON.parse((await cli("release", "show", "3.0.0", "-o", "json")).stdout),
  );
  expect(policy?.summary.counts.fail).toBe(policy?.results.filter(({ status }) => status === "fail").length);
  expect(policy?.results).toContainEqual(
    expect.objectContaining({
      check: "key-rotation",
      status: "waived",
      waiver: "red-gum-tickets-key-rotation",
    }),
  );
  const list = JSON.parse((await cli("release", "list", "-o", "json")).stdout) as { version: string }[];
  expect(list.map(({ version }) => version)).toEqual(["3.0.0", "2.0.0", "1.0.0"]);
});

it("shows a release whose policy is information only, and one whose result was lost", async () => {
  const copy = copyOfExample();
  const run = (...args: string[]): Promise<Ended> => lotse(args, { cwd: copy.directory });
  rmSync(join(copy.directory, "policy/policy.yml"));
  expect((await run("release", "create", "--version", "1.0.0")).status).toBe(0);
  expect((await run("release", "show", "1.0.0")).stdout).toMatch(
    /^policy +\d+ failed.*, for information: there is no policy\/policy\.yml$/mu,
  );
  expect(JSON.parse((await run("release", "show", "1.0.0", "-o", "json")).stdout)).toMatchObject({
    policy: { enforced: false },
  });
  writeFileSync(join(copy.directory, "policy/policy.yml"), "version: 1\n");
  const made = await run("release", "create", "--version", "2.0.0", "-o", "json");
  const { id } = JSON.parse(made.stdout) as { id: string };
  const { policy } = JSON.parse(readFileSync(join(copy.directory, `.lotse/releases/${id}.json`), "utf8")) as {
    policy: string;
  };
  rmSync(join(copy.directory, `.lotse/objects/${policy.slice(0, 2)}/${policy.slice(2)}`));
  const damaged = await run("release", "show", "2.0.0");
  expect(damaged.status).toBe(3);
  expect(damaged.stderr).toContain("damaged: the result of the policy");
  expect(damaged.stdout).toMatch(/^release 2\.0\.0/u);
  copy.remove();
});

it("refuses to release what is not valid, and writes nothing", async () => {
  const copy = copyOfExample();
  const file = join(copy.directory, "environments/base.yml");
  writeFileSync(file, `${readFileSync(file, "utf8")}\nunknown_section: 1\n`);
  const ended = await lotse(["release", "create"], { cwd: copy.directory });
  expect(ended.status).toBe(1);
  expect(ended.stderr).toContain("unknown_section is not in the schema");
  expect((await lotse(["release", "list", "-o", "json"], { cwd: copy.directory })).stdout).toBe("[]\n");
  copy.remove();
});

it.each([
  [["deploy", "prod", "--release", "9.9.9"], 4, "release.not-found"],
  [["deploy", "prod", "--release", "1.0.0", "--strategy", "magic"], 2, "usage.unknown-strategy"],
  [["rollback", "staging"], 4, "rollout.nothing-to-undo"],
  [["release", "create", "--version", "one"], 2, "release.version"],
])("%j ends with %i", async (args, status, code) => {
  const ended = await cli(...args);
  expect(ended.stderr).toContain(`[${code}]`);
  expect(ended.status).toBe(status);
});
