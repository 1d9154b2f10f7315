import { cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { createColors } from "picocolors";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { processContext } from "../src/context.ts";
import type { main as Main } from "../src/main.ts";
import { copyOfExample, lotse, root, type Ended } from "./cli-runner.ts";
import { asPrinted, exampleQueue, transcript, type Example } from "./docs-runner.ts";

vi.setConfig({ testTimeout: 120_000 });

const built = new URL("../dist/main.js", import.meta.url).href;
const { main } = (await import(built)) as { readonly main: typeof Main };
const context = processContext();

const scope = "prod:nordlicht-records";
let copy: ReturnType<typeof copyOfExample>;
beforeAll(() => {
  copy = copyOfExample();
});
afterAll(() => copy.remove());

const at = (path: string): string => join(copy.directory, path);
const read = (path: string): string => readFileSync(at(path), "utf8");
function put(path: string, text: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
}
/** Renders in a process of its own, as a user would. */
const renderApart = (...args: readonly string[]): Promise<Ended> =>
  lotse(["template", "render", ...args], { cwd: copy.directory });
/** Renders with the built command in this process, since starting one takes longer than rendering. */
async function render(...args: readonly string[]): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  const status = await main(["template", "render", ...args], {
    ...context,
    cwd: copy.directory,
    variables: { HOME: copy.directory, USER: "tester" },
    out: (text) => void (stdout += text),
    reveal: (text) => void (stdout += text),
    err: (text) => void (stderr += text),
    live: false,
    stdoutColours: createColors(false),
    stderrColours: createColors(false),
    sessions: new Map(),
  });
  return { status, stdout, stderr };
}

describe("the templates of the example", () => {
  it.each([
    ["nginx/site.conf", "    server_name nordlicht-records.agent.example.com;"],
    ["systemd/agent.service", "Description=spotify-ai-agent of Nordlicht Records"],
    ["kubernetes/configmap.yaml", "  name: spotify-ai-agent-nordlicht-records"],
  ])("%s renders, twice alike, without a warning", async (name, line) => {
    const args = [`templates/${name}.j2`, scope, "--root", "templates"];
    const [first, second] = [await renderApart(...args), await render(...args)];
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout.split("\n")).toContain(line);
    expect(second.stdout).toBe(first.stdout);
  });

  it("fit every tenant and environment that the example has", async () => {
    const filter = (path: string): boolean => !path.endsWith(".secret.j2");
    cpSync(at("templates"), at("plain"), { recursive: true, filter });
    for (const each of ["dev:silent-disco-lab", "staging:klangwerk-streaming", "prod:lakemere-hospital"]) {
      const ended = await render("plain", each, "-o", `out/${each}`);
      expect(ended).toMatchObject({ status: 0 });
      expect(ended.stderr).toContain("wrote 3 of 3 files");
    }
  });

  it("keep secrets as references", async () => {
    const { stdout } = await render("templates/kubernetes/configmap.yaml.j2", scope, "--root", "templates");
    expect(stdout).toContain('SPOTIFY_API_KEY: "${secret:spotify#api_key}"');
  });
});

describe("to standard output", () => {
  it("--set, --override and --tenant reach the template", async () => {
    put("t/a.j2", "{{ tenant.id }} {{ logging.level }} {{ lotse.environment }}\n");
    const ended = await render(
      "t/a.j2",
      "staging",
      "-t",
      "klangwerk-streaming",
      "--set",
      "logging.level=warn",
    );
    expect(ended).toEqual({ status: 0, stdout: "klangwerk-streaming warn staging\n", stderr: "" });
  });

  it("several templates need a directory, or JSON", async () => {
    put("many/a.j2", "a");
    put("many/b.j2", "b");
    expect(await render("many", scope)).toMatchObject({ status: 2, stdout: "" });
    const ended = await render("many", scope, "--format", "json");
    expect(JSON.parse(ended.stdout)).toMatchObject({ files: [{ text: "a" }, { text: "b" }] });
  });

  it("a secret file is never printed, in no form", async () => {
    put("secret/app.env.secret.j2", "A={{ logging.level }}\n");
    put("secret/plain.j2", "A={{ logging.level }}\n");
    for (const args of [
      ["secret/app.env.secret.j2", scope],
      ["secret/app.env.secret.j2", scope, "--format", "json"],
      ["secret/plain.j2", scope, "--secret-file"],
    ]) {
      const ended = await render(...args);
      expect(ended).toMatchObject({ status: 2, stdout: "" });
      expect(ended.stderr).toContain("never printed");
    }
  });

  it("values that change the structure of YAML are warned about on standard error", async () => {
    put("t/a.yml.j2", "version: {{ schema_version }}\nname: {{ tenant.name }}: x\n");
    const ended = await render(
      "t/a.yml.j2",
      scope,
      "--set",
      'schema_version="1.0.0"',
      "--set",
      'tenant.name="a: b"',
    );
    expect(ended.status).toBe(0);
    expect(ended.stderr).toMatch(/^t\/a\.yml\.j2:2:\d+ warning .*\[template\.yaml\]/mu);
  });
});

