// Everything that has to be right: `npm test`. Installs the Debian packages that tests need, checks the
// house rules, and runs all tests. Ends with a line such as `212 passed, 0 failed`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runChecks } from "./check.ts";
import { provideDebianPackages } from "./debian.ts";
import { bedTrouble } from "./host-bed/index.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** What this machine cannot run, told at the end. */
const notRun: string[] = [];

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** What a stage runs. */
interface Stage {
  /** More of the environment, by which the configuration chooses what to run. */
  readonly env?: Readonly<Record<string, string>>;
  /** @defaultValue that of the root */
  readonly config?: string;
}

function runVitest({ env = {}, config = "vitest.config.ts" }: Stage = {}): Counts {
  const directory = mkdtempSync(join(tmpdir(), "lotse-tests-"));
  const file = join(directory, "report.json");
  const result = spawnSync(
    join(root, "node_modules/.bin/vitest"),
    ["run", `--config=${config}`, "--reporter=dot", "--reporter=json", `--outputFile=${file}`],
    {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, ...env },
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

/** On real hosts, where this machine can have them. */
async function runHosts(): Promise<Counts> {
  const trouble = await bedTrouble();
  if (trouble === null) return runVitest({ config: "scripts/host-bed/vitest.config.ts" });
  notRun.push(`tests on real hosts: ${trouble}`);
  return { passed: 0, failed: 0 };
}

async function main(): Promise<number> {
  if (!provideDebianPackages()) return 6;
  const broken = runChecks();
  for (const name of broken) console.error(`failed: ${name}`);
  // The engine's tests kill processes and databases, and hosts take much of the machine: each by itself.
  const stages = [runVitest(), runVitest({ env: { LOTSE_ENGINE: "1" } }), await runHosts(), runExample()];
  const passed = stages.reduce((sum, stage) => sum + stage.passed, 0);
  const failed = stages.reduce((sum, stage) => sum + stage.failed, broken.length);
  for (const each of notRun) console.log(`not run: ${each}`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

process.exitCode = await main();
