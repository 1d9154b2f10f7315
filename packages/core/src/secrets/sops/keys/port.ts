import type { KeyEntry } from "../metadata.ts";

/**
 * The port for whatever opens wrapped data keys: private keys on this machine, and later key management
 * services and hardware.
 */
export interface KeyOpener {
  /** For messages, such as `SOPS_AGE_KEY_FILE`; nothing secret. */
  readonly name: string;
  /** The public half, as a recipient that a {@link KeyWrapper} takes; left out where there is none. */
  readonly recipient?: string;
  /**
   * Tries to unwrap one entry of a file's metadata.
   *
   * @returns the data key (or share), or `null` where the entry is for somebody else
   * @throws LotseError `secret.identity` where the entry is for this key but broken
   */
  open(entry: KeyEntry): Promise<Uint8Array | null>;
}

/** The port for whatever wraps data keys, one for each kind of recipient. */
export interface KeyWrapper {
  /** The kind of entry it makes, such as `age`. */
  readonly kind: string;
  /**
   * Wraps a data key (or share).
   *
   * @returns `null` where the recipient is not of this kind
   * @throws LotseError `secret.recipient` where it is, but broken
   */
  wrap(recipient: string, key: Uint8Array): Promise<KeyEntry | null>;
}
