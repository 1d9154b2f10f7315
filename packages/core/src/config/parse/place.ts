import { COLLECTION_STYLE, EVENT_ID, SCALAR_STYLE, type Event, type ScalarEvent } from "js-yaml";

/** The offset behind an event, as far as it tells one; for a block list the one of its first dash. */
export function endOf(event: Event): number {
  switch (event.type) {
    case EVENT_ID.SCALAR:
      return quoteStart(event) < event.valueStart ? event.valueEnd + 1 : event.valueEnd;
    case EVENT_ID.SEQUENCE:
    case EVENT_ID.MAPPING:
      return event.style === COLLECTION_STYLE.FLOW ? event.start + 1 : event.start;
    case EVENT_ID.ALIAS:
      return event.anchorEnd;
    default:
      return 0;
  }
}

/** Where a reader would say that the value begins: at its quote, or at the `|` or `>` of a block. */
export function scalarStart(event: ScalarEvent, text: string): number {
  if (event.style !== SCALAR_STYLE.LITERAL_BLOCK && event.style !== SCALAR_STYLE.FOLDED_BLOCK) {
    return quoteStart(event);
  }
  let end = event.valueStart;
  if (text[end - 1] === "\n") end -= 1;
  if (text[end - 1] === "\r") end -= 1;
  let start = end;
  while (start > 0 && !isBreak(text[start - 1])) start -= 1;
  const header = /[|>][-+\d]*[ \t]*(?:#.*)?$/u.exec(text.slice(start, end));
  return header === null ? event.valueStart : start + header.index;
}

/**
 * Where the dash of an empty list item or the colon of an empty key is, if it comes next but for space, closing
 * brackets and comments; `from` where it does not.
 */
export function findIndicator(indicator: "-" | ":", text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const unit = text[at] ?? "";
    if (unit === indicator) return at;
    if (unit === "#") while (at + 1 < text.length && !isBreak(text[at + 1])) at += 1;
    else if (!/[\s\]},]/u.test(unit)) break;
  }
  return from;
}

function isBreak(unit: string | undefined): boolean {
  return unit === "\n" || unit === "\r";
}

function quoteStart(event: ScalarEvent): number {
  const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
  return quoted ? event.valueStart - 1 : event.valueStart;
}

/** Where an event begins: a quoted text at its quote, an alias at its asterisk. */
export function offsetOf(event: Event | undefined): number {
  switch (event?.type) {
    case EVENT_ID.SCALAR:
      return Math.max(0, quoteStart(event));
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return Math.max(0, event.start);
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1;
    default:
      return 0;
  }
}
