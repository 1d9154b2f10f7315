import { adapterOf } from "./formats/adapters.ts";
import { applyEdits, type Edit } from "./formats/parsed.ts";
import { envelopeText } from "./envelope.ts";
import type { SopsDocument } from "./model.ts";

/**
 * The plain file: every value decrypted where it stands, the metadata cut out, layout and comments as they are.
 * A text that a YAML reader could take for something else is put in quotes.
 *
 * @returns plain text: hand it to a file of 0600 or to a program, and to nothing else
 * @throws LotseError `secret.unrepresentable` where the format cannot hold a value in plain text
 */
export function decryptSops(document: SopsDocument): Buffer {
  const { parsed, plains, format } = document;
  if (format === "binary") return binaryContent(document);
  const adapter = adapterOf(format);
  const edits: Edit[] = [...adapter.dropMetadata(parsed)];
  const done = new Set<number>();
  parsed.entries.forEach((entry, index) => {
    const plain = plains[index]?.reveal();
    if (plain === undefined || done.has(entry.start) || entry.alias !== undefined) return;
    if (!envelopeText(entry.plain) || plain === entry.plain) return;
    done.add(entry.start);
    edits.push(adapter.replace(parsed, entry, { plain }));
  });
  return Buffer.from(applyEdits(parsed.source.text, edits));
}

function binaryContent(document: SopsDocument): Buffer {
  const at = document.parsed.entries.findIndex(
    (entry) => entry.path.length === 1 && entry.path[0] === "data",
  );
  const plain = document.plains[at]?.reveal();
  if (plain?.type === "str") return Buffer.from(plain.bytes);
  throw document.parsed.source.fail(
    "secret.format",
    "the file has no data, as an encrypted binary file has",
    {
      hint: "is it a JSON file? say so with its format",
    },
  );
}
