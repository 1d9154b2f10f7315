import type { Sensitive } from "../../kernel/index.ts";
import { createFirewall, type Firewall } from "../../secrets/firewall/index.ts";

/** The secrets that one call has opened, so that none of them shows up in what it prints. */
export class RevealedSecrets {
  readonly #values = new Map<string, { readonly name: string; readonly value: Sensitive<string> }>();
  #firewall: Firewall | undefined;

  /** Remembers a value that was opened. */
  add(name: string, value: Sensitive<string>): void {
    const key = value.reveal();
    if (key === "" || this.#values.has(key)) return;
    this.#values.set(key, { name, value });
    this.#firewall = undefined;
  }

  /** The values, for whoever must refuse them in an argument. */
  all(): readonly Sensitive<string>[] {
    return [...this.#values.values()].map(({ value }) => value);
  }

  /** The values by name, for the index of known values. */
  named(): readonly { readonly name: string; readonly value: Sensitive<string> }[] {
    return [...this.#values.values()];
  }

  /** A firewall against all that was opened so far; null where nothing was. */
  firewall(): Firewall | null {
    if (this.#values.size === 0) return null;
    this.#firewall ??= createFirewall([...this.#values.values()]);
    return this.#firewall;
  }

  /** A text without them. */
  redact(text: string): string {
    return this.firewall()?.redact(text) ?? text;
  }
}
