import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Contender } from "./contender.ts";
import { syncing } from "./syncing.ts";

function link(previous: string, content: string): string {
  return createHash("sha256").update(previous).update(content).digest("hex");
}

/** Each entry holds the hash of the one before: a change shows, unless everything after it is made anew. */
export const hashChain: Contender = {
  open: async (directory, sync) => {
    const file = await open(join(directory, "log.jsonl"), "a", 0o600);
    const written = syncing(file, sync);
    let index = 0;
    let previous = "";
    // The order on the disk must be that of the chain.
    let writing: Promise<unknown> = Promise.resolve();
    return {
      append: async (event) => {
        const content = JSON.stringify({ index: index++, time: new Date().toISOString(), ...event });
        previous = link(previous, content);
        const line = `${previous} ${content}\n`;
        await (writing = writing.then(() => file.write(line)));
        await written();
      },
      close: () => file.close(),
    };
  },
  verify: async (directory) => {
    let count = 0;
    let previous = "";
    for await (const line of createInterface({ input: createReadStream(join(directory, "log.jsonl")) })) {
      const content = line.slice(65);
      const { index } = JSON.parse(content) as { index: number };
      previous = link(previous, content);
      if (index !== count || line.slice(0, 64) !== previous) throw new Error(`entry ${count} was changed`);
      count += 1;
    }
    return count;
  },
};
