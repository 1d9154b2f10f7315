import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyOfExample, lotse, root, run, type Ended } from "./cli-runner.ts";

let workspace: ReturnType<typeof copyOfExample>;
const cli = (...args: string[]): Promise<Ended> => lotse(args, { cwd: workspace.directory });

beforeAll(() => {
  workspace = copyOfExample();
});
afterAll(() => workspace.remove());

/** The value of a JSON output that fits its published schema. */
function fitting(name: string, text: string): never {
  const schema = JSON.parse(readFileSync(join(root, "schemas", `${name}.json`), "utf8")) as object;
  const validate = new Ajv2020({ strict: false }).compile(schema);
  const value: unknown = JSON.parse(text);
  expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
  return value as never;
}

describe("config get", () => {
  it("prints a single value as its bare text, and as JSON", async () => {
    const path = "database.postgresql.cluster.port";
    expect(await cli("config", "get", "production", path, "--tenant", "nordlicht-records")).toMatchObject({
      status: 0,
      stdout: "5432\n",
    });
    expect(await cli("config", "get", "prod:nordlicht-records", path, "-o", "json")).toMatchObject({
      status: 0,
      stdout: "5432\n",
    });
  });

  it("keeps the text of numbers in every format", async () => {
    for (const [text, json] of [
      ["1.10", "1.10"],
      ["9007199254740993", "9007199254740993"],
      ["012", '"012"'],
      ["no", '"no"'],
    ]) {
      const set = ["--set", `tenant.probe=${text}`];
      expect((await cli("config", "get", "dev", "tenant.probe", ...set)).stdout).toBe(`${text}\n`);
      expect((await cli("config", "get", "dev", "tenant.probe", ...set, "-o", "json")).stdout).toBe(
        `${json}\n`,
      );
    }
  });

  it("never prints the content of a secret, only its reference", async () => {
    const { stdout } = await cli("config", "get", "prod:nordlicht-records", "-o", "json");
    expect(stdout).toContain("${secret:");
  });

  it.each([
    [["config", "get", "prd"], 4, "config.unknown-environment", "did you mean prod?"],
    [
      ["config", "get", "prod", "--tenant", "nordlicht-record"],
      4,
      "config.unknown-tenant",
      "did you mean nordlicht-records?",
    ],
    [["config", "get", "prod", "--tenant", "../../etc/passwd"], 3, "config.tenant-id", "an id is"],
    [["config", "get", "prod", "databse"], 4, "config.unknown-path", "did you mean database?"],
    [["config", "get", "prod", "a..b"], 2, "parse.path", "write paths as"],
    [["config", "get", "prod", "__proto__"], 2, "parse.path", "write paths as"],
    [["config", "get", "prod", "--set", "x"], 2, "usage.argument", "--set"],
    [["config", "get", "prod", "--override", "scalin"], 3, "file.not-found", "did you mean scaling?"],
    [
      ["config", "get", "prod", "--set", "database.postgresql.cluster.port=[1]"],
      3,
      "merge.kind-change",
      "!replace",
    ],
  ])("%j ends with %i and %s", async (args, status, code, hint) => {
    const ended = await cli(...args);
    expect(ended).toMatchObject({ status, stdout: "" });
    expect(ended.stderr).toContain(`[${code}]`);
    expect(ended.stderr).toContain(hint);
    expect(ended.stderr).not.toMatch(/at .*\.js:\d+/u);
    const json = await cli(...args, "-o", "json");
    expect(fitting("error", json.stderr)).toMatchObject({ error: { code } });
  });

  it("ends with 2 for wrong usage", async () => {
    expect((await cli("config", "gett")).status).toBe(2);
    expect((await cli("config", "get")).status).toBe(2);
    expect((await cli("config", "get", "prod", "-o", "xml")).status).toBe(2);
  });
});

