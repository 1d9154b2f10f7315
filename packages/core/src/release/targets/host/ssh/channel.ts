import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Socket } from "node:net";
import { hear, Output, within, type OutputName, type Patience, type SshResult } from "./call.ts";
import type { HostPlace } from "../spec.ts";

/** A question to a program that answers one after another. */
export interface Question extends Patience {
  /** Words of a safe alphabet. */
  readonly words: readonly string[];
  /** What the operation reads. @defaultValue nothing */
  readonly bytes?: Uint8Array | string | undefined;
}

/**
 * A program on a host that answers questions one after another over one session of ssh: `serve` in
 * `data/host/80-serve.sh` says how. To start ssh anew for each costs both sides more than most answers.
 */
export interface Channel {
  /**
   * Asks; only one question at a time. A channel that ended meanwhile answers with what its ssh ended with, or
   * {@link lostStatus} where it was good before.
   *
   * @throws LotseError `target.host`; the signal's reason. The channel is closed then.
   */
  ask(question: Question): Promise<SshResult>;
  /** Whether it can be asked again. */
  isOpen(): boolean;
  /** Ends it. What it is at work on goes on to its end. */
  close(): void;
}

interface Pending extends PromiseWithResolvers<SshResult> {
  readonly token: string;
  readonly output: Output;
}

/** What ssh ends with when it is ssh that failed; also said of a channel that was lost. */
export const lostStatus = 255;

/** Opens a channel over a call of ssh that runs `serve`. An idle one keeps no process from ending. */
export function openChannel(host: HostPlace, child: ChildProcess): Channel {
  let pending: Pending | null = null;
  let isOpen = true;
  let isProven = false;
  const close = (): void => {
    isOpen = false;
    child.kill("SIGKILL");
  };
  const onText = (name: OutputName, text: string): void => {
    if (pending === null) return;
    pending.output.add(name, text);
    const answer = answerIn(pending);
    if (answer === null) return;
    isProven = true;
    pending.resolve(answer);
  };
  hear(host, child, onText, (error) => pending?.reject(error));
  child.on("close", (status) => {
    isOpen = false;
    if (pending === null) return;
    const { stdout, stderr } = pending.output;
    // A program that has answered before is there; it, its host or the connection was lost.
    pending.resolve({ status: isProven ? lostStatus : (status ?? lostStatus), stdout, stderr });
  });
  return {
    isOpen: () => isOpen,
    close,
    async ask({ words, bytes = "", ...patience }) {
      const token = randomBytes(16).toString("hex");
      const asked: Pending = { ...Promise.withResolvers<SshResult>(), token, output: new Output(host) };
      pending = asked;
      holdProcess(child, true);
      child.stdin?.write(`${token} ${Buffer.byteLength(bytes)} ${words.join(" ")}\n`);
      if (bytes.length > 0) child.stdin?.write(bytes);
      try {
        return await within(asked.promise, host, patience, close);
      } finally {
        pending = null;
        holdProcess(child, false);
      }
    },
  };
}

/** The answer, where both streams were ended by its token; what a program of the user's writes cannot know it. */
function answerIn({ token, output: { stdout, stderr } }: Pending): SshResult | null {
  // What an operation left behind, or ssh itself, may still write after that.
  const end = stdout.lastIndexOf(`\n${token} `);
  const errorEnd = stderr.lastIndexOf(`\n${token}\n`);
  const status = /^\d{1,3}\n/u.exec(stdout.slice(end + token.length + 2));
  if (end < 0 || errorEnd < 0 || status === null) return null;
  return { status: Number(status[0]), stdout: stdout.slice(0, end), stderr: stderr.slice(0, errorEnd) };
}

function holdProcess(child: ChildProcess, holds: boolean): void {
  for (const each of [child, child.stdin, child.stdout, child.stderr]) {
    if (each !== child && !(each instanceof Socket)) continue;
    if (holds) each.ref();
    else each.unref();
  }
}
