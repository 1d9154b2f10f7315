/** How large a sops file may be; what exceeds a bound is refused before it costs time or memory. */
export interface SopsLimits {
  readonly maxBytes: number;
  /** How deep maps and lists may be nested. */
  readonly maxDepth: number;
  /** Values and comments of a file, aliases expanded. */
  readonly maxEntries: number;
  /** Keys that a file's data key is wrapped for. */
  readonly maxRecipients: number;
  /** YAML documents of a file. */
  readonly maxDocuments: number;
}

/** The bounds where nothing else is said. */
export const defaultLimits: SopsLimits = {
  maxBytes: 16 * 1024 * 1024,
  maxDepth: 64,
  maxEntries: 500_000,
  maxRecipients: 1_000,
  maxDocuments: 1_000,
};
