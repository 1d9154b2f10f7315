import { formatSopsPath, type SourceText } from "../source-text.ts";
import type { Plain, SopsPath } from "../model.ts";
import type { FormatAdapter, MetaMap, Written } from "./adapter.ts";
import { flattenMeta, unflattenMeta } from "./flatten.ts";
import { defaultSection, parseIniNodes } from "./ini-parse.ts";
import { lineText, readBackText } from "./lines.ts";
import type { Edit, MapNode, ParsedDocument, ParsedFile } from "./parsed.ts";
import { descend, entryOf, itemsOf } from "./tree.ts";
import { walk } from "./walk.ts";

/** INI files: sections of keys, every value a text; metadata in the section `sops`. */
export const iniAdapter: FormatAdapter = {
  parse(source, limits) {
    const documents = [split(source)];
    return { source, format: "ini", documents, entries: walk(documents, source, limits) };
  },

  readMetadata(parsed) {
    const { metadata } = documentOf(parsed);
    if (metadata === undefined) return undefined;
    const flat = new Map<string, string>();
    for (const item of metadata.items) {
      if (item.kind === "entry" && item.value.kind === "scalar")
        flat.set(item.key, item.value.plain.bytes.toString("utf8"));
    }
    return unflattenMeta(flat, parsed.source);
  },

  replace(parsed, entry, value) {
    const text =
      entry.kind === "comment" ? writeComment(value, parsed) : writeIni(value, parsed.source, entry.path);
    return { start: entry.start, end: entry.end, text: text === "" && entry.kind === "value" ? '""' : text };
  },

  insert(parsed, _document, path, value) {
    return insertKey(parsed, path, value);
  },

  remove(parsed, _document, path) {
    const found = path.length === 2 ? descend(documentOf(parsed).root, path) : undefined;
    if (found?.item === undefined || found.rest.length !== 1) {
      throw parsed.source.fail("secret.not-found", `there is nothing at ${formatSopsPath(path)}`, { path });
    }
    return { start: found.item.start, end: lineBehind(parsed.source.text, found.item.end), text: "" };
  },

  expandAliases() {
    return [];
  },

  readBack(plain) {
    return readBackText(plain, plain.type === "bool" ? boolText(plain) : plain.bytes.toString("utf8"));
  },

  setMetadata(parsed, metadata) {
    const { metadataSpan } = documentOf(parsed);
    const { text } = parsed.source;
    const lines = metadataLines(metadata);
    if (metadataSpan !== undefined) return [{ ...metadataSpan, text: lines }];
    const open = text === "" || text.endsWith("\n") ? "" : "\n";
    return [{ start: text.length, end: text.length, text: `${open}${text === "" ? "" : "\n"}${lines}` }];
  },

  dropMetadata(parsed) {
    const { metadataSpan } = documentOf(parsed);
    if (metadataSpan === undefined) return [];
    // The empty line that was put before the section goes with it.
    const start = parsed.source.text.slice(0, metadataSpan.start).endsWith("\n\n")
      ? metadataSpan.start - 1
      : metadataSpan.start;
    return [{ start, end: metadataSpan.end, text: "" }];
  },

  stamp(parsed, fields) {
    const { metadata } = documentOf(parsed);
    return [...fields].flatMap(([key, value]) => {
      const entry = entryOf(metadata, key);
      return entry === undefined ? [] : [{ start: entry.value.start, end: entry.value.end, text: value }];
    });
  },
};

const metadataSection = "sops";

function documentOf(parsed: ParsedFile): ParsedDocument {
  const [document] = parsed.documents;
  if (document === undefined) throw new Error("an INI file has one document");
  return document;
}

