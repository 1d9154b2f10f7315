import type { AuditRecord } from "../../../packages/core/src/audit/index.ts";
import { hashChain } from "./hash-chain.ts";
import { jsonLines } from "./json-lines.ts";
import { lotse } from "./lotse.ts";

/** When a log waits for the disk: for each entry, for all of half a second together, or never. */
export type Sync = "each" | "group" | "never";

/** A log that is written to. */
interface OpenContender {
  /** Resolves when the entry is written, and with `each` on the disk. */
  append(event: AuditRecord): Promise<void>;
  close(): Promise<void>;
}

/** A way to keep a log. */
export interface Contender {
  open(directory: string, sync: Sync): Promise<OpenContender>;
  /** Reads the whole log and checks what it can; returns how many entries it has. */
  verify(directory: string): Promise<number>;
}

/** All contenders, by the name they are shown with. */
export const contenders: Readonly<Record<string, Contender>> = {
  lotse,
  "JSON lines": jsonLines,
  "hash chain": hashChain,
};
