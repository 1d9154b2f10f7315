import { randomBytes } from "node:crypto";
import { extname } from "node:path";
import { diagnosticOf, isLotseError, LotseError, Sensitive, type Diagnostic } from "../../kernel/index.ts";
import {
  chooseEditor,
  editPlain,
  hardenEditor,
  keepText,
  sweepKeptTexts,
  type EditPrompt,
  type EditResult,
} from "../../secrets/edit-session/index.ts";
import {
  decryptSops,
  encryptSops,
  formatOfFile,
  mergeSops,
  openSops,
  replacePlain,
  type SealTools,
  type SopsDocument,
} from "../../secrets/sops/index.ts";
import type { SecretLayer } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { creationRuleOf } from "./rules.ts";

/** How editing a secret file ended. */
export interface Edited {
  readonly outcome: EditResult["outcome"];
  readonly file: string;
  /** The new version; null where nothing was written. */
  readonly version: number | null;
  /** Whether the plain text was never on a disk. */
  readonly inMemory: boolean;
  /** The text, where the user gave up on its mistakes, or it could not be written. */
  readonly text: Sensitive<Uint8Array> | null;
  /** Why it could not be written, such as somebody else's change of the same value. */
  readonly refusal: LotseError | null;
}

/** What editing takes besides the file. */
export interface EditOptions {
  readonly prompt: EditPrompt;
  readonly signal?: AbortSignal;
  /** Whether a file on a disk will do where there is no directory in memory. */
  readonly allowDisk: boolean;
}

/**
 * Lets the user edit a secret file in plain text, in memory, and encrypts what changed. Where somebody else
 * changed the file meanwhile, both changes are merged by value. What cannot be written is not lost.
 *
 * @throws LotseError `secret.no-key`, `secret.editor`, `secret.interrupted`, …
 */
export async function editSecrets(
  session: Session,
  layer: SecretLayer,
  options: EditOptions,
): Promise<Edited> {
  sweepKeptTexts(session.clock.now());
  const { environment, tenant, file } = layer;
  const scope =
    environment === null ? {} : { scope: { environment, ...(tenant === null ? {} : { tenant }) } };
  return await session.recorder.change(
    { action: "secret.edit", object: file, ...scope },
    () => edit(session, layer, options),
    ({ version, outcome, refusal }) => ({
      outcome: refusal === null ? "success" : "failure",
      details: { outcome, ...(refusal === null ? {} : { code: refusal.code }) },
      ...(version === null ? {} : { version: String(version) }),
    }),
  );
}

async function edit(session: Session, layer: SecretLayer, options: EditOptions): Promise<Edited> {
  const { file } = layer;
  const { main } = await session.secrets.layer(layer);
  const before = main === null ? null : await session.secrets.document(main);
  const seal = await sealerOf(session, file, before);
  const result = await editPlain({
    content: new Sensitive<Uint8Array>(before === null ? new Uint8Array() : decryptSops(before)),
    suffix: extname(file),
    editor: hardenEditor(chooseEditor(session.variables)),
    check: (plain) => mistakesOf(() => seal(plain)),
    prompt: options.prompt,
    environment: session.variables,
    allowDisk: options.allowDisk,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const { outcome, inMemory } = result;
  const none = { file, version: null, inMemory, text: null, refusal: null };
  if (result.outcome === "unchanged") return { ...none, outcome };
  if (result.outcome === "given-up") return { ...none, outcome, text: result.content };
  try {
    const bytes = await result.content.map(seal).reveal();
    return { ...none, outcome, version: await write(session, layer, before, bytes) };
  } catch (error) {
    if (!isLotseError(error)) throw error;
    return { ...none, outcome: "given-up", text: result.content, refusal: error };
  }
}

type Seal = (plain: Uint8Array) => Promise<Uint8Array> | Uint8Array;

/** How the text is encrypted. Rules are looked at before the editor opens, so that no text is typed in vain. */
async function sealerOf(session: Session, file: string, before: SopsDocument | null): Promise<Seal> {
  if (before !== null) return (plain) => replacePlain(before, plain, toolsOf(session));
  const rule = await creationRuleOf(session, file);
  const format = formatOfFile(file);
  return (bytes) => encryptSops({ bytes, format, file, ...rule, ...toolsOf(session) });
}

/**
 * Puts the text of an edit that was given up into a private file, in memory where it was there before. The next
 * edit removes what is older than a day.
 *
 * @returns its path; null where there is nothing to keep
 */
export async function keepEdited({ text, outcome, inMemory }: Edited): Promise<string | null> {
  return outcome === "given-up" && text !== null ? await keepText(text, inMemory) : null;
}

function toolsOf(session: Session): SealTools {
  return { clock: () => session.clock.now(), randomBytes };
}

async function mistakesOf(seal: () => Promise<Uint8Array> | Uint8Array): Promise<readonly Diagnostic[]> {
  try {
    await seal();
    return [];
  } catch (error) {
    if (isLotseError(error)) return [diagnosticOf(error)];
    throw error;
  }
}

async function write(
  session: Session,
  layer: SecretLayer,
  before: SopsDocument | null,
  edited: Uint8Array,
): Promise<number> {
  const { secrets } = session;
  const { file } = layer;
  const format = formatOfFile(file);
  return await secrets.journal.exclusively(`an edit of ${file}`, async () => {
    const { main } = await secrets.layer(layer);
    let bytes = edited;
    const base = before === null ? null : Buffer.from(before.parsed.source.text);
    if (main !== null && (base === null || !base.equals(main.bytes))) {
      if (base === null) throw conflict(file, []);
      const identities = await secrets.identities();
      const merged = await mergeSops(
        { base, ours: edited, theirs: main.bytes, format, file, identities },
        toolsOf(session),
      );
      if (merged.conflicts.length > 0) throw conflict(file, merged.conflicts.map(String));
      bytes = merged.bytes;
    }
    await openSops({ bytes, format, file, identities: await secrets.identities() });
    const seen = await secrets.reading.seen.of(file);
    return await secrets.commit({
      layer,
      file,
      incoming: null,
      format,
      bytes,
      before: main?.manifest ?? null,
      above: seen?.version ?? 0,
    });
  });
}

function conflict(file: string, paths: readonly string[]): LotseError {
  return new LotseError({
    code: "secret.conflict",
    message: `somebody changed ${paths.length === 0 ? file : `${paths.join(", ")} in ${file}`} while it was being edited`,
    hint: "nothing was written; edit it again, with your text at hand",
    where: { file },
  });
}
