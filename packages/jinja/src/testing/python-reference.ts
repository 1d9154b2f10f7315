import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Case } from "./cases.ts";

/** What Python's Jinja2 made of a case. */
export interface PythonOutcome {
  readonly out?: string;
  readonly error?: string;
  readonly message?: string;
}

const python = "/usr/bin/python3";
const install = "apt-get install -y --no-install-recommends python3-jinja2";

/** One Python process that renders cases for as long as the tests run. */
export class PythonReference {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting: ((line: string) => void)[] = [];

  /** @throws Error with the command to run when Python's Jinja2 is not installed */
  constructor() {
    const check = spawnSync(python, ["-c", "import jinja2"]);
    if (check.status !== 0) {
      throw new Error(`the differential test needs Python's Jinja2; run: ${install}`);
    }
    const script = fileURLToPath(new URL("../../test-data/reference.py", import.meta.url));
    this.#process = spawn(python, [script]);
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      this.#waiting.shift()?.(line);
    });
  }

  /** Renders all cases, in order. */
  async render(cases: readonly Case[]): Promise<readonly PythonOutcome[]> {
    const answers = cases.map(() => new Promise<string>((resolve) => void this.#waiting.push(resolve)));
    this.#process.stdin.write(cases.map((item) => `${JSON.stringify(item)}\n`).join(""));
    return (await Promise.all(answers)).map((line) => JSON.parse(line) as PythonOutcome);
  }

  close(): void {
    this.#process.stdin.end();
  }
}
