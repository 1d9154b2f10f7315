import type { Frame } from "../runtime/frame.ts";
import type { TraceRecorder } from "../runtime/runtime.ts";
import { Markup } from "../values/markup.ts";
import { PyObject, type Value } from "../values/object.ts";
import { textOf } from "../values/markup.ts";

/** A stretch of output, up to the start of the next one. */
export interface Segment {
  /** Offset in the output. */
  readonly start: number;
  readonly template: string | undefined;
  /** Offset in the template. */
  readonly position: number;
  /** Set for `{{ … }}`. */
  readonly expression?: {
    readonly value: Value;
    readonly filter: string | undefined;
    readonly paths: readonly string[];
  };
}

/** Records where each piece of output comes from, up to a number of pieces. */
export class Tracer implements TraceRecorder {
  #left: number;
  #end: number | undefined;
  readonly #paths = new WeakMap<object, string>();
  readonly #slots = new WeakMap<Frame, Map<number, string>>();
  readonly #open: Segment[][] = [];
  #segments: Segment[] = [];
  /** Pieces of texts that were written to a buffer of their own, by text. */
  readonly #captured = new Map<string, readonly Segment[]>();

  /** @param most - pieces that are recorded at most */
  constructor(most: number) {
    this.#left = most;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get full(): boolean {
    return this.#left <= 0;
  }

  /** Where the output begins that nothing is known of; `undefined` where all of it is known. */
  get end(): number | undefined {
    return this.#end;
  }

  dropped(start: number): void {
    this.#left = 0;
    // Within a buffer the place in the output is not known yet; what writes the buffer out tells it.
    if (this.#open.length === 0) this.#end ??= start;
  }

  data(template: string | undefined, position: number, start: number): void {
    if (this.#takes(1, start)) this.#segments.push({ start, template, position });
  }

  #takes(pieces: number, start: number): boolean {
    this.#left -= pieces;
    if (this.#left >= 0) return true;
    this.dropped(start);
    return false;
  }

  expression(written: {
    readonly template: string | undefined;
    readonly position: number;
    readonly start: number;
    readonly value: Value;
    readonly filter: string | undefined;
    readonly isCall: boolean;
    readonly paths: readonly string[];
  }): void {
    const { template, position, start, value, filter, isCall, paths } = written;
    const text = value instanceof Markup || typeof value === "string" ? textOf(value) : undefined;
    const inner = text === undefined ? undefined : this.#captured.get(text);
    if (!this.#takes(inner !== undefined && isCall ? inner.length : 1, start)) return;
    if (inner !== undefined && isCall) {
      for (const segment of inner) this.#segments.push({ ...segment, start: start + segment.start });
      return;
    }
    this.#segments.push({ start, template, position, expression: { value, filter, paths } });
  }

  push(): void {
    this.#open.push(this.#segments);
    this.#segments = [];
  }

  pop(text: string): void {
    if (text !== "") this.#captured.set(text, this.#segments);
    this.#segments = this.#open.pop() ?? [];
  }

  container(value: object, path: string): void {
    this.#paths.set(value, path);
  }

  slot(frame: Frame, slot: number, path: string | undefined): void {
    const slots = this.#slots.get(frame) ?? new Map<number, string>();
    if (path === undefined) slots.delete(slot);
    else slots.set(slot, path);
    this.#slots.set(frame, slots);
  }

  slotPath(frame: Frame, slot: number): string | undefined {
    return this.#slots.get(frame)?.get(slot);
  }

  pathOf(value: Value | undefined): string | undefined {
    return Array.isArray(value) || value instanceof PyObject ? this.#paths.get(value) : undefined;
  }
}
