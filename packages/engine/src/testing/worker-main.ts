/**
 * A worker for tests, in a process of its own. Settings come as JSON in `LOTSE_TEST_WORKER`; it prints `ready`.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Sensitive } from "@lotse/core/kernel";
import { z } from "zod";
import { openEngine } from "../engine/open-engine.ts";
import { auditLogOf } from "./audit-log.ts";
import { FileDriver } from "./file-driver.ts";

const settingsSchema = z.strictObject({
  url: z.string(),
  world: z.string(),
  /** Where it dies by SIGKILL, as `point key`; whatever worker gets there first, and only once. */
  faults: z.array(z.string()).optional(),
  delayMs: z.number().optional(),
});

const settings = settingsSchema.parse(JSON.parse(process.env["LOTSE_TEST_WORKER"] ?? "{}"));

async function at(point: string, key: string): Promise<void> {
  const fault = `${point} ${key}`;
  if (settings.faults?.includes(fault) !== true || !diesNow(fault)) return;
  process.kill(process.pid, "SIGKILL");
  await new Promise(() => undefined);
}

function diesNow(fault: string): boolean {
  try {
    writeFileSync(join(settings.world, `died ${fault.replaceAll("/", "_")}`), "", { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

const engine = await openEngine({
  url: new Sensitive(settings.url),
  driver: new FileDriver(settings.world, {
    ...(settings.delayMs === undefined ? {} : { delayMs: settings.delayMs }),
    onEffect: at,
  }),
  audit: (store) => auditLogOf(settings.world, store),
  onPoint: at,
});
process.on("SIGTERM", () => {
  void engine.close().then(() => process.exit(0));
});
process.stdout.write(`ready ${engine.executor ?? ""}\n`);