describe("to a directory", () => {
  it("prints a diff, writes, and then has nothing to do", async () => {
    put("w/listen.conf.j2", "# {{ lotse.tenant }}\nport {{ application.api.port }};\n");
    const first = await render("w", scope, "-o", "out/w");
    expect(first).toEqual({
      status: 0,
      stdout: "--- /dev/null\n+++ listen.conf\n@@ -0,0 +1,2 @@\n+# nordlicht-records\n+port 8000;\n",
      stderr: "out/w: wrote 1 of 1 file\n",
    });
    const before = statSync(at("out/w/listen.conf"), { bigint: true });
    expect(await render("w", scope, "-o", "out/w")).toEqual({
      status: 0,
      stdout: "",
      stderr: "out/w: nothing changes\n",
    });
    const after = statSync(at("out/w/listen.conf"), { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
    const changed = await render("w", scope, "-o", "out/w", "--set", "application.api.port=8001");
    expect(changed.stdout).toBe(
      "--- listen.conf\n+++ listen.conf\n@@ -1,2 +1,2 @@\n # nordlicht-records\n-port 8000;\n+port 8001;\n",
    );
    expect(read("out/w/listen.conf")).toContain("8001");
  });

  it("--dry-run and --check write nothing; --check says by its status whether something differs", async () => {
    put("c/a.j2", "a\n");
    expect(await render("c", scope, "-o", "out/c", "--dry-run")).toMatchObject({ status: 0 });
    const differs = await render("c", scope, "-o", "out/c", "--check");
    expect(differs).toMatchObject({ status: 1, stderr: "out/c: 1 of 1 file would change\n" });
    expect(differs.stdout).toContain("+a\n");
    expect(existsSync(at("out/c"))).toBe(false);
    await render("c", scope, "-o", "out/c");
    expect(await render("c", scope, "-o", "out/c", "--check")).toMatchObject({ status: 0, stdout: "" });
  });

  it("a secret file is 0600 and its diff shows no value", async () => {
    put("s/app.env.secret.j2", "LEVEL={{ logging.level }}\n");
    const ended = await render("s", scope, "-o", "out/s");
    expect(ended.stdout).toBe(
      "--- /dev/null\n+++ app.env\n@@ -0,0 +1 @@\n+[hidden] (s/app.env.secret.j2:1, logging.level)\n",
    );
    expect(read("out/s/app.env")).toBe("LEVEL=info\n");
    expect(statSync(at("out/s/app.env")).mode & 0o777).toBe(0o600);
  });

  it("does not write through a link out of the directory", async () => {
    put("l/dir/a.j2", "a\n");
    mkdirSync(at("out/l"), { recursive: true });
    mkdirSync(at("elsewhere"));
    symlinkSync("../../elsewhere", at("out/l/dir"));
    const ended = await render("l", scope, "-o", "out/l");
    expect(ended).toMatchObject({ status: 3, stdout: "" });
    expect(ended.stderr).toContain("[file.outside]");
    expect(existsSync(at("elsewhere/a"))).toBe(false);
  });
});

describe("where lines come from", () => {
  it("--explain tells the template's line and the layer's", async () => {
    put("e/a.conf.j2", "first\nlevel {{ logging.level }};\n");
    const ended = await render("e/a.conf.j2", scope, "--explain", "2");
    const [, row] = ended.stdout.split("\n");
    expect(row).toMatch(/^2 +e\/a\.conf\.j2:2 +logging\.level +\S+ +environments\/\S+\.yml:\d+:\d+$/u);
    const place = /environments\/\S+/u.exec(row ?? "")?.[0];
    const explained = await lotse(["config", "explain", scope, "logging.level"], { cwd: copy.directory });
    expect(explained.stdout).toContain(place);
    expect(await render("e/a.conf.j2", scope, "--explain", "9")).toMatchObject({ status: 2 });
  });

  it("--map as JSON fits the schema", async () => {
    const ended = await render(
      "templates/systemd/agent.service.j2",
      scope,
      "--root",
      "templates",
      "--map",
      "--format",
      "json",
    );
    const value = JSON.parse(ended.stdout) as {
      files: [{ map: { line: number; values: { path: string }[] }[] }];
    };
    const schema = JSON.parse(readFileSync(join(root, "schemas/template-render.json"), "utf8")) as object;
    const validate = new Ajv2020({ strict: false }).compile(schema);
    expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
    const line = value.files[0].map.find(({ values }) => values.length > 1);
    expect(line?.values.map(({ path }) => path)).toEqual(["application.name", "tenant.name"]);
  });
});

describe("errors", () => {
  it("show the line of the template, the includes, and the nearest name", async () => {
    put("x/main.conf.j2", "a\n{% include 'part.j2' %}\n");
    put("x/part.j2", "port {{ application.api.prt }};\n");
    const ended = await render("x/main.conf.j2", scope);
    expect(ended).toMatchObject({ status: 3, stdout: "" });
    expect(ended.stderr.split("\n")).toEqual([
      "lotse: error 'dict object' has no attribute 'prt' [template.error]",
      "    at x/part.j2:1:24",
      `    hint: did you mean port? lotse config get ${scope} application.api prints what there is`,
      "    1 | port {{ application.api.prt }};",
      "                               ^",
      "    in include part.j2 from x/main.conf.j2:2:4",
      "",
    ]);
  });

  it.each([
    ["a template that is not there", ["nowhere.j2", scope], 4, "template.not-found"],
    ["an environment that is not there", ["x/part.j2", "nowhere"], 4, "config.unknown-environment"],
    ["--check without a directory", ["x/part.j2", scope, "--check"], 2, "usage.argument"],
    ["--map with one", ["x/part.j2", scope, "-o", "out", "--map"], 2, "usage.argument"],
    ["a line that is no number", ["x/part.j2", scope, "--explain", "x"], 2, "usage.argument"],
  ] as const)("%s ends with a status and a code", async (_, args, status, code) => {
    const ended = await render(...args);
    expect(ended.status).toBe(status);
    expect(ended.stderr).toContain(`[${code}]`);
  });

  it("are JSON with --format json", async () => {
    put("x/part.j2", "port {{ application.api.prt }};\n");
    const ended = await renderApart("x/part.j2", scope, "--format", "json");
    expect(ended.status).toBe(3);
    expect(JSON.parse(ended.stderr)).toMatchObject({
      error: { code: "template.error", where: { file: "x/part.j2", line: 1 } },
    });
  });

  it("a secret file whose secrets cannot be opened is not written", async () => {
    const ended = await render("templates/app.env.secret.j2", scope, "-o", "out/none");
    expect(ended.status).not.toBe(0);
    expect(ended.stdout).toBe("");
    expect(ended.stderr).toMatch(/\[secret\.[a-z-]+\]/u);
    expect(existsSync(at("out/none"))).toBe(false);
  });

  it("a hostile template ends with an error", async () => {
    put("h/a.j2", "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}");
    put("h/b.j2", "{{ ''.__class__.__mro__ }}");
    put("h/c.j2", "{% include '../../lotse.yml' %}");
    for (const name of ["a", "b", "c"]) {
      expect(await render(`h/${name}.j2`, scope)).toMatchObject({ status: 3, stdout: "" });
    }
  });
});

describe("docs/templates.md, Use in Lotse", () => {
  const inTurn = exampleQueue();
  it.each(useExamples().map((example) => [example.name, example] as const))("%s", async (_, example) => {
    const done = await inTurn(example);
    const wrong = done.filter((each) => !asPrinted(each));
    expect(wrong.map(transcript)).toEqual([]);
  });
});

/** The examples of the section; those above it belong to the language, and its own package runs them. */
function useExamples(): readonly Example[] {
  const page = readFileSync(join(root, "docs/templates.md"), "utf8");
  const section = page.slice(page.indexOf("\n## Use in Lotse\n"));
  return section
    .split(/^#{2,} /mu)
    .map((text) => ({
      name: text.slice(0, text.indexOf("\n")),
      document: "templates.md",
      steps: stepsOf(text),
    }))
    .filter(({ steps }) => steps.some(({ kind }) => kind === "command"));
}

function stepsOf(text: string): Example["steps"] {
  const fences = text.matchAll(/^```(\w+)(?: title="([^"]+)")?\n([^]*?)^```$/gmu);
  return [...fences].flatMap(([, language, path, body = ""]): Example["steps"] => {
    if (path !== undefined) return [{ kind: "file", path, text: body }];
    return language === "console" ? commandsOf(body) : [];
  });
}

function commandsOf(body: string): Example["steps"] {
  return body
    .split(/^\$ /mu)
    .slice(1)
    .map((each) => {
      const [first = "", ...printed] = each.replace(/\n$/u, "").split("\n");
      const [, command = "", status] = /^(.*?)(?: {2}# exits with (\d+))?$/u.exec(first) ?? [];
      return {
        kind: "command",
        command,
        status: Number(status ?? 0),
        printed: printed.join("\n"),
        lines: [0, 0],
      };
    });
}
