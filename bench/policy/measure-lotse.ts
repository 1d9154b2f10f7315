// Measures Lotse's policy in a process of its own: node measure-lotse.ts DIRECTORY
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PolicySession, VerdictMemo, type PolicyRun } from "../../packages/core/src/policy/index.ts";
import { countOf, median, peakMegabytes, timed, type LotseFigures } from "./measured.ts";
import { tenantName, tenantText } from "./workload.ts";
import { openWorkload } from "./workspace.ts";

const [directory = ""] = process.argv.slice(2);
const { engine, rules, scopes, snapshotOf, resolveMs } = await openWorkload(directory);
const memos: VerdictMemo[] = [];
const session = new PolicySession({
  engine,
  rules,
  judge: (today, why) => {
    const memo = new VerdictMemo(today, why);
    memos.push(memo);
    return memo;
  },
});
const at = new Date();
let run: PolicyRun | undefined;
const { wallMs, cpuMs } = timed(() => {
  run = session.run({ at }, snapshotOf);
});
const peak = peakMegabytes();
const results = run?.results ?? [];
let written = 0;
const { wallMs: writeMs } = timed(() => {
  for (const result of results) written += JSON.stringify(result).length;
});
if (written === 0) throw new Error("nothing was written");

/** Changes a file, and judges again. */
function recheck(file: string, text: string): number {
  writeFileSync(join(directory, file), text);
  return timed(() => void session.recheck([file], at)).wallMs;
}

const tenant = `environments/tenants/${tenantName(3)}.yml`;
const tenantTimes = Array.from({ length: 15 }, (_, round) => recheck(tenant, tenantText(3, round + 1)));
const production = "environments/prod/prod.yml";
const original = readFileSync(join(directory, production), "utf8");
const environmentTimes = [1, 2, 3].map((round) =>
  recheck(production, `${original}\nlogging: { retention_days: ${365 + round} }\n`),
);
writeFileSync(join(directory, production), original);

const figures: LotseFigures = {
  name: "Lotse",
  wallMs,
  cpuMs,
  peakMegabytes: peak,
  verdicts: results.length,
  statuses: countOf(results.map(({ status }) => status)),
  scopes: scopes.length,
  resolveMs,
  writeMs,
  rulesRun: memos[0]?.judged ?? 0,
  tenantMs: median(tenantTimes),
  environmentMs: median(environmentTimes),
};
process.stdout.write(JSON.stringify(figures));
