import { LotseError, Sensitive, type Diagnostic } from "../../kernel/index.ts";
import {
  openPlace,
  runInteractive,
  type PrivatePlace,
  type ProcessEnvironment,
  type RunInteractive,
  type SignalSource,
} from "../inject/index.ts";
import { EditFile, problem } from "./edit-file.ts";
import { Interruption } from "./interruption.ts";

/** The port for asking the user what to do about a text with mistakes. */
export interface EditPrompt {
  /** Shows the findings. `retry` opens the editor again with the text as it is; `give-up` ends. */
  onMistake(diagnostics: readonly Diagnostic[]): Promise<"retry" | "give-up">;
}

/** A text to edit, and how. */
export interface EditRequest {
  readonly content: Sensitive<Uint8Array>;
  /** The file ending that tells the editor the format, such as `.yml`. */
  readonly suffix: string;
  /** The editor and its arguments; the file comes after them. See `chooseEditor`. */
  readonly editor: readonly string[];
  /** Looks for mistakes; the text is taken when there is no finding of severity `error`. */
  readonly check: (content: Uint8Array) => readonly Diagnostic[] | Promise<readonly Diagnostic[]>;
  readonly prompt: EditPrompt;
  readonly environment: ProcessEnvironment;
  /** Whether a file on a disk will do where there is no directory in memory. @defaultValue false */
  readonly allowDisk?: boolean;
  /** Interrupts the editing as a signal would. */
  readonly signal?: AbortSignal;
  /** Whether Ctrl-C reaches the editor without Lotse. @defaultValue whether Lotse is at a terminal */
  readonly terminal?: boolean;
  /** Where the file may be. @defaultValue `$XDG_RUNTIME_DIR`, `/dev/shm`, the temporary directory */
  readonly places?: readonly string[];
  /** @defaultValue {@link runInteractive} */
  readonly runEditor?: RunInteractive;
  /** @defaultValue `process` */
  readonly signals?: SignalSource;
}

/** How an editing ended. */
export type EditResult = {
  /** Whether the text was never on a disk. */
  readonly inMemory: boolean;
} & (
  | { readonly outcome: "unchanged" }
  /** `diagnostics` are findings that are no errors. */
  | {
      readonly outcome: "changed";
      readonly content: Sensitive<Uint8Array>;
      readonly diagnostics: readonly Diagnostic[];
    }
  /** The user left with mistakes in the text; `content` is null when the editor left none. */
  | {
      readonly outcome: "given-up";
      readonly content: Sensitive<Uint8Array> | null;
      readonly diagnostics: readonly Diagnostic[];
    }
);

/**
 * Lets the user edit a secret text in a file (0600) of a private directory in memory, until it has no mistakes
 * or the user gives up. The directory, with all that the editor made in it, is overwritten and removed
 * however this ends; after `kill -9` the next call removes it.
 *
 * @throws LotseError `secret.editor` when the editor cannot be started or fails without a change;
 *   `secret.interrupted` on SIGINT, SIGTERM, SIGHUP, SIGQUIT and `signal`; `machine.missing` when there is no
 *   directory in memory and the disk is not allowed; and what `check` and `prompt` throw
 */
export async function editPlain(request: EditRequest): Promise<EditResult> {
  const place = await openPlace({
    environment: request.environment,
    allowDisk: request.allowDisk ?? false,
    candidates: request.places,
  });
  const interruption = new Interruption({
    signals: request.signals ?? process,
    signal: request.signal,
    terminal: request.terminal ?? [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY),
    onInterrupt: () => place.close(),
  });
  try {
    return await editIn(place, request, interruption);
  } finally {
    place.close();
    interruption[Symbol.dispose]();
  }
}

async function editIn(
  place: PrivatePlace,
  request: EditRequest,
  interruption: Interruption,
): Promise<EditResult> {
  const { inMemory } = place;
  const original = request.content.reveal();
  const file = new EditFile(place, request.suffix);
  interruption.check();
  file.create(original);
  let latest = original;
  for (;;) {
    if (!file.exists()) file.create(latest);
    const status = await runEditor(file, request, interruption);
    const text = file.read();
    const isText = text instanceof Uint8Array;
    if (isText && Buffer.compare(text, original) === 0) {
      if (status !== 0) throw editorFailed(status);
      return { outcome: "unchanged", inMemory };
    }
    if (isText) latest = text;
    const diagnostics = [
      ...(status === 0 ? [] : [problem(failure(status))]),
      ...(isText ? await interruption.during(() => request.check(text)) : [text]),
    ];
    const content = isText ? new Sensitive(text) : null;
    if (content !== null && !diagnostics.some(({ severity }) => severity === "error")) {
      return { outcome: "changed", content, diagnostics, inMemory };
    }
    const answer = await interruption.during(() => request.prompt.onMistake(diagnostics));
    if (answer === "give-up") return { outcome: "given-up", content, diagnostics, inMemory };
  }
}

async function runEditor(file: EditFile, request: EditRequest, interruption: Interruption): Promise<number> {
  const run = request.runEditor ?? runInteractive;
  return interruption.duringEditor((signal) =>
    run([...request.editor, file.path], { environment: request.environment, signal }),
  );
}

function failure(status: number): string {
  return status > 128
    ? `the editor was ended by signal ${status - 128}`
    : `the editor ended with status ${status}`;
}

function editorFailed(status: number): LotseError {
  return new LotseError({
    code: "secret.editor",
    message: `${failure(status)}; nothing was changed`,
    hint: "set SOPS_EDITOR or EDITOR to a program that edits a file",
  });
}
