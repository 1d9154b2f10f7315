import {
  CHOMPING_MODE,
  COLLECTION_STYLE,
  EVENT_ID,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
  type AliasEvent,
  type Event,
  type MappingEvent,
  type ScalarEvent,
  type SequenceEvent,
} from "js-yaml";
import type { SopsLimits } from "../limits.ts";
import type { SourceText } from "../source-text.ts";
import type { AliasNode, ListItem, ListNode, MapEntry, MapNode, Node, ScalarNode } from "./parsed.ts";
import { emptySpan, interpretScalar, skipSpace, spanOfScalar } from "./yaml-scalar.ts";

/** A YAML document before comments are put in; `root` is missing where it is empty. */
export interface RawDocument {
  readonly root: MapNode | undefined;
  /** The offset behind its last token. */
  readonly end: number;
  /** Whether `---` opened it. */
  readonly explicitStart: boolean;
}

/** What the events of a file tell: its documents, and the spans in which `#` is no comment. */
export interface RawYaml {
  readonly documents: readonly RawDocument[];
  /** Spans of scalars in text order, as pairs of offsets. */
  readonly opaque: readonly number[];
}

/**
 * Parses YAML into nodes that know their places.
 *
 * @throws LotseError `secret.format` with line and column
 */
export function parseYamlNodes(source: SourceText, limits: SopsLimits): RawYaml {
  return new YamlNodeReader(source, readEvents(source, limits), limits).read();
}

function readEvents(source: SourceText, limits: SopsLimits): readonly Event[] {
  try {
    return parseEvents(source.text, { maxDepth: limits.maxDepth });
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    throw source.fail("secret.format", `the YAML is not well formed: ${cause.reason}`, {
      offset: cause.mark?.position,
      hint: "correct the YAML at this place",
    });
  }
}

type Collection = { readonly flow: boolean; readonly indent: number };

class YamlNodeReader {
  readonly #source: SourceText;
  readonly #text: string;
  readonly #events: readonly Event[];
  readonly #limits: SopsLimits;
  readonly #anchors = new Map<string, Node | undefined>();
  readonly #opaque: number[] = [];
  #at = 0;
  /** The offset behind the last token. */
  #cursor = 0;

  constructor(source: SourceText, events: readonly Event[], limits: SopsLimits) {
    this.#source = source;
    this.#text = source.text;
    this.#events = events;
    this.#limits = limits;
  }

