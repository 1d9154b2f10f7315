// Releases to real hosts beside a plain restart and Capistrano, and what the engine costs: `npm run bench:release`.
// As root, as the test bed of hosts is. `-- --engine`, `-- --hosts` or, of the
// latter, `-- --moves` measures one part, `-- --quick` little.
import { withCleanup } from "../../scripts/demo-hosts/cleanup.ts";
import { machine } from "../secrets/machine.ts";
import { engine } from "./engine.ts";
import { hosts } from "./hosts.ts";
import type { HostsLoad } from "./stage.ts";

const quick = process.argv.includes("--quick");
const only = ["--engine", "--hosts", "--moves"].find((each) => process.argv.includes(each));
const settings: HostsLoad = quick
  ? { requests: 2000, ratePerSecond: 50, longMs: 5000, longPerSecond: 1, repeats: 1 }
  : { requests: 100_000, ratePerSecond: 300, longMs: 20_000, longPerSecond: 2, repeats: 3 };

console.log(machine());
process.exitCode = await withCleanup(async (cleanup) => {
  if (only === undefined || only === "--engine") await engine(quick);
  if (only === "--engine") return 0;
  const failed = await hosts(settings, cleanup, only === "--moves");
  if (failed === 0) return 0;
  console.error(`\nfailed: ${failed} requests failed while Lotse deployed`);
  return 1;
});
