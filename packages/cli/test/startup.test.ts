import { describe, expect, it } from "vitest";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyOfExample, root, run } from "./cli-runner.ts";

/** Prints what a process has loaded, when it ends. */
const spy = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({ load(url, context, next) { process.stderr.write("loaded " + url + "\\n"); return next(url, context); } });
`)}`;

/** What takes long to load, and only some commands need, by the names of modules in the bundle's files. */
const heavy: Readonly<Record<string, RegExp>> = {
  age: /^\/\/ .*node_modules\/(?:age-encryption|@noble)\//mu,
  pgp: /OpenPGP\.js v/u,
  secretlint: /^\/\/ .*node_modules\/@secretlint\//mu,
  jinja: /^\/\/ packages\/jinja\//mu,
  policy: /^\/\/ packages\/core\/dist\/policy\//mu,
  release: /^\/\/ packages\/core\/dist\/release\//mu,
  engine: /^\/\/ (?:packages\/engine\/|.*node_modules\/(?:@dbos-inc|pg)\/)/mu,
};

async function loadedBy(args: readonly string[]): Promise<readonly string[]> {
  const example = copyOfExample();
  try {
    const program = [join(root, "packages/cli/bin/lotse.js"), ...args];
    const ended = await run(process.execPath, ["--import", spy, ...program], { cwd: example.directory });
    const files = ended.stderr
      .split("\n")
      .flatMap((line) => (line.startsWith("loaded file:") ? [line.slice("loaded ".length)] : []));
    expect([ended.status, files.length < 40]).toEqual([0, true]);
    const texts = files.map((url) => readFileSync(fileURLToPath(url), "utf8"));
    return Object.keys(heavy).filter((name) => texts.some((text) => heavy[name]?.test(text)));
  } finally {
    example.remove();
  }
}

describe("a command starts without loading what it does not need", () => {
  it.each([
    [["--version"], []],
    [["config", "get", "prod", "logging.level"], []],
    [["-C", ".", "config", "validate", "prod"], []],
    [["audit", "log"], []],
    [
      ["release", "list"],
      ["jinja", "policy", "release"],
    ],
  ] as const)("%j", async (args, expected) => {
    expect(await loadedBy(args)).toEqual(expected);
  });

  it("what counts as heavy can be found", () => {
    const places = [join(root, "packages/cli/bundle"), join(root, "node_modules/openpgp/dist/node")];
    const texts = places.flatMap((place) =>
      readdirSync(place)
        .filter((file) => /\.m?js$/u.test(file))
        .map((file) => readFileSync(join(place, file), "utf8")),
    );
    expect(Object.values(heavy).filter((pattern) => !texts.some((text) => pattern.test(text)))).toEqual([]);
  });

  it.each([
    ["keeps compiled code where only its user writes", 0o755, true],
    ["keeps none where others could put theirs", 0o777, false],
  ])("%s", async (_, mode, expected) => {
    const home = mkdtempSync(join(tmpdir(), "lotse-home-"));
    try {
      mkdirSync(join(home, ".cache"));
      chmodSync(join(home, ".cache"), mode);
      const program = [join(root, "packages/cli/bin/lotse.js"), "--version"];
      expect(await run(process.execPath, program, { cwd: root, env: { HOME: home } })).toMatchObject({
        status: 0,
      });
      const compiled = statSync(join(home, ".cache/lotse/compiled"), { throwIfNoEntry: false });
      expect(compiled === undefined ? null : compiled.mode & 0o777).toBe(expected ? 0o700 : null);
      expect(readdirSync(join(home, ".cache"), { recursive: true }).length > 2).toBe(expected);
      expect(await run(process.execPath, program, { cwd: root, env: { HOME: "/dev/null" } })).toMatchObject({
        status: 0,
        stderr: "",
      });
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  it("help and mistakes know all commands", async () => {
    const help = await run(process.execPath, [join(root, "packages/cli/bin/lotse.js"), "--help"], {
      cwd: root,
    });
    for (const word of ["init", "config", "rollback", "secrets", "waivers", "vulnerability", "completion"]) {
      expect(help.stdout).toContain(`\n  ${word}`);
    }
    const mistake = await run(process.execPath, [join(root, "packages/cli/bin/lotse.js"), "secrts"], {
      cwd: root,
    });
    expect([mistake.status, mistake.stderr]).toEqual([2, expect.stringContaining("secrets")]);
  });
});
