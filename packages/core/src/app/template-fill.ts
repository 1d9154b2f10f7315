import { LotseError, Sensitive } from "../kernel/index.ts";
import type { Filled } from "../release/index.ts";
import { encode } from "../templates/index.ts";
import { parsePieces, type SecretHole } from "./template-references.ts";
import type { SecretRevealer } from "./template-values.ts";

/** The longest that a file may become, in bytes. */
const maxFilledBytes = 64 * 1024 * 1024;

/**
 * Puts the secrets into a secret file of a release, the last step before it is handed over; tells, too, which texts
 * must be taken out of what is said of it.
 *
 * @param bytes - as `renderedFiles` made them
 * @param reveal - opens what a reference names, each once; it records the access
 * @throws LotseError `template.secret` for bytes that are none of `renderedFiles`, `file.too-large` beyond 64 MiB, and
 * what `reveal` throws
 */
export async function fillSecrets(bytes: Uint8Array, reveal: SecretRevealer): Promise<Sensitive<Filled>> {
  const pieces = parsePieces(textOf(bytes));
  const known = new Map<string, Sensitive<string>>();
  for (const piece of pieces) {
    if (typeof piece === "string") continue;
    const name = String(piece.reference);
    if (!known.has(name)) known.set(name, await reveal(piece.reference));
  }
  const filled = pieces.map((piece) => (typeof piece === "string" ? piece : valueOf(piece, known)));
  let length = 0;
  for (const text of filled) length += Buffer.byteLength(text, "utf8");
  if (length > maxFilledBytes) {
    throw new LotseError({
      code: "file.too-large",
      message: `a secret file is larger than ${maxFilledBytes} bytes`,
      hint: "keep large content out of templates",
    });
  }
  const inFile = filled.filter((_, at) => typeof pieces[at] !== "string");
  const secrets = new Set([...inFile, ...[...known.values()].map((value) => value.reveal())]);
  return new Sensitive({ bytes: Buffer.from(filled.join(""), "utf8"), secrets: [...secrets] });
}

/** The references in a secret file of a release, each once, in the order of the file. @throws LotseError `template.secret` */
export function secretsOfFile(bytes: Uint8Array): readonly SecretHole["reference"][] {
  const found = new Map<string, SecretHole["reference"]>();
  for (const piece of parsePieces(textOf(bytes)))
    if (typeof piece !== "string") found.set(String(piece.reference), piece.reference);
  return [...found.values()];
}

function valueOf({ reference, encoder }: SecretHole, known: ReadonlyMap<string, Sensitive<string>>): string {
  const value = known.get(String(reference))?.reveal() ?? "";
  return encoder === undefined ? value : encode(encoder, value);
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new LotseError({
      code: "template.secret",
      message: "a secret file is not valid UTF-8",
      hint: "the file was changed after it was rendered; render it again",
      cause,
    });
  }
}
