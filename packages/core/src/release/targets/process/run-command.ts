import { spawn } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import { LotseError } from "../../../kernel/index.ts";
import { createFirewall } from "../../../secrets/firewall/index.ts";
import { signalGroup } from "./orphans.ts";
import type { SecretVariables } from "./slot-secrets.ts";

/** What is run. */
export interface CommandRun {
  readonly command: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Taken out of what it writes. */
  readonly secrets: SecretVariables;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** How much of the end of each of its outputs is kept, in characters. */
const keptCharacters = 1500;

/** How long its output may stay open after its end. */
const lingerMs = 300;

/**
 * Runs a command in a process group of its own, which is killed when the time is over or it is told to stop.
 *
 * @returns the end of what it wrote, secrets taken out
 * @throws LotseError `target.hook`; the signal's reason when it is aborted
 */
export async function runCommand(run: CommandRun): Promise<string> {
  const [program = "", ...args] = run.command;
  run.signal.throwIfAborted();
  let isLate = false;
  const firewall = createFirewall(Object.entries(run.secrets).map(([name, value]) => ({ name, value })));
  const { how, text } = await new Promise<{ how: string; text: string }>((resolve) => {
    const child = spawn(program === "node" ? process.execPath : program, args, {
      cwd: run.directory,
      env: run.env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const outputs = [
      collect(child.stdout, firewall.transform()),
      collect(child.stderr, firewall.transform()),
    ];
    const kill = (): void => {
      if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
    };
    const timer = setTimeout(() => {
      isLate = true;
      kill();
    }, run.timeoutMs);
    run.signal.addEventListener("abort", kill, { once: true });
    const end = (result: string): void => {
      clearTimeout(timer);
      run.signal.removeEventListener("abort", kill);
      const wrote = outputs.map((output) => output()).filter((part) => part !== "");
      resolve({ how: result, text: wrote.join("\n") });
    };
    const ended = (code: number | null, signal: string | null): void =>
      end(signal === null ? `ended with exit status ${code}` : `ended by signal ${signal}`);
    child.once("error", (error) =>
      end(`could not be started: ${"code" in error ? String(error.code) : error.message}`),
    );
    child.once("exit", kill);
    child.once("close", ended);
    // A child that left the group may keep the pipes open for ever, so in the end its own exit counts.
    child.once("exit", (code, signal) => setTimeout(() => ended(code, signal), lingerMs).unref());
  });
  run.signal.throwIfAborted();
  if (how === "ended with exit status 0") return text;
  const told = isLate ? `did not end within ${run.timeoutMs} ms` : how;
  const lines = text === "" ? "" : `; it wrote last:\n${text.replaceAll(/^/gmu, "  | ")}`;
  throw new LotseError({ code: "target.hook", message: `${program} ${told}${lines}` });
}

/** Keeps the end of what passes a filter. */
function collect(output: Readable, filter: Duplex): () => string {
  let text = "";
  output.on("error", () => filter.end());
  output.pipe(filter).on("data", (chunk: Buffer) => {
    text = (text + chunk.toString("utf8")).slice(-keptCharacters);
  });
  return () => text.trimEnd();
}
