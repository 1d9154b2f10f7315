// Prunes the releases of the workspace `argv[2]` down to `argv[3]`, and dies at the removal number `argv[4]`: a
// removal with an even number is done before, one with an odd number is not. Without a number it lives.
import { syncBuiltinESMExports } from "node:module";
import promises from "node:fs/promises";

const [, , directory = "", keep = "1", at] = process.argv;
const { rm } = promises;
let count = 0;
promises.rm = async (path, options) => {
  // The lock's own file is no removal of a release.
  const counts = !String(path).includes("/locks/");
  const isLast = counts && at !== undefined && count === Math.floor(Number(at) / 2);
  if (isLast && Number(at) % 2 === 1) process.kill(process.pid, "SIGKILL");
  await rm(path, options);
  if (isLast) process.kill(process.pid, "SIGKILL");
  if (counts) count += 1;
};
syncBuiltinESMExports();
const { openReleases } = await import("../store.ts");
const { systemClock } = await import("../../kernel/index.ts");
await openReleases(directory, systemClock).prune(Number(keep), () => Promise.resolve(new Set()));
process.stdout.write(`${count}\n`);
