import {
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
import { LotseError, type ErrorCode } from "../../kernel/index.ts";
import { listNode, mapNode, scalarNode, type MapNode, type Node } from "../model/node.ts";
import { isForbiddenKey } from "../model/path.ts";
import type { TextSource } from "../model/source.ts";
import { KeyTable } from "./keys.ts";
import type { Limits } from "./limits.ts";
import { endOf, findIndicator, offsetOf, scalarStart } from "./place.ts";
import { readPlain, type ReadScalar } from "./scalar.ts";
import { readTag, typed, type Tag } from "./tag.ts";

/**
 * Parses a YAML 1.2 text into nodes that know their places. JSON is YAML, so it goes through here as well.
 *
 * @param keys - what files that are parsed together share their keys in
 * @returns `undefined` for an empty text or one of comments only
 * @throws LotseError `parse.*` with line and column
 */
export function parseYaml(source: TextSource, limits: Limits, keys = new KeyTable()): Node | undefined {
  return new YamlReader(source, readEvents(source, limits), limits, keys).readDocument();
}

function readEvents(source: TextSource, limits: Limits): Event[] {
  try {
    return parseEvents(source.text, { maxDepth: limits.maxDepth });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const where = error.mark === undefined ? { file: source.file } : source.where(error.mark.position);
    if (error.reason.startsWith("nesting exceeded")) {
      throw new LotseError({
        code: "parse.too-deep",
        message: `maps and lists are nested more than ${limits.maxDepth} deep`,
        hint: "flatten the structure, or raise limits.max-depth in lotse.yml",
        where,
      });
    }
    throw new LotseError({
      code: "parse.syntax",
      message: error.reason,
      hint: syntaxHint(error.reason),
      where,
    });
  }
}

function syntaxHint(reason: string): string {
  if (reason.includes("tab")) return "indent with spaces";
  if (reason.includes("deficient indentation")) return "a bracket or quote may be left open above this line";
  if (reason.includes("mapping entry"))
    return 'quote a value that holds ": " or starts with a special character';
  return "correct the YAML at this place";
}

interface Anchor {
  readonly node: Node | undefined;
  readonly size: number;
}

/** Walks the flat list of events once; `at` is the next event. */
class YamlReader {
  readonly #source: TextSource;
  readonly #events: readonly Event[];
  readonly #limits: Limits;
  readonly #keys: KeyTable;
  readonly #anchors = new Map<string, Anchor>();
  #at = 0;
  #expanded = 0;
  /** The offset behind what was read last. */
  #end = 0;

  constructor(source: TextSource, events: readonly Event[], limits: Limits, keys: KeyTable) {
    this.#source = source;
    this.#events = events;
    this.#limits = limits;
    this.#keys = keys;
  }

  readDocument(): Node | undefined {
    if (this.#events.length === 0) return undefined;
    this.#at = 1;
    const node = this.#readNode();
    this.#at += 1;
    const next = this.#events[this.#at];
    if (next !== undefined) {
      const content = this.#events[this.#at + 1];
      const separator = this.#source.text.indexOf("---", this.#end);
      throw this.#error(
        "parse.several-documents",
        "the file holds more than one YAML document",
        separator < 0 ? offsetOf(content) : separator,
        {
          hint: "keep one document per file: remove the separator ---",
        },
      );
    }
    return node;
  }

  #error(
    code: ErrorCode,
    message: string,
    offset: number,
    more: { hint: string; first?: number },
  ): LotseError {
    return new LotseError({
      code,
      message,
      hint: more.hint,
      where: this.#source.where(offset),
      related: more.first === undefined ? undefined : [this.#source.where(more.first)],
    });
  }

  /** @param key - where the value's key stands, if it has one */
  #readNode(key?: number): Node {
    const event = this.#next();
    this.#count(1, event);
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#readScalar(event, key);
      case EVENT_ID.MAPPING:
        return this.#readMap(event);
      case EVENT_ID.SEQUENCE:
        return this.#readList(event);
      case EVENT_ID.ALIAS:
        return this.#readAlias(event);
      default:
        throw new Error(`unexpected YAML event ${event.type}`);
    }
  }

  #next(): Event {
    const event = this.#events[this.#at] as Event;
    this.#at += 1;
    this.#end = Math.max(this.#end, endOf(event));
    return event;
  }

  #count(size: number, event: Event): void {
    this.#expanded += size;
    if (this.#expanded > this.#limits.maxNodes) {
      throw this.#error(
        "parse.alias-bomb",
        `the file has more than ${this.#limits.maxNodes.toLocaleString("en")} values when its aliases are expanded`,
        offsetOf(event),
        { hint: "remove nested aliases, or raise limits.max-nodes in lotse.yml" },
      );
    }
  }

  #readScalar(event: ScalarEvent, key: number | undefined): Node {
    const { text } = this.#source;
    const offset = event.valueStart < 0 ? this.#offsetOfEmpty(event, key) : scalarStart(event, text);
    if (event.valueStart < 0) this.#end = Math.max(this.#end, offset + 1);
    const value = event.fast ? text.slice(event.valueStart, event.valueEnd) : getScalarValue(text, event);
    const tag = this.#tagOf(event);
    if (tag?.mark !== undefined && tag.mark !== "replace" && tag.mark !== "delete") {
      throw this.#error("parse.tag-misuse", `!${tag.mark} stands on a single value`, event.tagStart, {
        hint: "it combines maps or lists; a single value wins by itself",
      });
    }
    const read = this.#interpret(value, event, tag, offset);
    const node = scalarNode({
      kind: read.kind,
      value: read.value,
      text: read.text,
      source: this.#source,
      offset,
      mark: tag?.mark,
      hasReferences: read.kind === "string" && value.includes("${"),
    });
    return this.#anchored(event, node, 1);
  }

  #interpret(value: string, event: ScalarEvent, tag: Tag | undefined, offset: number): ReadScalar {
    if (tag?.type !== undefined) return typed(tag.type, value, this.#source.where(offset));
    return event.style === SCALAR_STYLE.PLAIN ? readPlain(value) : { kind: "string", value, text: undefined };
  }

  /**
   * An empty value has no range of its own: it stands at its tag or anchor, at its key, or at the dash of its
   * list item, which is the first one that is not in a comment behind the value before.
   */
  #offsetOfEmpty(event: ScalarEvent, key: number | undefined): number {
    const own = [event.tagStart, event.anchorStart - 1].filter((offset) => offset >= 0);
    if (own.length > 0) return Math.min(...own);
    if (key !== undefined) return key;
    return findIndicator("-", this.#source.text, this.#end);
  }

  #readMap(event: MappingEvent): Node {
    const sizeBefore = this.#expanded - 1;
    const tag = this.#tagOf(event);
    this.#checkCollection(event, tag, "map");
    const entries = new Map<string, Node>();
    const keyOffsets = new Map<string, number>();
    const inherited: MapNode[] = [];
    while ((this.#events[this.#at] as Event).type !== EVENT_ID.POP) {
      const keyEvent = this.#next();
      const key = this.#readKey(keyEvent);
      if (key === "<<" && isPlain(keyEvent)) {
        this.#readInherited(inherited);
        continue;
      }
      const first = keyOffsets.get(key);
      if (first !== undefined) {
        throw this.#error(
          "parse.duplicate-key",
          `the key "${key}" stands twice in this map`,
          offsetOf(keyEvent),
          {
            first,
            hint: "remove one of the two",
          },
        );
      }
      keyOffsets.set(key, offsetOf(keyEvent));
      entries.set(key, this.#readNode(offsetOf(keyEvent)));
    }
    this.#at += 1;
    for (const map of inherited) {
      for (const [key, node] of map.entries) if (!entries.has(key)) entries.set(key, node);
    }
    const offset = offsetOf(event);
    return this.#anchored(
      event,
      mapNode(entries, this.#source, offset, tag?.mark),
      this.#expanded - sizeBefore,
    );
  }

  /** Reads the value of a merge key `<<` (https://yaml.org/type/merge.html): a map or a list of maps. */
  #readInherited(into: MapNode[]): void {
    const event = this.#events[this.#at] as Event;
    const node = this.#readNode();
    const maps = node.kind === "list" ? node.items : [node];
    for (const map of maps) {
      if (map.kind !== "map") {
        throw this.#error("parse.key", "the merge key << takes a map or a list of maps", offsetOf(event), {
          hint: "point it at an anchor on a map",
        });
      }
      into.push(map);
    }
  }

  #readKey(event: Event): string {
    if (event.type !== EVENT_ID.SCALAR) {
      throw this.#error("parse.key", "a map key is a single text here", offsetOf(event), {
        hint: "use a plain or quoted text as the key",
      });
    }
    const text = event.valueStart < 0 ? "" : getScalarValue(this.#source.text, event);
    if (text === "") {
      const offset =
        event.valueStart < 0 ? findIndicator(":", this.#source.text, this.#end) : offsetOf(event);
      throw this.#error("parse.key", "a map key is empty", offset, { hint: "name the key" });
    }
    if (isForbiddenKey(text)) {
      throw this.#error("parse.forbidden-key", `the key "${text}" is not allowed`, offsetOf(event), {
        hint: "it would reach into JavaScript's own objects; choose another name",
      });
    }
    return this.#keys.shared(text);
  }

  #readList(event: SequenceEvent): Node {
    const sizeBefore = this.#expanded - 1;
    const tag = this.#tagOf(event);
    this.#checkCollection(event, tag, "seq");
    const items: Node[] = [];
    while ((this.#events[this.#at] as Event).type !== EVENT_ID.POP) items.push(this.#readNode());
    this.#at += 1;
    const offset = offsetOf(event);
    return this.#anchored(
      event,
      listNode(items, this.#source, offset, tag?.mark),
      this.#expanded - sizeBefore,
    );
  }

  #readAlias(event: AliasEvent): Node {
    const name = this.#source.text.slice(event.anchorStart, event.anchorEnd);
    const anchor = this.#anchors.get(name);
    if (anchor?.node === undefined) {
      throw this.#error(
        "parse.unknown-alias",
        `the alias *${name} has no anchor &${name} above it`,
        event.anchorStart,
        {
          hint: "an anchor stands in the same file, before its aliases and not around them",
        },
      );
    }
    this.#count(anchor.size - 1, event);
    return anchor.node;
  }

  #anchored(event: ScalarEvent | MappingEvent | SequenceEvent, node: Node, size: number): Node {
    if (event.anchorStart >= 0) {
      this.#anchors.set(this.#source.text.slice(event.anchorStart, event.anchorEnd), { node, size });
    }
    return node;
  }

  #tagOf(event: ScalarEvent | MappingEvent | SequenceEvent): Tag | undefined {
    if (event.tagStart < 0) return undefined;
    const text = this.#source.text.slice(event.tagStart, event.tagEnd);
    return readTag(text, this.#source.where(event.tagStart));
  }

  #checkCollection(event: MappingEvent | SequenceEvent, tag: Tag | undefined, type: "map" | "seq"): void {
    const kind = type === "map" ? "map" : "list";
    if (tag?.type !== undefined && tag.type !== type) {
      throw this.#error("parse.tag-misuse", `the tag !!${tag.type} stands on a ${kind}`, event.tagStart, {
        hint: "remove the tag",
      });
    }
    if (type === "map" && (tag?.mark === "append" || tag?.mark === "prepend")) {
      throw this.#error("parse.tag-misuse", `!${tag.mark} stands on a map`, event.tagStart, {
        hint: "it adds to lists; maps merge by themselves",
      });
    }
  }
}

function isPlain(event: Event): boolean {
  return event.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN;
}
