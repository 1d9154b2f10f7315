/**
 * A worker for tests, in a process of its own. Settings come as JSON in `LOTSE_TEST_WORKER`; it prints `ready`.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { FileDriver } from "./file-driver.ts";
import { runWorker } from "./run-worker.ts";

const settingsSchema = z.strictObject({
  url: z.string(),
  world: z.string(),
  /** Where it dies by SIGKILL, as `point key`; whichever worker gets there first, and only once. */
  faults: z.array(z.string()).optional(),
  delayMs: z.number().optional(),
});

const settings = settingsSchema.parse(JSON.parse(process.env["LOTSE_TEST_WORKER"] ?? "{}"));

/** How long nobody else may come before those who wait at their places die together. */
const quietMs = 300;
const held: string[] = [];
let dying: NodeJS.Timeout | undefined;

/**
 * Where a fault is due, it waits for others to come to theirs, and then all of them die at once: each at its
 * very place, with one death of the process.
 */
async function at(point: string, key: string): Promise<void> {
  const fault = `${point} ${key}`;
  if (settings.faults?.includes(fault) !== true || existsSync(markerOf(fault))) return;
  held.push(fault);
  clearTimeout(dying);
  dying = setTimeout(die, quietMs);
  await new Promise(() => undefined);
}

function die(): void {
  for (const fault of held) writeFileSync(markerOf(fault), "");
  writeFileSync(join(settings.world, `death ${process.pid}`), "");
  process.kill(process.pid, "SIGKILL");
}

function markerOf(fault: string): string {
  return join(settings.world, `died ${fault.replaceAll("/", "_")}`);
}

await runWorker({
  ...settings,
  driver: new FileDriver(settings.world, {
    ...(settings.delayMs === undefined ? {} : { delayMs: settings.delayMs }),
    onEffect: at,
  }),
  at,
});
