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

/** Records where each piece of output comes from. */
export class Tracer implements TraceRecorder {
  readonly #paths = new WeakMap<object, string>();
  readonly #slots = new WeakMap<Frame, Map<number, string>>();
  readonly #open: Segment[][] = [];
  #segments: Segment[] = [];
  /** Pieces of texts that were written to a buffer of their own, by text. */
  readonly #captured = new Map<string, readonly Segment[]>();

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  data(template: string | undefined, position: number, start: number): void {
    this.#segments.push({ start, template, position });
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
