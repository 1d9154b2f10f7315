import {
  CHOMPING_MODE,
  COLLECTION_STYLE,
  EVENT_ID,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type Event,
  type MappingEvent,
  type ScalarEvent,
  type SequenceEvent,
} from "js-yaml";
import type { Limits } from "../parse/limits.ts";
import { endOf, offsetOf, scalarStart } from "../parse/place.ts";
import { lineStart, skipTrivia } from "./splice.ts";
import type { ChildSpot, CollectionSpot, Properties, ScalarSpot, Spot } from "./spot.ts";

/**
 * Finds where everything in a YAML text stands. The text has to be one that `parseYaml` accepts.
 *
 * @returns `undefined` for a text without a document
 */
export function locate(text: string, limits: Limits): Spot | undefined {
  const events = parseEvents(text, { maxDepth: limits.maxDepth });
  return events.length === 0 ? undefined : new Locator(text, events).readRoot();
}

type Extent = Pick<Spot, "headEnd" | "inFlow">;

/** Walks the events once; each value learns its end from what it holds. */
class Locator {
  readonly #text: string;
  readonly #events: readonly Event[];
  #at = 1;

  constructor(text: string, events: readonly Event[]) {
    this.#text = text;
    this.#events = events;
  }

  readRoot(): Spot {
    const event = this.#events[this.#at];
    const start =
      event?.type === EVENT_ID.SCALAR && event.valueStart < 0 ? this.#text.length : offsetOf(event);
    return this.#read({ headEnd: start, inFlow: false });
  }

  #read(extent: Extent): Spot {
    const event = this.#events[this.#at] as Event;
    this.#at += 1;
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#scalar(event, extent);
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE:
        return this.#collection(event, extent);
      case EVENT_ID.ALIAS: {
        const { anchorEnd: end } = event;
        return {
          kind: "alias",
          start: offsetOf(event),
          end,
          outerEnd: end,
          properties: undefined,
          ...extent,
        };
      }
      default:
        throw new Error(`unexpected YAML event ${event.type}`);
    }
  }

  #scalar(event: ScalarEvent, extent: Extent): ScalarSpot {
    const properties = this.#properties(event);
    const base = { kind: "scalar", properties, ...extent } as const;
    const block = event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK;
    if (event.valueStart < 0 && !block) {
      const at = properties?.end ?? extent.headEnd;
      return { ...base, style: "empty", start: at, end: at, outerEnd: at };
    }
    const start = scalarStart(event, this.#text);
    if (block) {
      const end = this.#blockEnd(event, start);
      const keeps = event.chomping === CHOMPING_MODE.KEEP;
      return { ...base, style: "block", start, end, outerEnd: keeps ? Math.max(end, event.valueEnd) : end };
    }
    const end = endOf(event);
    return { ...base, style: styleOf(event), start, end, outerEnd: end };
  }

  /** Blank lines behind a block belong to it only as far as they are indented deeper than it. */
  #blockEnd(event: ScalarEvent, start: number): number {
    const content = this.#text.slice(start, event.valueEnd);
    const blank = new RegExp(`(?:(?:\\r\\n|\\n|\\r) {0,${Math.max(0, event.indent)}})+$`, "u");
    return start + content.replace(blank, "").length;
  }

  #collection(event: MappingEvent | SequenceEvent, extent: Extent): CollectionSpot {
    const { start } = event;
    const isMap = event.type === EVENT_ID.MAPPING;
    const isFlow = event.style === COLLECTION_STYLE.FLOW;
    const bracketed = isFlow && /[{[]/u.test(this.#text[start] ?? "");
    const children: ChildSpot[] = [];
    let end = bracketed ? start + 1 : start;
    while ((this.#events[this.#at] as Event).type !== EVENT_ID.POP) {
      const child = isMap ? this.#entry(isFlow) : this.#item(end, isFlow, children.length);
      children.push(child);
      end = child.value.end;
    }
    this.#at += 1;
    if (bracketed) end = this.#skipCommas(end) + 1;
    return {
      kind: isMap ? "map" : "list",
      style: bracketed ? "flow" : isFlow ? "pair" : "block",
      children,
      start,
      end,
      outerEnd: isFlow ? end : (children.at(-1)?.value.outerEnd ?? end),
      properties: this.#properties(event),
      ...extent,
    };
  }

  #entry(inFlow: boolean): ChildSpot {
    const event = this.#events[this.#at] as ScalarEvent;
    this.#at += 1;
    const key = getScalarValue(this.#text, event);
    const colon = skipTrivia(this.#text, endOf(event));
    const hasIndicator = this.#text[colon] === ":";
    const value = this.#read({ headEnd: hasIndicator ? colon + 1 : endOf(event), inFlow });
    const isMerge = key === "<<" && event.style === SCALAR_STYLE.PLAIN;
    return { name: isMerge ? undefined : key, start: this.#keyStart(event), hasIndicator, value };
  }

  /** Where a key begins with its tag, its anchor, and the question mark of an explicit key. */
  #keyStart(event: ScalarEvent): number {
    const start = Math.min(this.#properties(event)?.start ?? Infinity, offsetOf(event));
    const before = this.#text.slice(lineStart(this.#text, start), start);
    const mark = /(?:^|[\s{,])(\?\s+)$/u.exec(before)?.[1] ?? "";
    return start - mark.length;
  }

  #item(from: number, inFlow: boolean, index: number): ChildSpot {
    const start = inFlow ? this.#skipCommas(from) : skipTrivia(this.#text, from);
    const value = this.#read({ headEnd: inFlow ? start : start + 1, inFlow });
    return { name: String(index), start, hasIndicator: !inFlow, value };
  }

  #skipCommas(from: number): number {
    let at = skipTrivia(this.#text, from);
    while (this.#text[at] === ",") at = skipTrivia(this.#text, at + 1);
    return at;
  }

  #properties(event: ScalarEvent | MappingEvent | SequenceEvent): Properties | undefined {
    const { tagStart, tagEnd, anchorStart, anchorEnd } = event;
    if (tagStart < 0 && anchorStart < 0) return undefined;
    const starts = [tagStart, anchorStart - 1].filter((start) => start >= 0);
    return {
      start: Math.min(...starts),
      end: Math.max(tagEnd, anchorEnd),
      anchor: anchorStart < 0 ? undefined : this.#text.slice(anchorStart - 1, anchorEnd),
      tag: tagStart < 0 ? undefined : this.#text.slice(tagStart, tagEnd),
    };
  }
}

function styleOf(event: ScalarEvent): ScalarSpot["style"] {
  if (event.style === SCALAR_STYLE.SINGLE_QUOTED) return "single";
  return event.style === SCALAR_STYLE.DOUBLE_QUOTED ? "double" : "plain";
}
