import { crc32, deflateRawSync } from "node:zlib";

/** How {@link zipOf} writes. */
export interface ZipHow {
  readonly deflate?: boolean;
  /** Writes sizes and places in the ZIP64 form. */
  readonly large?: boolean;
  /** The length that the archive says each file has. @defaultValue its own */
  readonly bytes?: number;
}

/** A ZIP archive of some files. */
export function zipOf(files: Readonly<Record<string, string | Buffer>>, how: ZipHow): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const raw = Buffer.from(content);
    const packed = how.deflate === true ? deflateRawSync(raw) : raw;
    const bytes = how.bytes ?? raw.length;
    const method = how.deflate === true ? 8 : 0;
    const local = Buffer.concat([
      header("PK\u0003\u0004", 26, method, raw, packed, bytes),
      Buffer.from([name.length, 0, 0, 0]),
      Buffer.from(name),
      packed,
    ]);
    directory.push(listed(name, { method, raw, packed, bytes, offset }, how.large === true));
    parts.push(local);
    offset += local.length;
  }
  const list = Buffer.concat(directory);
  return Buffer.concat([...parts, list, ending(directory.length, list.length, offset, how.large === true)]);
}

/** What the local header and the directory have in common, from the version to the sizes. */
function header(
  mark: string,
  length: number,
  method: number,
  raw: Buffer,
  packed: Buffer,
  bytes: number,
): Buffer {
  const head = Buffer.alloc(length);
  head.write(mark, "latin1");
  const at = length - 22;
  head.writeUInt16LE(20, at);
  head.writeUInt16LE(method, at + 4);
  head.writeUInt32LE(crc32(raw), at + 10);
  head.writeUInt32LE(packed.length, at + 14);
  head.writeUInt32LE(bytes, at + 18);
  return head;
}

interface Entry {
  readonly method: number;
  readonly raw: Buffer;
  readonly packed: Buffer;
  readonly bytes: number;
  readonly offset: number;
}

function listed(name: string, { method, raw, packed, bytes, offset }: Entry, large: boolean): Buffer {
  const head = header("PK\u0001\u0002", 28, method, raw, packed, bytes);
  const extra = Buffer.alloc(large ? 28 : 0);
  if (large) {
    head.writeUInt32LE(0xff_ff_ff_ff, 20);
    head.writeUInt32LE(0xff_ff_ff_ff, 24);
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    extra.writeBigUInt64LE(BigInt(bytes), 4);
    extra.writeBigUInt64LE(BigInt(packed.length), 12);
    extra.writeBigUInt64LE(BigInt(offset), 20);
  }
  const tail = Buffer.alloc(18);
  tail.writeUInt16LE(name.length, 0);
  tail.writeUInt16LE(extra.length, 2);
  tail.writeUInt32LE(large ? 0xff_ff_ff_ff : offset, 14);
  return Buffer.concat([head, tail, Buffer.from(name), extra]);
}

function ending(count: number, bytes: number, start: number, large: boolean): Buffer {
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", "latin1");
  end.writeUInt16LE(large ? 0xff_ff : count, 10);
  end.writeUInt32LE(large ? 0xff_ff_ff_ff : bytes, 12);
  end.writeUInt32LE(large ? 0xff_ff_ff_ff : start, 16);
  if (!large) return end;
  const record = Buffer.alloc(56);
  record.write("PK\u0006\u0006", "latin1");
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(bytes), 40);
  record.writeBigUInt64LE(BigInt(start), 48);
  const locator = Buffer.alloc(20);
  locator.write("PK\u0006\u0007", "latin1");
  locator.writeBigUInt64LE(BigInt(start + bytes), 8);
  return Buffer.concat([record, locator, end]);
}
