import type { ChildProcess, StdioOptions } from "node:child_process";
import type { Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isSystemError } from "../../kernel/index.ts";

/** What a child's output goes through before anybody sees it, one stream for each output; made for one run. */
export interface OutputFilter {
  readonly stdout: Transform;
  readonly stderr: Transform;
}

/** What a child is connected to. */
export interface ChildStdio {
  /** @defaultValue "inherit" */
  readonly stdin?: "inherit" | "ignore";
  /** @defaultValue this process's own; inherited, so that a terminal stays one, unless there is a filter */
  readonly stdout?: Writable;
  /** @defaultValue as `stdout` */
  readonly stderr?: Writable;
}

/** The argument for `spawn`: pipes only where something has to be done with the output. */
export function stdioOptions(stdio: ChildStdio, filter: OutputFilter | undefined): StdioOptions {
  const output = (given: Writable | undefined): "pipe" | "inherit" =>
    filter === undefined && given === undefined ? "inherit" : "pipe";
  return [stdio.stdin ?? "inherit", output(stdio.stdout), output(stdio.stderr)];
}

/**
 * Moves a child's output to where it belongs, through the filter where there is one. When whoever reads it
 * goes away, the child's pipe is closed, so that the child notices as it would without Lotse.
 *
 * @throws what the filter throws; the child cannot write any more then
 */
export async function moveOutput(
  child: ChildProcess,
  stdio: ChildStdio,
  filter: OutputFilter | undefined,
): Promise<void> {
  await Promise.all([
    move(child.stdout, filter?.stdout, stdio.stdout ?? process.stdout),
    move(child.stderr, filter?.stderr, stdio.stderr ?? process.stderr),
  ]);
}

async function move(from: Readable | null, filter: Transform | undefined, to: Writable): Promise<void> {
  if (from === null) return;
  try {
    if (filter === undefined) await pipeline(from, to, { end: false });
    else await pipeline(from, filter, to, { end: false });
  } catch (error) {
    if (!isReaderGone(error)) throw error;
  }
}

function isReaderGone(error: unknown): boolean {
  return ["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_PREMATURE_CLOSE"].some((code) =>
    isSystemError(error, code),
  );
}
