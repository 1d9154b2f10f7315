import { createSecretKey, type KeyObject } from "node:crypto";
import { Sensitive } from "../../../kernel/index.ts";

/** A data key. Ciphers take its key object, which is made once: making it costs more than a value's encryption. */
export class DataKey extends Sensitive<Uint8Array> {
  #cipherKey: KeyObject | undefined;

  /** The key as ciphers want it. */
  cipherKey(): KeyObject {
    this.#cipherKey ??= createSecretKey(this.reveal());
    return this.#cipherKey;
  }
}