describe("config explain and why-not", () => {
  const path = "plan.requests_per_minute";

  it("names the place that won, and what lost", async () => {
    const told: { file: string; line: number; layer: string } = fitting(
      "config-explain",
      (await cli("config", "explain", "prod:nordlicht-records", path, "-o", "json")).stdout,
    );
    const line = readFileSync(join(workspace.directory, told.file), "utf8").split("\n")[told.line - 1];
    expect(line).toContain("requests_per_minute");
    const without: { layer: string } = fitting(
      "config-explain",
      (await cli("config", "why-not", "prod:nordlicht-records", path, "--without", told.layer, "-o", "json"))
        .stdout,
    );
    expect(without.layer).not.toBe(told.layer);
  });

  it("explains every value below a path", async () => {
    const all: unknown[] = fitting(
      "config-explain-all",
      (await cli("config", "explain", "prod", "database", "--all", "-o", "json")).stdout,
    );
    expect(all.length).toBeGreaterThan(5);
  });
});

describe("config diff", () => {
  it("prints differences, and nothing for the same", async () => {
    const differences: { path: string }[] = fitting(
      "config-diff",
      (await cli("config", "diff", "dev", "prod", "-o", "json")).stdout,
    );
    expect(differences.map(({ path }) => path)).toContain("environment.name");
    expect(
      fitting("config-diff", (await cli("config", "diff", "prod", "production", "-o", "json")).stdout),
    ).toEqual([]);
  });
});

