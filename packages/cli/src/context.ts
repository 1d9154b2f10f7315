import { createColors } from "picocolors";
import type { Session } from "@lotse/core/app/workspace";
import { exitStatuses } from "@lotse/core/kernel";
import { askHidden } from "./prompt.ts";

/** What a command talks to: streams, the process environment, and whether a person is watching. */
export interface Context {
  /** Standard output. Secrets that were opened are kept out of it. */
  readonly out: (text: string) => void;
  /** Standard error. Secrets that were opened are kept out of it. */
  readonly err: (text: string) => void;
  /** Standard output for the few commands whose result is a secret. */
  readonly reveal: (content: string | Uint8Array) => void;
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Reads standard input to its end. */
  readonly readInput: () => Promise<string>;
  /** Asks a person at a terminal; what is typed is not shown. Null where there is no terminal. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Whether progress may be drawn over itself. */
  readonly live: boolean;
  readonly stdoutColours: Colours;
  readonly stderrColours: Colours;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** The workspaces that are open, by directory: a command has one session, however often it asks. */
  readonly sessions: Map<string, Session>;
}

/** Functions that colour a text, or leave it as it is. */
export type Colours = ReturnType<typeof createColors>;

/** The context of this process. */
export function processContext(): Context {
  const { env, stdout, stderr } = process;
  const mayColour = (env["NO_COLOR"] ?? "") === "";
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
  }
  watchStream(stdout, "standard output");
  watchStream(stderr, "standard error");
  const sessions = new Map<string, Session>();
  const redact = (text: string): string =>
    [...sessions.values()].reduce((shown, { revealed }) => revealed.redact(shown), text);
  return {
    out: (text) => void stdout.write(redact(text)),
    err: (text) => void stderr.write(redact(text)),
    reveal: (content) => void stdout.write(content),
    ask: process.stdin.isTTY ? askHidden : null,
    cwd: process.cwd(),
    variables: env,
    readInput: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString("utf8");
    },
    live: stderr.isTTY && env["TERM"] !== "dumb",
    stdoutColours: createColors(mayColour && stdout.isTTY),
    stderrColours: createColors(mayColour && stderr.isTTY),
    signal: stop.signal,
    sessions,
  };
}

/**
 * Keeps a command whose reader has gone, such as `| head`, from dying of it: it ends what it began and says
 * nothing. A disk that is full is told, and the command does not end well.
 */
function watchStream(stream: NodeJS.WriteStream, name: string): void {
  let told = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (told || error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED") return;
    told = true;
    if (stream !== process.stderr)
      process.stderr.write(`lotse: error ${name} cannot be written: ${error.code ?? ""}\n`);
    process.once("exit", () => {
      if (Number(process.exitCode ?? 0) === exitStatuses.done) process.exitCode = exitStatuses.machine;
    });
  });
}
