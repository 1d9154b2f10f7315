/** Counts up in two files for ever, always both at once: `journal-child.ts DIRECTORY`. It is there to be killed. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../../kernel/index.ts";
import { Journal } from "../journal.ts";

const directory = process.argv[2] ?? "";
const journal = new Journal(join(directory, "state"), directory, systemClock);
const first = join(directory, "a");
for (;;) {
  await journal.exclusively("child", async () => {
    const next = Buffer.from(String(Number(await readFile(first, "utf8")) + 1));
    await journal.replace([
      { path: first, content: next },
      { path: join(directory, "b"), content: next },
    ]);
  });
  process.stdout.write(".");
}
