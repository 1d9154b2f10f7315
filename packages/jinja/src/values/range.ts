import { PythonError } from "../errors.ts";
import { intOf } from "./numbers.ts";
import { PyObject, type Value } from "./object.ts";

/** Python's `range`: its numbers are made when asked for. Bounds are safe integers. */
export class Range extends PyObject {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly length: number;

  constructor(start: number, stop: number, step: number) {
    super();
    this.start = start;
    this.stop = stop;
    this.step = step;
    this.length = Math.max(0, Math.ceil((stop - start) / step));
  }

  override get typeName(): string {
    return "range";
  }

  override repr(): string {
    const step = this.step === 1 ? "" : `, ${this.step}`;
    return `range(${this.start}, ${this.stop}${step})`;
  }

  override truthy(): boolean {
    return this.length > 0;
  }

  override size(): number {
    return this.length;
  }

  override *iterate(): Generator<Value> {
    for (let i = 0; i < this.length; i += 1) yield this.start + i * this.step;
  }

  /** Number at a position from 0 to `length - 1`. */
  at(index: number): number {
    return this.start + index * this.step;
  }

  override item(key: Value): Value | undefined {
    const index = intOf(key);
    if (index === undefined) {
      throw new PythonError("TypeError", "range indices must be integers or slices");
    }
    const position = Number(index) < 0 ? Number(index) + this.length : Number(index);
    return position >= 0 && position < this.length ? this.at(position) : undefined;
  }

  /** Whether the integer is one of the numbers. */
  includes(value: number): boolean {
    const offset = value - this.start;
    return offset % this.step === 0 && offset / this.step >= 0 && offset / this.step < this.length;
  }

  override equals(other: Value): boolean | undefined {
    if (!(other instanceof Range)) return undefined;
    if (this.length !== other.length) return false;
    if (this.length === 0) return true;
    return this.start === other.start && (this.length === 1 || this.step === other.step);
  }
}
