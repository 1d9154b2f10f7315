import { Float, JinjaError, Tuple } from "@lotse/jinja";

/** A float that prints as it was written, such as `1.10` or `1e3`; it calculates like any other. */
class WrittenFloat extends Float {
  readonly #text: string;

  constructor(value: number, text: string) {
    super(value);
    this.#text = text;
  }

  override repr(): string {
    return this.#text;
  }
}

/** A float for a template that prints with the text it was written with. */
export function writtenFloat(value: number, text: string): unknown {
  return new WrittenFloat(value, text);
}

/** Told which value a template used, the moment it does. */
export type OnUse = () => void;

/**
 * Stands for a value that is not known yet. Anything a template does with it but hand it on calls `onUse` and
 * fails, so that the caller can find out the value and render again. It is a `Float` since the language asks
 * every value for its number before it does something else with it.
 */
class PendingValue extends Float {
  readonly #onUse: OnUse;

  constructor(onUse: OnUse) {
    super(0.5);
    // `value` is an own property of Float; reading it is a use like any other.
    Object.defineProperty(this, "value", { get: () => this.#used() });
    this.#onUse = onUse;
  }

  /** Asked for by messages about an operator that fails without asking for anything else. */
  override get typeName(): string {
    this.#onUse();
    return "str";
  }
  override repr(): string {
    return this.#used();
  }
  override str(): string {
    return this.#used();
  }
  override truthy(): boolean {
    return this.#used();
  }
  override size(): number {
    return this.#used();
  }
  override iterate(): never {
    return this.#used();
  }
  override attribute(): never {
    return this.#used();
  }
  override item(): never {
    return this.#used();
  }
  override equals(): boolean {
    return this.#used();
  }
  override compare(): number {
    return this.#used();
  }
  override hashKey(): number {
    return this.#used();
  }

  #used(): never {
    this.#onUse();
    throw new JinjaError("RuntimeError", "a value is not known yet");
  }
}

/** A value that is looked up once a template uses it; see {@link PendingValue}. */
export function pendingValue(onUse: OnUse): unknown {
  return new PendingValue(onUse);
}

/** A value that may be written out and nothing else: its text stands for something that nobody knows yet. */
class OpaqueText extends PendingValue {
  readonly #text: () => string;

  constructor(text: () => string, onUse: OnUse) {
    super(onUse);
    this.#text = text;
  }

  override str(): string {
    return this.#text();
  }
}

/**
 * A value whose text may be written, joined to others and handed to filters that take texts. Whatever else a template
 * does with it calls `onUse` and fails.
 *
 * @param text - called each time that it is written
 */
export function opaqueText(text: () => string, onUse: OnUse): unknown {
  return new OpaqueText(text, onUse);
}

/** Whether a value is one of the language's own, which is handed to templates as it is. */
export function isTemplateValue(value: unknown): boolean {
  return value instanceof Float || value instanceof Tuple;
}
