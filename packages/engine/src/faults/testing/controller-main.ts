/**
 * A controller of the fault suite, in a process of its own. Settings come as JSON in `LOTSE_TEST_WORKER`; for its
 * signals see `runWorker`.
 */
import { z } from "zod";
import { runWorker } from "../../testing/run-worker.ts";
import { effectDriver } from "./effect-driver.ts";
import { Striker } from "./striker.ts";

const settings = z
  .strictObject({ url: z.string(), world: z.string() })
  .parse(JSON.parse(process.env["LOTSE_TEST_WORKER"] ?? "{}"));
const striker = new Striker(settings.world);
const at = (point: string, key: string): Promise<void> => striker.at(point, key);
await runWorker({ ...settings, driver: (database) => effectDriver(database, settings.world, at), at });
