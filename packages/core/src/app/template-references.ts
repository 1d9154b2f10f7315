import { SecretReference } from "../config/index.ts";
import { LotseError } from "../kernel/index.ts";
import { encoders, type Encoder } from "../templates/index.ts";

/**
 * The form in which a secret file is kept before its secrets are in it.
 *
 * - `${secret:path#field}` stands for a secret, `${secret:path#field|quote}` for one that goes through a filter.
 * - `${secret:=TEXT|quote}` stands for a text that holds secrets, percent-encoded; in names, `%`, `|` and `=` are.
 * - Of `$` in front of `{secret:`, two are one, so that what a template writes itself is never taken for a reference.
 */

/** A place in a file that a secret, or a text with secrets, is going to be put into. */
export interface SecretHole {
  readonly reference: SecretReference;
  /** What the text goes through. @defaultValue nothing */
  readonly encoder?: Encoder | undefined;
}

/** A piece of a secret file. */
export type FilePiece = string | SecretHole;

/** Writes pieces in the form that is kept. */
export function formatPieces(pieces: readonly FilePiece[]): string {
  let text = "";
  let literal = "";
  const flush = (): void => {
    text += literal.replaceAll(/(\$+)(?=\{secret:)/gu, "$1$1");
    literal = "";
  };
  const hole = (body: string): void => {
    const dollars = /\$*$/u.exec(literal)?.[0] ?? "";
    flush();
    text += `${dollars}\${secret:${body}}`;
  };
  for (const piece of pieces) {
    if (typeof piece === "string") {
      literal += piece;
      continue;
    }
    const { reference, encoder } = piece;
    const suffix = encoder === undefined ? "" : `|${encoder}`;
    const only = reference.parts.length === 1 ? reference.parts[0] : undefined;
    if (encoder !== undefined && only?.kind !== "secret") {
      hole(`=${encodeURIComponent(formatPieces([{ reference }]))}${suffix}`);
      continue;
    }
    for (const part of reference.parts) {
      if (part.kind === "text") literal += part.text;
      else hole(`${nameOf(part)}${suffix}`);
    }
  }
  flush();
  return text;
}

function nameOf({ path, field }: { readonly path: string; readonly field: string | undefined }): string {
  const name = field === undefined ? path : `${path}#${field}`;
  return name.replaceAll(/[%|=]/gu, encodeURIComponent);
}

const holePattern = /(\$+)\{secret:(?:([^{}]*)\})?/gu;

/**
 * Reads what {@link formatPieces} wrote.
 *
 * @throws LotseError `template.secret` for a reference that is none
 */
export function parsePieces(text: string): readonly FilePiece[] {
  const pieces: FilePiece[] = [];
  let literal = "";
  let at = 0;
  for (const match of text.matchAll(holePattern)) {
    const dollars = match[1] ?? "";
    const start = match.index + dollars.length;
    literal += text.slice(at, match.index) + "$".repeat(dollars.length >> 1);
    if (dollars.length % 2 === 0) {
      at = start;
      continue;
    }
    pieces.push(literal, holeOf(match[2] ?? ""));
    literal = "";
    at = match.index + match[0].length;
  }
  return [...pieces, literal + text.slice(at)].filter((piece) => piece !== "");
}

function holeOf(body: string): SecretHole {
  const [, name = "", filter] = /^(.*?)(?:\|([a-z0-9]+))?$/su.exec(body) ?? [];
  const encoder = encoders.find((each) => each === filter);
  const reference = name.startsWith("=") ? decoded(name.slice(1)) : named(name);
  if (reference === undefined || (filter !== undefined && encoder === undefined)) {
    throw new LotseError({
      code: "template.secret",
      message: `"${body.slice(0, 100)}" is no reference to a secret`,
      hint: "the file was changed after it was rendered; render it again",
    });
  }
  return { reference, ...(encoder === undefined ? {} : { encoder }) };
}

const secretName = /^([^#\s{}]+)(?:#([^#\s{}]+))?$/u;

function named(name: string): SecretReference | undefined {
  const match = secretName.exec(decodeOrNothing(name) ?? "");
  if (match === null) return undefined;
  return new SecretReference([{ kind: "secret", path: match[1] ?? "", field: match[2] }]);
}

/** The reference that a percent-encoded text stands for; `undefined` where it holds no secret. */
function decoded(encodedText: string): SecretReference | undefined {
  const text = decodeOrNothing(encodedText);
  if (text === undefined) return undefined;
  const pieces = parsePieces(text);
  if (pieces.some((piece) => typeof piece !== "string" && piece.encoder !== undefined)) return undefined;
  const parts = pieces.flatMap((piece) =>
    typeof piece === "string" ? [{ kind: "text" as const, text: piece }] : piece.reference.parts,
  );
  return parts.some(({ kind }) => kind === "secret") ? new SecretReference(parts) : undefined;
}

function decodeOrNothing(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
