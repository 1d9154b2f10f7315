import type { Automaton } from "./automaton.ts";
import { LineBreaks } from "./line-breaks.ts";
import { Pending } from "./pending.ts";
import { Scanner } from "./scanner.ts";

/** A filter for one stream. What it returns is safe to show, in order and complete once it has ended. */
export interface FirewallFilter {
  /**
   * Takes the next bytes.
   *
   * @returns what of the stream can be put out now; it may share memory with the chunk
   */
  write(chunk: Uint8Array): Buffer;
  /**
   * Puts out what is held back although it might become a secret, for a stream that has gone quiet, such as
   * one that waits at a prompt. Only up to three bytes are let go, so a longer beginning of a secret stays
   * back; the rest of a secret that arrives later is still redacted.
   */
  flush(): Buffer;
  /** Ends the stream. @returns the rest; what was held back turned out to be no secret */
  end(): Buffer;
}

/** What a filter needs to know of the secrets; shared by all streams. */
export interface FilterPlan {
  /** `null` without any secret: then all passes. */
  readonly automaton: Automaton | null;
  /** What replaces each pattern. */
  readonly markers: readonly Buffer[];
}

/** A stretch of the stream, in bytes that are no line break, that must not be shown. */
interface Span {
  start: number;
  end: number;
  pattern: number;
  /** How long the pattern is that names the stretch. */
  length: number;
  /** Whether the marker has been put out, so that only the end can still move. */
  isOpen: boolean;
}

/** How many line breaks within a secret are followed, in bytes. */
const maxBreakBytes = 65_536;

/** How many bytes {@link FirewallFilter.flush} lets go at most. */
const maxFlushBytes = 3;

/** Makes the filter of one stream. */
export function createFilter(plan: FilterPlan): FirewallFilter {
  if (plan.automaton === null) return new OpenFilter();
  return new RedactingFilter(plan.automaton, plan.markers);
}

/** Lets everything pass. */
class OpenFilter implements FirewallFilter {
  write(chunk: Uint8Array): Buffer {
    return asBuffer(chunk);
  }

  flush(): Buffer {
    return Buffer.alloc(0);
  }

  end(): Buffer {
    return Buffer.alloc(0);
  }
}

/**
 * Replaces every stretch that any pattern covers. Overlapping matches become one stretch: what is left
 * between the markers has been contiguous in the input, and no pattern occurs in it.
 */
class RedactingFilter implements FirewallFilter {
  readonly #automaton: Automaton;
  readonly #markers: readonly Buffer[];
  readonly #breaks = new LineBreaks();
  readonly #pending = new Pending();
  readonly #scanner: Scanner;
  /** What has been matched and not put out, ascending and without overlaps. */
  readonly #spans: Span[] = [];

  constructor(automaton: Automaton, markers: readonly Buffer[]) {
    this.#automaton = automaton;
    this.#markers = markers;
    this.#scanner = new Scanner(automaton, this.#breaks, (pattern, start, end) =>
      this.#cover(pattern, start, end),
    );
  }

  write(chunk: Uint8Array): Buffer {
    const output: Buffer[] = [];
    const bytes = asBuffer(chunk);
    this.#pending.add(bytes);
    this.#scanner.read(bytes);
    this.#release(this.#scanner.count - this.#scanner.undecided(), output);
    const held = this.#pending.end - this.#pending.start;
    if (held > this.#automaton.longest + maxBreakBytes) this.#release(this.#scanner.count, output);
    this.#pending.keep();
    return output.length === 1 ? (output[0] as Buffer) : Buffer.concat(output);
  }

  flush(): Buffer {
    const output: Buffer[] = [];
    if (this.#scanner.undecided() <= maxFlushBytes) this.#release(this.#scanner.count, output);
    return Buffer.concat(output);
  }

  end(): Buffer {
    const output: Buffer[] = [];
    this.#release(this.#scanner.count, output);
    return Buffer.concat(output);
  }

  /** Merges a match with those it overlaps. Matches come in the order of their ends. */
  #cover(pattern: number, start: number, end: number): void {
    const merged: Span = { start, end, pattern, length: end - start, isOpen: false };
    for (;;) {
      const last = this.#spans.at(-1);
      if (last === undefined || last.end <= merged.start) break;
      // The earliest names the stretch, and of those that start together the longest.
      if (
        last.isOpen ||
        last.start < merged.start ||
        (last.start === merged.start && last.length > merged.length)
      ) {
        Object.assign(merged, { pattern: last.pattern, length: last.length });
      }
      merged.start = Math.min(last.start, merged.start);
      merged.isOpen = last.isOpen;
      this.#spans.pop();
    }
    this.#spans.push(merged);
  }

  /** Puts out all before a byte, counted without line breaks, that no later match can reach. */
  #release(until: number, output: Buffer[]): void {
    const limit = until === this.#scanner.count ? this.#pending.end : this.#breaks.positionOf(until);
    if (limit <= this.#pending.start) return;
    let passed = 0;
    for (const span of this.#spans) {
      const start = this.#breaks.positionOf(span.start);
      if (start >= limit && !span.isOpen) break;
      if (!span.isOpen) {
        this.#pending.take(start, output);
        output.push(this.#markers[span.pattern] as Buffer);
        span.isOpen = true;
      }
      // The byte before the end is the last one covered; line breaks after it are not part of the secret.
      this.#pending.take(Math.min(this.#breaks.positionOf(span.end - 1) + 1, limit), null);
      if (span.end <= until) passed++;
    }
    this.#pending.take(limit, output);
    this.#spans.splice(0, passed);
    this.#breaks.forgetBefore(until);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
