import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Contender } from "./contender.ts";
import { syncing } from "./syncing.ts";

/** A line of JSON an entry: nothing shows when it is changed. */
export const jsonLines: Contender = {
  open: async (directory, sync) => {
    const file = await open(join(directory, "log.jsonl"), "a", 0o600);
    const written = syncing(file, sync);
    let index = 0;
    return {
      append: async (event) => {
        const entry = { index: index++, time: new Date().toISOString(), ...event };
        await file.write(`${JSON.stringify(entry)}\n`);
        await written();
      },
      close: () => file.close(),
    };
  },
  verify: async (directory) => {
    let count = 0;
    for await (const line of createInterface({ input: createReadStream(join(directory, "log.jsonl")) })) {
      if (typeof (JSON.parse(line) as { action: unknown }).action !== "string") throw new Error("no entry");
      count += 1;
    }
    return count;
  },
};
