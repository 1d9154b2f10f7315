import { createHash } from "node:crypto";
import type { Plain } from "./model.ts";
import type { RuleSet } from "./rules.ts";

/**
 * The MAC of a file: SHA-512 over the plaintexts of its values in document order, comments and nulls left out,
 * as upper-case hexadecimal (https://github.com/getsops/sops/blob/main/sops.go, `Encrypt`).
 */
export class MacHash {
  readonly #hash = createHash("sha512");
  readonly #onlyEncrypted: boolean;

  constructor(rules: RuleSet) {
    this.#onlyEncrypted = rules.macOnlyEncrypted === true;
    // So that a MAC with this setting never equals one without it.
    if (this.#onlyEncrypted) this.#hash.update(createHash("sha256").update("sops").digest());
  }

  /** Takes the next value in. */
  add(plain: Plain, encrypted: boolean): void {
    if (plain.type === "null" || plain.type === "comment") return;
    if (!this.#onlyEncrypted || encrypted) this.#hash.update(plain.bytes);
  }

  /** The MAC; nothing can be added after it. */
  hex(): string {
    return this.#hash.digest("hex").toUpperCase();
  }
}
