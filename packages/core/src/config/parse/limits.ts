/** Bounds on what a file may be. Everything beyond them is an error with a place. */
export interface Limits {
  /** @defaultValue 16 MiB */
  readonly maxFileBytes: number;
  /** Nesting of maps and lists. @defaultValue 64 */
  readonly maxDepth: number;
  /** Values in one file with its aliases expanded. @defaultValue 1,000,000 */
  readonly maxNodes: number;
}

/** The bounds that hold where `lotse.yml` names no others. */
export const defaultLimits: Limits = {
  maxFileBytes: 16 * 1024 * 1024,
  maxDepth: 64,
  maxNodes: 1_000_000,
};