/** Takes the metadata section out; it ends where the next section begins. */
function split(source: SourceText): ParsedDocument {
  const root = parseIniNodes(source);
  const end = source.text.length;
  const entry = entryOf(root, metadataSection);
  if (entry?.value.kind !== "map")
    return { root, top: root, metadata: undefined, metadataSpan: undefined, end };
  const next = itemsOf(root).find((item) => item.start > entry.start);
  return {
    root: { ...root, items: root.items.filter((item) => item !== entry) },
    top: root,
    metadata: entry.value,
    metadataSpan: { start: entry.start, end: next?.start ?? end },
    end,
  };
}

function boolText(plain: Plain): string {
  return plain.bytes.toString("latin1").toLowerCase();
}

/** A value as gopkg.in/ini.v1 writes it: in backticks or `"""` where it could be read as something else. */
function writeIni(value: Written, source: SourceText, path: SopsPath): string {
  if ("sealed" in value) return value.sealed;
  const text = lineText(value.plain, source);
  if (/^[^\s"'`\\#;\n\r][^"'`\\#;\n\r]*$/u.test(text) && text.trim() === text) return text;
  if (text === "") return "";
  if (!/[`\n\r]/u.test(text)) return `\`${text}\``;
  if (!text.includes('"""') && !text.endsWith('"') && !text.includes("\r")) return `"""${text}"""`;
  throw source.fail("secret.unrepresentable", "a value has quotes and line breaks that INI cannot hold", {
    path,
    hint: "keep it in a YAML file",
  });
}

function writeComment(value: Written, parsed: ParsedFile): string {
  if ("sealed" in value) return `; ${value.sealed}`;
  const lines = lineText(value.plain, parsed.source).split("\n");
  return lines.map((line) => (/^[#;]/u.test(line) ? line : `; ${line}`)).join("\n");
}

function insertKey(parsed: ParsedFile, path: SopsPath, value: Written): Edit {
  const { source } = parsed;
  const document = documentOf(parsed);
  const [section, key] = path;
  const isName = (name: unknown): name is string =>
    typeof name === "string" && /^[^\s=:"`#;[\]][^=:"`\n\r[\]]*$/u.test(name);
  if (path.length !== 2 || !isName(section) || !isName(key) || section === metadataSection) {
    throw source.fail(
      "secret.unrepresentable",
      `${formatSopsPath(path)} is not a section and key that an INI file can have`,
      {
        path,
        hint: "use a section and a key, without = and :",
      },
    );
  }
  const line = `${key} = ${writeIni(value, source, path)}\n`;
  const found = entryOf(document.root, section);
  if (
    found?.value.kind === "map" &&
    (found.value.items.length > 0 ||
      section === defaultSection ||
      found.start > 0 ||
      source.text.startsWith("["))
  ) {
    return insertInto(source.text, section, found.value, line);
  }
  const at = document.metadataSpan?.start ?? document.end;
  const open = at === 0 || source.text[at - 1] === "\n" ? "" : "\n";
  return { start: at, end: at, text: `${open}[${section}]\n${line}\n` };
}

function insertInto(text: string, section: string, node: MapNode, line: string): Edit {
  const last = itemsOf(node).at(-1);
  const isHeadless = section === defaultSection && !text.startsWith(`[${defaultSection}]`, node.start);
  const at = last !== undefined ? lineBehind(text, last.end) : isHeadless ? 0 : nextLine(text, node.start);
  const open = at === 0 || text[at - 1] === "\n" ? "" : "\n";
  return { start: at, end: at, text: `${open}${line}` };
}

function nextLine(text: string, offset: number): number {
  const lineFeed = text.indexOf("\n", offset);
  return lineFeed < 0 ? text.length : lineFeed + 1;
}

function lineBehind(text: string, end: number): number {
  return text[end] === "\n" ? end + 1 : end;
}

function metadataLines(metadata: MetaMap): string {
  const lines = [...flattenMeta(metadata)].map(([key, value]) => `${key} = ${quoteMeta(value)}\n`);
  return `[${metadataSection}]\n${lines.join("")}`;
}

function quoteMeta(value: string): string {
  return /[#;]/u.test(value) ? `\`${value}\`` : value;
}