  read(): RawYaml {
    const documents: RawDocument[] = [];
    while (this.#at < this.#events.length) {
      const event = this.#next();
      if (event.type !== EVENT_ID.DOCUMENT) throw new Error(`unexpected YAML event ${event.type}`);
      if (documents.length >= this.#limits.maxDocuments) {
        throw this.#fail(`the file has more than ${this.#limits.maxDocuments} documents`, this.#cursor);
      }
      this.#anchors.clear();
      if (event.explicitStart) this.#cursor = this.#behindMarker();
      const root = this.#node({ flow: false, indent: -1 });
      this.#at += 1;
      documents.push({ root: this.#asRoot(root), end: this.#cursor, explicitStart: event.explicitStart });
    }
    return { documents, opaque: this.#opaque };
  }

  #next(): Event {
    const event = this.#events[this.#at];
    if (event === undefined) throw new Error("YAML events end early");
    this.#at += 1;
    return event;
  }

  #fail(message: string, offset: number, hint?: string): Error {
    return this.#source.fail("secret.format", message, { offset, hint });
  }

  #behindMarker(): number {
    const marker = /^---/gmu;
    marker.lastIndex = this.#cursor;
    const match = marker.exec(this.#text);
    return match === null ? this.#cursor : match.index + 3;
  }

  #asRoot(node: Node): MapNode | undefined {
    if (node.kind === "map") return node;
    if (node.kind === "scalar" && node.plain.type === "null") return undefined;
    throw this.#fail(
      "the top of a document is not a map, and sops encrypts maps only",
      node.start,
      "put the value under a key, or encrypt the file as a binary file",
    );
  }

  #node(within: Collection): Node {
    const event = this.#next();
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#scalar(event, within);
      case EVENT_ID.MAPPING:
        return this.#map(event);
      case EVENT_ID.SEQUENCE:
        return this.#list(event);
      case EVENT_ID.ALIAS:
        return this.#alias(event, within);
      default:
        throw new Error(`unexpected YAML event ${event.type}`);
    }
  }

  #scalar(event: ScalarEvent, within: Collection): ScalarNode {
    const tag = event.tagStart < 0 ? "" : this.#text.slice(event.tagStart, event.tagEnd);
    const properties = Math.max(event.tagEnd, event.anchorEnd);
    const isEmpty = event.valueStart < 0;
    const span = isEmpty
      ? emptySpan(this.#text, properties, this.#cursor, within.flow)
      : spanOfScalar(this.#source, event, this.#cursor);
    const text = isEmpty
      ? ""
      : event.fast
        ? this.#text.slice(event.valueStart, event.valueEnd)
        : getScalarValue(this.#text, event);
    // A tag says how to read the value, so what replaces the value replaces the tag.
    const start = tag === "" ? span.start : Math.min(event.tagStart, span.start);
    if (!isEmpty) this.#opaque.push(span.start, Math.max(span.end, event.valueEnd));
    // With `+` the blank lines behind a block are part of its value.
    const keeps = !isEmpty && event.chomping === CHOMPING_MODE.KEEP;
    this.#cursor = Math.max(this.#cursor, keeps ? event.valueEnd : span.end, properties);
    const node: ScalarNode = {
      kind: "scalar",
      plain: interpretScalar(this.#source, text, tag, event.style === SCALAR_STYLE.PLAIN, start),
      start,
      end: span.end,
      flow: within.flow,
      lead: isEmpty && tag === "" ? span.lead : "",
      indent: within.indent,
      anchored: event.anchorStart >= 0,
    };
    if (event.anchorStart >= 0) this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), node);
    return node;
  }

  #map(event: MappingEvent): MapNode {
    this.#checkTag(event, "!!map");
    const flow = event.style === COLLECTION_STYLE.FLOW;
    const own: Collection = { flow, indent: flow ? -1 : this.#column(event.start) };
    if (flow) this.#cursor = Math.max(this.#cursor, event.start + 1);
    const anchor = this.#openAnchor(event);
    const items: MapEntry[] = [];
    const known = new Set<string>();
    while (this.#events[this.#at]?.type !== EVENT_ID.POP) {
      const entry = this.#entry(own);
      if (known.has(entry.key)) {
        throw this.#fail(
          `the key ${JSON.stringify(entry.key)} stands twice in this map`,
          entry.start,
          "remove one",
        );
      }
      known.add(entry.key);
      items.push(entry);
    }
    this.#at += 1;
    if (flow) this.#cursor = this.#behindClose("}");
    const node: MapNode = { kind: "map", items, start: event.start, end: this.#cursor, ...own };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    return node;
  }

  #entry(own: Collection): MapEntry {
    const event = this.#next();
    if (event.type !== EVENT_ID.SCALAR) {
      throw this.#fail(
        "a key is not a single text, and sops knows text keys only",
        this.#cursor,
        "use a text as the key",
      );
    }
    const node = this.#scalar(event, own);
    const text = this.#text.slice(node.start, node.end);
    if (node.plain.type !== "str" && text !== "<<") {
      throw this.#fail(
        "a key is not a text, and sops knows text keys only",
        node.start,
        "put the key in quotes",
      );
    }
    this.#cursor = this.#behindColon(own.flow);
    const value = this.#node(own);
    return {
      kind: "entry",
      key: node.plain.bytes.toString("utf8"),
      start: node.start,
      end: this.#cursor,
      value,
    };
  }

  /** Goes over the colon behind a key; a key within brackets may do without. */
  #behindColon(flow: boolean): number {
    const at = skipSpace(this.#text, this.#cursor);
    if (this.#text[at] === ":") return at + 1;
    if (flow) return this.#cursor;
    throw this.#fail("a key has no colon", this.#cursor);
  }

  #list(event: SequenceEvent): ListNode {
    this.#checkTag(event, "!!seq");
    const flow = event.style === COLLECTION_STYLE.FLOW;
    const own: Collection = { flow, indent: flow ? -1 : this.#column(event.start) };
    if (flow) this.#cursor = Math.max(this.#cursor, event.start + 1);
    const anchor = this.#openAnchor(event);
    const items: ListItem[] = [];
    while (this.#events[this.#at]?.type !== EVENT_ID.POP) {
      let start = skipSpace(this.#text, this.#cursor, flow);
      if (!flow) {
        if (this.#text[start] !== "-") throw this.#fail("a list item has no dash", start);
        this.#cursor = start + 1;
      }
      const value = this.#node(own);
      if (flow) start = Math.min(start, value.start);
      items.push({ kind: "item", start, end: this.#cursor, value });
    }
    this.#at += 1;
    if (flow) this.#cursor = this.#behindClose("]");
    const node: ListNode = { kind: "list", items, start: event.start, end: this.#cursor, ...own };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    return node;
  }

  #alias(event: AliasEvent, within: Collection): AliasNode {
    const name = this.#text.slice(event.anchorStart, event.anchorEnd);
    const target = this.#anchors.get(name);
    if (target === undefined) {
      throw this.#fail(
        `the alias *${name} has no anchor above it`,
        event.anchorStart,
        "add the anchor, or write the value out",
      );
    }
    this.#cursor = event.anchorEnd;
    return { kind: "alias", target, start: event.anchorStart - 1, end: event.anchorEnd, ...within };
  }

  #openAnchor(event: MappingEvent | SequenceEvent): string | undefined {
    this.#cursor = Math.max(this.#cursor, event.tagEnd, event.anchorEnd);
    if (event.anchorStart < 0) return undefined;
    const name = this.#text.slice(event.anchorStart, event.anchorEnd);
    // Until it is closed, an alias to it would be a circle.
    this.#anchors.delete(name);
    return name;
  }

  #checkTag(event: MappingEvent | SequenceEvent, expected: string): void {
    if (event.tagStart < 0) return;
    const tag = this.#text.slice(event.tagStart, event.tagEnd);
    if (tag !== expected && tag !== "!")
      throw this.#fail(`the tag ${tag} is not known here`, event.tagStart, "remove the tag");
  }

  #behindClose(bracket: string): number {
    const at = skipSpace(this.#text, this.#cursor, true);
    if (this.#text[at] !== bracket) throw this.#fail(`a ${bracket} is missing`, at);
    return at + 1;
  }

  #column(offset: number): number {
    return offset - (this.#text.lastIndexOf("\n", offset - 1) + 1);
  }
}
