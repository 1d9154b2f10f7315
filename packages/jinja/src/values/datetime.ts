import { PyObject, type ReprContext, type Value } from "./object.ts";

const two = (value: number): string => value.toString().padStart(2, "0");

/** A `Date` of the host, as an aware Python `datetime` in UTC. */
export class DateTime extends PyObject {
  readonly #time: number;

  constructor(date: Date) {
    super();
    this.#time = date.getTime();
  }

  override get typeName(): string {
    return "datetime";
  }

  /** A new `Date`; the one that was passed in stays out of reach. */
  toDate(): Date {
    return new Date(this.#time);
  }

  override attribute(name: string): Value | undefined {
    const date = this.toDate();
    switch (name) {
      case "year":
        return date.getUTCFullYear();
      case "month":
        return date.getUTCMonth() + 1;
      case "day":
        return date.getUTCDate();
      case "hour":
        return date.getUTCHours();
      case "minute":
        return date.getUTCMinutes();
      case "second":
        return date.getUTCSeconds();
      case "microsecond":
        return date.getUTCMilliseconds() * 1000;
      default:
        return undefined;
    }
  }

  /** ISO 8601 as Python writes it, with `separator` between date and time. */
  isoFormat(separator: string): string {
    const date = this.toDate();
    const year = date.getUTCFullYear().toString().padStart(4, "0");
    const day = `${year}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
    const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
    const fraction = date.getUTCMilliseconds();
    const micro = fraction === 0 ? "" : `.${fraction.toString().padStart(3, "0")}000`;
    return `${day}${separator}${time}${micro}+00:00`;
  }

  override str(_context: ReprContext): string {
    return this.isoFormat(" ");
  }

  override repr(): string {
    const names = ["year", "month", "day", "hour", "minute", "second", "microsecond"];
    const parts = names.map((name) => this.attribute(name) as number);
    if (parts[6] === 0) parts.pop();
    if (parts.length === 6 && parts[5] === 0) parts.pop();
    return `datetime.datetime(${parts.join(", ")}, tzinfo=datetime.timezone.utc)`;
  }

  override equals(other: Value): boolean | undefined {
    return other instanceof DateTime ? other.#time === this.#time : undefined;
  }

  override compare(other: Value): number | undefined {
    return other instanceof DateTime ? this.#time - other.#time : undefined;
  }

  override keyText(): string {
    return `d${this.#time},`;
  }
}
