// The rules of the house, checked by machine: `npm run check`. Ends with 1 when one is broken.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findUndocumented } from "./docstrings.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name: string): string => join(root, "node_modules/.bin", name);

interface Check {
  readonly name: string;
  readonly run: () => boolean;
}

function command(name: string, args: readonly string[]): Check {
  return {
    name: `${name} ${args.join(" ")}`,
    run: () => spawnSync(bin(name), [...args], { cwd: root, stdio: "inherit" }).status === 0,
  };
}

const checks: readonly Check[] = [
  command("tsc", ["-p", "tsconfig.json", "--noEmit"]),
  command("oxlint", ["packages", "scripts", "bench", "--quiet"]),
  command("oxfmt", ["--check", "packages", "scripts", "bench", "vitest.config.ts"]),
  command("depcruise", ["packages", "--config", ".dependency-cruiser.cjs", "--no-progress"]),
  command("knip", ["--no-progress"]),
  {
    name: "docstrings on every export",
    run: () => {
      const missing = findUndocumented(root);
      for (const { file, line, name } of missing) console.error(`${file}:${line} ${name} has no docstring`);
      return missing.length === 0;
    },
  },
  {
    name: "schemas/ in step with the code",
    run: () =>
      spawnSync(process.execPath, [join(root, "scripts/write-schemas.ts"), "--check"], {
        cwd: root,
        stdio: "inherit",
      }).status === 0,
  },
];

/** Runs all checks. @returns the names of those that failed */
export function runChecks(): readonly string[] {
  return checks
    .filter(({ name, run }) => {
      console.log(`check: ${name}`);
      return !run();
    })
    .map(({ name }) => name);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const failed = runChecks();
  for (const name of failed) console.error(`failed: ${name}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}
