import { formatSopsPath, type SourceText } from "../source-text.ts";
import type { Plain, SopsPath } from "../model.ts";
import type { FormatAdapter, MetaMap, Written } from "./adapter.ts";
import { flattenMeta, unflattenMeta } from "./flatten.ts";
import { lineDocument, lineMap, linesOf, lineText, readBackText, textNode } from "./lines.ts";
import type { CommentNode, Edit, MapEntry, ParsedDocument, ParsedFile } from "./parsed.ts";
import { descend, entryOf, itemsOf } from "./tree.ts";
import { walk } from "./walk.ts";

/**
 * ENV files as sops reads them, which is simpler than any shell: `#` in the first column is a comment, the name
 * ends at the first `=`, the rest of the line is the value with `\n` for a line break. Quotes and space are part
 * of the value (https://github.com/getsops/sops/blob/main/stores/dotenv/store.go).
 */
export const envAdapter: FormatAdapter = {
  parse(source, limits) {
    const documents = [parseEnv(source)];
    return { source, format: "env", documents, entries: walk(documents, source, limits) };
  },

  readMetadata(parsed) {
    const { metadata } = documentOf(parsed);
    if (metadata === undefined) return undefined;
    const flat = new Map(metadataEntries(parsed).map((entry) => [entry.key, rawValue(parsed, entry)]));
    return unflattenMeta(flat, parsed.source);
  },

  replace(parsed, entry, value) {
    const text =
      entry.kind === "comment" ? `#${oneLine(value, parsed.source)}` : writeEnv(value, parsed.source);
    return { start: entry.start, end: entry.end, text };
  },

  insert(parsed, _document, path, value) {
    return insertLine(parsed, path, value);
  },

  remove(parsed, _document, path) {
    const found = path.length === 1 ? descend(documentOf(parsed).root, path) : undefined;
    if (found?.item === undefined) {
      throw parsed.source.fail("secret.not-found", `there is nothing at ${formatSopsPath(path)}`, { path });
    }
    return { start: found.item.start, end: lineBehind(parsed.source.text, found.item.end), text: "" };
  },

  expandAliases() {
    return [];
  },

  readBack(plain) {
    return readBackText(plain, readableText(plain).replaceAll("\\n", "\n"));
  },

  setMetadata(parsed, metadata) {
    return [...dropLines(parsed), appendMetadata(parsed, metadata)];
  },

  dropMetadata(parsed) {
    return dropLines(parsed);
  },

  stamp(parsed, fields) {
    const { metadata } = documentOf(parsed);
    return [...fields].flatMap(([key, value]) => {
      const entry = entryOf(metadata, key);
      return entry === undefined ? [] : [{ start: entry.value.start, end: entry.value.end, text: value }];
    });
  },
};

const prefix = "sops_";

function documentOf(parsed: ParsedFile): ParsedDocument {
  const [document] = parsed.documents;
  if (document === undefined) throw new Error("an ENV file has one document");
  return document;
}

function parseEnv(source: SourceText): ParsedDocument {
  const items: (MapEntry | CommentNode)[] = [];
  const metadata: MapEntry[] = [];
  const known = new Set<string>();
  for (const line of linesOf(source.text)) {
    if (line.text === "") continue;
    if (line.text.startsWith("#")) {
      items.push({ kind: "comment", text: line.text.slice(1), start: line.start, end: line.end });
      continue;
    }
    const equals = line.text.indexOf("=");
    const name = line.text.slice(0, equals);
    if (equals < 0) {
      throw source.fail("secret.format", "a line is neither a comment nor NAME=VALUE", {
        offset: line.start,
        hint: "write a value of several lines with \\n in one line",
      });
    }
    if (known.has(name)) {
      throw source.fail("secret.format", `the variable ${JSON.stringify(name)} stands twice`, {
        offset: line.start,
        hint: "remove one",
      });
    }
    known.add(name);
    const valueStart = line.start + equals + 1;
    const value = line.text.slice(equals + 1).replaceAll("\\n", "\n");
    const isMetadata = name.startsWith(prefix);
    const key = isMetadata ? name.slice(prefix.length) : name;
    const node = textNode(value, valueStart, line.end);
    (isMetadata ? metadata : items).push({
      kind: "entry",
      key,
      start: line.start,
      end: line.end,
      value: node,
    });
  }
  return lineDocument(lineMap(items, 0, source.text.length), metadata, source.text.length);
}

function metadataEntries(parsed: ParsedFile): readonly MapEntry[] {
  const { metadata } = documentOf(parsed);
  return (metadata?.items ?? []).filter((item) => item.kind === "entry");
}

function rawValue(parsed: ParsedFile, entry: MapEntry): string {
  return parsed.source.text.slice(entry.value.start, entry.value.end).replace(/\r$/u, "");
}

function readableText(plain: Plain): string {
  return plain.type === "bool" ? plain.bytes.toString("latin1").toLowerCase() : plain.bytes.toString("utf8");
}

function writeEnv(value: Written, source: SourceText): string {
  if ("sealed" in value) return value.sealed;
  const text = lineText(value.plain, source);
  return text.replaceAll("\n", "\\n");
}

function oneLine(value: Written, source: SourceText): string {
  return ("sealed" in value ? value.sealed : lineText(value.plain, source)).replaceAll(/[\r\n]+/gu, " ");
}

function insertLine(parsed: ParsedFile, path: SopsPath, value: Written): Edit {
  const { source } = parsed;
  const document = documentOf(parsed);
  const [name] = path;
  if (
    path.length !== 1 ||
    typeof name !== "string" ||
    !/^[^#=\n\r][^=\n\r]*$/u.test(name) ||
    name.startsWith(prefix)
  ) {
    throw source.fail(
      "secret.unrepresentable",
      `${formatSopsPath(path)} is not a name that an ENV file can have`,
      {
        path,
        hint: "use one name without = and not starting with sops_",
      },
    );
  }
  const last = itemsOf(document.root).at(-1);
  const at =
    last === undefined ? (document.metadataSpan?.start ?? document.end) : lineBehind(source.text, last.end);
  const open = at === 0 || source.text[at - 1] === "\n" ? "" : "\n";
  return { start: at, end: at, text: `${open}${name}=${writeEnv(value, source)}\n` };
}

function lineBehind(text: string, end: number): number {
  return text[end] === "\n" ? end + 1 : end;
}

function dropLines(parsed: ParsedFile): readonly Edit[] {
  return metadataEntries(parsed).map((entry) => ({
    start: entry.start,
    end: lineBehind(parsed.source.text, entry.end),
    text: "",
  }));
}

function appendMetadata(parsed: ParsedFile, metadata: MetaMap): Edit {
  const { text } = parsed.source;
  const lines = [...flattenMeta(metadata)].map(([key, value]) => `${prefix}${key}=${value}\n`);
  const open = text === "" || text.endsWith("\n") ? "" : "\n";
  return { start: text.length, end: text.length, text: `${open}${lines.join("")}` };
}
