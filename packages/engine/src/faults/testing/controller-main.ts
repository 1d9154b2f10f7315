/**
 * A controller of the fault suite, in a process of its own. Settings come as JSON in `LOTSE_TEST_WORKER`; it prints
 * `ready`. SIGTERM hands on what it is at; SIGINT aborts it, as the first Ctrl-C of `lotse deploy` does.
 */
import { Sensitive } from "@lotse/core/kernel";
import { z } from "zod";
import { openEngine } from "../../engine/open-engine.ts";
import { auditLogOf } from "../../testing/audit-log.ts";
import { effectDriver } from "./effect-driver.ts";
import { Striker } from "./striker.ts";

const settings = z
  .strictObject({ url: z.string(), world: z.string() })
  .parse(JSON.parse(process.env["LOTSE_TEST_WORKER"] ?? "{}"));
const striker = new Striker(settings.world);
const at = (point: string, key: string): Promise<void> => striker.at(point, key);
const engine = await openEngine({
  url: new Sensitive(settings.url),
  driver: (database) => effectDriver(database, settings.world, at),
  audit: (store) => auditLogOf(settings.world, store),
  onPoint: at,
});
process.on("SIGTERM", () => {
  void engine.close().then(() => process.exit(0));
});
process.on("SIGINT", () => {
  void abortAll();
});
process.stdout.write(`ready ${engine.executor ?? ""}\n`);

async function abortAll(): Promise<void> {
  const actor = { kind: "user", id: "alice" } as const;
  for (const { id } of await engine.rollouts.open()) await engine.rollouts.abort(id, actor);
}
