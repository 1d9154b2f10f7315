import type { HashKey, Value } from "./object.ts";
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

  override repr(): string {
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

  override equals(other: Value): boolean | undefined {
    return other instanceof Bytes ? this.repr() === other.repr() : undefined;
  }

  override hashKey(): HashKey {
    return this.repr();
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
