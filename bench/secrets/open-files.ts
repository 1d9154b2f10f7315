/** The same secrets, as each contender keeps them. */
export const openFiles = {
  identity: "key.txt",
  sops: "secrets.yml",
  /** With one value: what sops takes around its work. */
  single: "single.yml",
  plain: "secrets.bin",
  plainKey: "secrets.key",
  age: "secrets.age",
} as const;

/** The lengths of what stands before a value, in bytes. */
export const recordSizes = { nonce: 12, tag: 16 } as const;

/** One encrypted value without any format. */
interface EncryptedRecord {
  readonly path: string;
  readonly nonce: Buffer;
  readonly tag: Buffer;
  readonly data: Buffer;
}

/** Reads the records one after the other. */
export function* readRecords(bytes: Buffer): Generator<EncryptedRecord> {
  let at = 0;
  const take = (length: number): Buffer => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const [pathLength = 0, dataLength = 0] = take(2);
    const path = take(pathLength).toString();
    yield { path, nonce: take(recordSizes.nonce), tag: take(recordSizes.tag), data: take(dataLength) };
  }
}
