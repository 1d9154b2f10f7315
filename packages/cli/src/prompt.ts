import { Writable } from "node:stream";
import { createInterface } from "node:readline/promises";

/** Asks at the terminal and shows nothing of what is typed. Ctrl-C ends the program, as everywhere. */
export async function askHidden(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(question);
  try {
    lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
    return await lines.question("");
  } finally {
    process.stderr.write("\n");
    lines.close();
  }
}
