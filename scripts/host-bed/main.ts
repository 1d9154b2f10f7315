// Starts three hosts and keeps them until Ctrl-C, to try things by hand:
// node scripts/run.mjs scripts/host-bed/main.ts
import { startHostBed } from "./index.ts";

const bed = await startHostBed({ hosts: 3 });
for (const { name, address } of bed.hosts) console.log(`${name}  ${address}`);
console.log(`ssh -F ${bed.sshConfigFile} web-1\nCtrl-C removes them`);
const kept = setInterval(() => undefined, 60_000);
process.once("SIGINT", () => {
  clearInterval(kept);
  void bed.stop();
});
