import { EventEmitter, once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Sensitive } from "../../../kernel/index.ts";
import { runWithVariables, type InjectedVariable, type RunRequest } from "../index.ts";

/** A program that runs another one with a secret; see there. */
export const runner = fileURLToPath(new URL("./run-child.ts", import.meta.url));

/** The secret's value. */
export const value = "hunter22-very-secret";

/** A secret variable and one that is none. */
export const variables: readonly InjectedVariable[] = [
  { name: "DB_PASSWORD", value: new Sensitive(value), secret: true },
  { name: "PORT", value: "8080", secret: false },
];

/** A program in JavaScript. */
export const js = (script: string): readonly string[] => [process.execPath, "-e", script];

/** A program for the shell. */
export const sh = (script: string): readonly string[] => ["/bin/sh", "-c", script];

/** Collects what is written, and tells when a text has come. */
export class Output extends Writable {
  text = "";
  readonly #news = new EventEmitter();

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    this.#news.emit("news");
    done();
  }

  /** Waits until a text was written. */
  async shows(part: string): Promise<void> {
    while (!this.text.includes(part)) await once(this.#news, "news");
  }
}

/** A directory in which programs are run with variables. */
export class ChildDesk {
  readonly directory = mkdtempSync(join(tmpdir(), "inject-"));

  /** What is run where a test says nothing else: a program that does nothing. */
  request(more: Partial<RunRequest>): RunRequest {
    return {
      command: sh("true"),
      variables,
      how: "environment",
      cwd: this.directory,
      environment: { PATH: process.env["PATH"] },
      stdio: { stdin: "ignore", stdout: new Output(), stderr: new Output() },
      terminal: false,
      signals: new EventEmitter(),
      places: [this.directory],
      ...more,
    };
  }

  /** Runs a program and collects both of its outputs. */
  async outputOf(more: Partial<RunRequest>): Promise<{ readonly status: number; readonly text: string }> {
    const stdout = new Output();
    const { status } = await runWithVariables(
      this.request({ stdio: { stdin: "ignore", stdout, stderr: stdout }, ...more }),
    );
    return { status, text: stdout.text };
  }

  /** What programs have left in the directory. */
  left(): readonly string[] {
    return readdirSync(this.directory);
  }

  dispose(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
