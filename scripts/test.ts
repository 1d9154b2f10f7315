// Everything that has to be right: `npm test`. Installs the Debian packages that tests need, checks the
// house rules, and runs all tests. Ends with a line such as `212 passed, 0 failed`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runChecks } from "./check.ts";
import { provideDebianPackages } from "./debian.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** @param stage - more of the environment, by which the configuration chooses what to run */
function runVitest(stage: Readonly<Record<string, string>> = {}): Counts {
  const directory = mkdtempSync(join(tmpdir(), "lotse-tests-"));
  const file = join(directory, "report.json");
  const result = spawnSync(
    join(root, "node_modules/.bin/vitest"),
    ["run", "--reporter=dot", "--reporter=json", `--outputFile=${file}`],
    {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, ...stage },
    },
  );
  try {
    const report = JSON.parse(readFileSync(file, "utf8")) as VitestReport;
    const broken = report.testResults.filter(
      ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
    );
    const failed = report.numFailedTests + broken.length;
    return { passed: report.numPassedTests, failed: failed === 0 && result.status !== 0 ? 1 : failed };
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The example's own tests, which use Node's runner so that the app has no dependencies. */
function runExample(): Counts {
  const app = join(root, "examples/spotify-ai-agent/app");
  const result = spawnSync(process.execPath, ["--test", "--test-reporter=tap"], {
    cwd: app,
    encoding: "utf8",
  });
  const count = (name: string): number =>
    Number(new RegExp(`^# ${name} (\\d+)$`, "mu").exec(result.stdout)?.[1] ?? 0);
  const failed = count("fail");
  if (failed > 0 || result.status !== 0) console.error(result.stdout, result.stderr);
  return { passed: count("pass"), failed: failed === 0 && result.status !== 0 ? 1 : failed };
}

function main(): number {
  if (!provideDebianPackages()) return 6;
  const broken = runChecks();
  for (const name of broken) console.error(`failed: ${name}`);
  // The engine's tests kill processes and databases: by themselves, so that nothing else is held up.
  const stages = [runVitest(), runVitest({ LOTSE_ENGINE: "1" }), runExample()];
  const passed = stages.reduce((sum, stage) => sum + stage.passed, 0);
  const failed = stages.reduce((sum, stage) => sum + stage.failed, broken.length);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

process.exitCode = main();
