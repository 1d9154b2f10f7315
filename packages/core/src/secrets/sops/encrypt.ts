import { LotseError } from "../../kernel/index.ts";
import { adapterOf } from "./formats/adapters.ts";
import { applyEdits, type ParsedFile } from "./formats/parsed.ts";
import { ageWrapper } from "./keys/age.ts";
import { dataKeyBytes } from "./keys/data-key.ts";
import type { KeyWrapper } from "./keys/port.ts";
import { wrapDataKey, type RecipientSet } from "./keys/recipients.ts";
import { defaultLimits, type SopsLimits } from "./limits.ts";
import type { SopsFormat } from "./model.ts";
import { isPattern, ruleNames, rulesInUse, type RuleSet } from "./rules.ts";
import { finish, reparse, Reuse, sealEdits, type SealTools } from "./seal.ts";
import { isSopsFile } from "./inspect.ts";
import { textOfPlainBytes } from "./plain.ts";
import { decodeSource, SourceText } from "./source-text.ts";
import { DataKey } from "./keys/data-key-value.ts";

/** The version of the format that is written into new files. */
const formatVersion = "3.13.0";

/** What it takes to encrypt a plain file. */
export interface EncryptRequest extends SealTools {
  /** The plain file. */
  readonly bytes: Uint8Array;
  readonly format: SopsFormat;
  /** For messages only. */
  readonly file: string;
  readonly recipients: RecipientSet;
  /** @defaultValue everything but keys that end in `_unencrypted` */
  readonly rules?: RuleSet;
  /** @defaultValue age and SSH recipients */
  readonly wrappers?: readonly KeyWrapper[];
  /** @defaultValue {@link defaultLimits} */
  readonly limits?: SopsLimits;
}

/**
 * Encrypts a plain file with a new data key. The layout and the comments of the file stay; the metadata goes to
 * its end.
 *
 * @throws LotseError `secret.already-encrypted`, `secret.format`, `secret.recipient`, `secret.rules`
 */
export async function encryptSops(request: EncryptRequest): Promise<Buffer> {
  const rules = checkRules(request.rules ?? {});
  const parsed = parsePlain(request);
  const dataKey = new DataKey(request.randomBytes(dataKeyBytes));
  const wrappers = request.wrappers ?? [ageWrapper(request.randomBytes)];
  const keys = await wrapDataKey(request.recipients, dataKey.reveal(), {
    wrappers,
    randomBytes: request.randomBytes,
  });
  const sealed = sealParsed(parsed, request, rules, dataKey, new Reuse());
  return finish(sealed, { ...keys, rules, version: formatVersion }, dataKey, request);
}

/** Encrypts the values of a parsed plain file. */
export function sealParsed(
  parsed: ParsedFile,
  request: { readonly format: SopsFormat; readonly file: string } & SealTools,
  rules: RuleSet,
  dataKey: DataKey,
  reuse: Reuse,
): ParsedFile {
  const edits = sealEdits(parsed, rules, dataKey, request, reuse);
  return reparse(request.file, request.format, applyEdits(parsed.source.text, edits));
}

/**
 * Parses a plain file that is to be encrypted, with its aliases written out.
 *
 * @throws LotseError `secret.already-encrypted` where it has metadata already
 */
export function parsePlain(
  request: Pick<EncryptRequest, "bytes" | "format" | "file" | "limits">,
): ParsedFile {
  const limits = request.limits ?? defaultLimits;
  if (request.format === "binary") return parseBinary(request.bytes, request.file, limits);
  const source = decodeSource(request.bytes, request.file, limits.maxBytes);
  const adapter = adapterOf(request.format);
  const parsed = adapter.parse(source, limits);
  const marked = parsed.documents.find((document) => document.metadataSpan !== undefined);
  if (marked !== undefined) {
    throw source.fail("secret.already-encrypted", "the file has sops metadata already", {
      offset: marked.metadataSpan?.start,
      hint: "decrypt it first, or rename the key sops",
    });
  }
  refuseLongIntegers(parsed);
  const edits = adapter.expandAliases(parsed);
  return edits.length === 0 ? parsed : reparse(request.file, request.format, applyEdits(source.text, edits));
}

/** Beyond 64 bits an integer is read as a float, and would lose digits without a word. */
function refuseLongIntegers({ entries, source }: ParsedFile): void {
  for (const { plain, start, end, path } of entries) {
    if (plain.type !== "float" || !/^[-+]?\d{19,}$/u.test(source.text.slice(start, end))) continue;
    throw source.fail("secret.unrepresentable", "an integer has more than 64 bits", {
      offset: start,
      path,
      hint: "put it in quotes, so that it is a text",
    });
  }
}

/** A binary file is one value in a JSON file; it need not be text. */
function parseBinary(bytes: Uint8Array, file: string, limits: SopsLimits): ParsedFile {
  if (bytes.length > limits.maxBytes) decodeSource(bytes, file, limits.maxBytes);
  const content = Buffer.from(bytes);
  const text = textOfPlainBytes(content);
  if (text !== undefined && isSopsFile(bytes, "json")) {
    throw new SourceText(file, text).fail("secret.already-encrypted", "the file has sops metadata already", {
      hint: "decrypt it first",
    });
  }
  const parsed = reparse(file, "binary", `{\n\t"data": ${JSON.stringify(text ?? "")}\n}\n`);
  const entries = parsed.entries.map((entry) => ({
    ...entry,
    plain: { type: "str" as const, bytes: content },
  }));
  return { ...parsed, entries };
}

/** @throws LotseError `secret.rules` where more than one rule is set, or a pattern is broken */
function checkRules(rules: RuleSet): RuleSet {
  const used = rulesInUse(rules);
  const broken = used.find((name) => name.endsWith("Regex") && !isPattern(rules[name] ?? ""));
  if (used.length <= 1 && broken === undefined) return rules;
  throw new LotseError({
    code: "secret.rules",
    message:
      broken === undefined
        ? `a file takes one rule, not ${used.map((name) => ruleNames[name]).join(" and ")}`
        : `${ruleNames[broken]} is not a pattern that RE2 reads`,
    hint: "see the creation rule in .sops.yaml",
  });
}