describe("a scope that breaks a lock", () => {
  const broken = ["--set", "environment.name=other"];

  it.each([
    ["explain", ["explain", "prod", "logging.level"]],
    ["explain --all", ["explain", "prod", "database", "--all"]],
    ["why-not", ["why-not", "prod", "logging.level", "--without", "environment"]],
    ["diff", ["diff", "staging", "prod"]],
  ])("is told by config %s, which ends as config validate does", async (_, args) => {
    const validated = await cli("config", "validate", "prod", ...broken);
    expect(validated.status).toBe(1);
    const code = /\[(lock\.[a-z-]+|schema\.[a-z-]+)\]/u.exec(validated.stdout)?.[1] ?? "no finding";
    const told = await cli("config", ...args, ...broken, "-o", "json");
    expect(told.status).toBe(1);
    expect(told.stderr).toContain(code);
    expect(() => JSON.parse(told.stdout) as unknown).not.toThrow();
    expect(told.stderr.split("\n").filter((line) => line.includes("environment.name")).length).toBeLessThan(
      4,
    );
    expect(await cli("config", ...args)).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("config validate", () => {
  it("finds the example valid", async () => {
    expect(fitting("config-validate", (await cli("config", "validate", "-o", "json")).stdout)).toMatchObject({
      ok: true,
      diagnostics: [],
    });
  });

  it("names file, line and column of the layer that is wrong, and ends with 1", async () => {
    const broken = copyOfExample();
    const file = join(broken.directory, "environments/tenants/radio-alpenglow.yml");
    writeFileSync(
      file,
      `${readFileSync(file, "utf8")}\ndatabase:\n  postgresql:\n    cluster:\n      porrt: 5433\n`,
    );
    const ended = await lotse(["config", "validate", "prod", "--tenant", "radio-alpenglow", "-o", "json"], {
      cwd: broken.directory,
    });
    expect(ended.status).toBe(1);
    const report: {
      diagnostics: { hint: string; where: { file: string; line: number; column: number; path: string } }[];
    } = fitting("config-validate", ended.stdout);
    const [finding] = report.diagnostics;
    expect(finding).toMatchObject({ code: "schema.violation", hint: 'did you mean "port"?' });
    expect(finding?.where).toMatchObject({
      file: "environments/tenants/radio-alpenglow.yml",
      path: "database.postgresql.cluster.porrt",
    });
    expect(readFileSync(file, "utf8").split("\n")[(finding?.where.line ?? 0) - 1]).toContain("porrt: 5433");
    broken.remove();
  });
});

describe("config set and impact", () => {
  it("changes one line, and tells whom it concerns", async () => {
    const copy = copyOfExample();
    const git = (...args: string[]): Promise<Ended> =>
      run("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd: copy.directory });
    await git("init", "-q");
    await git("add", "-A");
    await git("commit", "-qm", "x");
    const inCopy = (...args: string[]): Promise<Ended> => lotse(args, { cwd: copy.directory });
    const file = "environments/tiers/business.yml";
    const dry = await inCopy("config", "set", file, "plan.max_replicas", "9", "--dry-run", "-o", "json");
    expect(fitting("config-set", dry.stdout)).toMatchObject({ after: 9, written: false });
    expect((await git("status", "--porcelain")).stdout).toBe("");
    const done = await inCopy("config", "set", file, "plan.max_replicas", "9", "-o", "json");
    expect(fitting("config-set", done.stdout)).toMatchObject({ after: 9, written: true });
    expect((await git("diff", "--numstat")).stdout).toBe(`1\t1\t${file}\n`);
    for (const args of [
      ["config", "impact"],
      ["config", "impact", file],
      ["config", "impact", "--since", "HEAD"],
    ]) {
      const impacts: { environment: string; tenant: string; paths: string[] }[] = fitting(
        "config-impact",
        (await inCopy(...args, "-o", "json")).stdout,
      );
      expect(impacts.length).toBeGreaterThan(0);
      for (const impact of impacts) expect(impact.paths).toContain("plan.max_replicas");
    }
    copy.remove();
  });

  it("outside git tells what a file decides", async () => {
    const impacts: { tenant: string }[] = fitting(
      "config-impact",
      (await cli("config", "impact", "environments/tenants/radio-alpenglow.yml", "-o", "json")).stdout,
    );
    expect(new Set(impacts.map(({ tenant }) => tenant))).toEqual(new Set(["radio-alpenglow"]));
  });
});

describe("config types", () => {
  it("prints what it wrote, or the types themselves, as JSON and as YAML", async () => {
    const copy = copyOfExample();
    const at = { cwd: copy.directory };
    const bare = await lotse(["config", "types"], at);
    const printed = fitting("config-types", (await lotse(["config", "types", "-o", "json"], at)).stdout);
    expect(printed).toEqual({ schema: "schema/environment.schema.yml", file: null, types: bare.stdout });
    const written = await lotse(["config", "types", "--file", "t.d.ts", "-o", "yaml"], at);
    expect(written.stdout).toBe("schema: schema/environment.schema.yml\nfile: t.d.ts\n");
    expect(readFileSync(join(copy.directory, "t.d.ts"), "utf8")).toBe(bare.stdout);
    expect((await lotse(["config", "types", "-o", "env"], at)).status).toBe(2);
    copy.remove();
  });

  it("makes config.get typed: a wrong path or use does not compile", async () => {
    const copy = copyOfExample();
    await lotse(["config", "types", "--file", "environment.d.ts"], { cwd: copy.directory });
    const good =
      'import { getEnvironmentConfig } from "@lotse/core";\nexport const port: number = getEnvironmentConfig("prod").get("database.postgresql.cluster.port");\n';
    const bad =
      'import { getEnvironmentConfig } from "@lotse/core";\nexport const port: string = getEnvironmentConfig("prod").get("database.postgresql.cluster.port");\n';
    writeFileSync(
      join(copy.directory, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          skipLibCheck: true,
          module: "nodenext",
          target: "es2024",
          typeRoots: [],
          types: [],
          paths: { "@lotse/core": [join(root, "packages/core/dist/index.d.ts")] },
        },
        files: ["environment.d.ts", "use.ts"],
      }),
    );
    const compile = async (text: string): Promise<Ended> => {
      writeFileSync(join(copy.directory, "use.ts"), text);
      return await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "."], {
        cwd: copy.directory,
      });
    };
    const compiled = await compile(good);
    expect(compiled.stdout).not.toContain("use.ts");
    expect((await compile(bad)).stdout).toContain("use.ts(2,14): error TS2322");
    copy.remove();
  });
});
