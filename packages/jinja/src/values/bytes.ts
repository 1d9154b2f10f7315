import type { Budget } from "../limits.ts";
import type { ReprContext, Value } from "./object.ts";
import { PyObject } from "./object.ts";

/** Python's bytes: what `str.encode` returns and the host may pass as `Uint8Array`. */
export class Bytes extends PyObject {
  readonly data: Uint8Array;

  constructor(data: Uint8Array) {
    super();
    this.data = data;
  }

  override get typeName(): string {
    return "bytes";
  }

  override repr({ budget }: ReprContext): string {
    budget.charge(this.data.length / 4);
    budget.chargeText(this.data.length);
    let text = "";
    for (const byte of this.data) text += reprByte(byte);
    const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
    return `b${quote}${quote === "'" ? text.replaceAll("'", "\\'") : text}${quote}`;
  }

  override truthy(): boolean {
    return this.data.length > 0;
  }

  override size(): number {
    return this.data.length;
  }

  override iterate(): Iterator<Value> {
    return this.data.values();
  }

  override equals(other: Value, budget: Budget): boolean | undefined {
    if (!(other instanceof Bytes)) return undefined;
    if (other.data.length !== this.data.length) return false;
    budget.charge(this.data.length / 8);
    return this.data.every((byte, i) => byte === other.data[i]);
  }

  override keyText(_identity: unknown, budget: Budget | undefined): string {
    budget?.charge(this.data.length);
    return `b${this.data.length}:${Array.from(this.data, (byte) => String.fromCharCode(byte)).join("")}`;
  }
}

function reprByte(byte: number): string {
  if (byte === 0x5c) return "\\\\";
  if (byte === 0x0a) return "\\n";
  if (byte === 0x0d) return "\\r";
  if (byte === 0x09) return "\\t";
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
