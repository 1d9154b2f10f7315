import { describe, expect, it } from "vitest";
import { join } from "node:path";
import { copyOfExample, root, run } from "./cli-runner.ts";

/** Prints what a process has loaded, when it ends. */
const spy = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({ load(url, context, next) { process.stderr.write("loaded " + url + "\\n"); return next(url, context); } });
`)}`;

/** What takes long to load, and only some commands need. */
const heavy: Readonly<Record<string, RegExp>> = {
  age: /\/node_modules\/(?:age-encryption|@noble)\//u,
  pgp: /\/node_modules\/openpgp\//u,
  secretlint: /\/node_modules\/@secretlint\//u,
  jinja: /\/packages\/jinja\//u,
  policy: /\/core\/dist\/policy\//u,
  release: /\/core\/dist\/release\//u,
  engine: /\/packages\/engine\/|\/node_modules\/(?:@dbos-inc|pg)\//u,
};

async function loadedBy(args: readonly string[]): Promise<readonly string[]> {
  const example = copyOfExample();
  try {
    const program = [join(root, "packages/cli/bin/lotse.js"), ...args];
    const ended = await run(process.execPath, ["--import", spy, ...program], { cwd: example.directory });
    const urls = ended.stderr.split("\n").filter((line) => line.startsWith("loaded "));
    expect([ended.status, urls.length > 100]).toEqual([0, true]);
    return Object.keys(heavy).filter((name) => urls.some((url) => heavy[name]?.test(url)));
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
    expect((await loadedBy(args)).filter((name) => !(expected as readonly string[]).includes(name))).toEqual(
      [],
    );
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
