import { PyObject, type ReprContext, type Value } from "./object.ts";
import { reprGuarded, reprIn } from "./repr.ts";

/** What `namespace()` makes: attributes that `{% set ns.x = … %}` can change from any scope. */
export class Namespace extends PyObject {
  readonly #attributes: Map<string, Value>;

  constructor(attributes: Map<string, Value>) {
    super();
    this.#attributes = attributes;
  }

  override get typeName(): string {
    return "Namespace";
  }

  override attribute(name: string): Value | undefined {
    return this.#attributes.get(name);
  }

  override item(key: Value): Value | undefined {
    return typeof key === "string" ? this.#attributes.get(key) : undefined;
  }

  set(name: string, value: Value): void {
    this.#attributes.set(name, value);
  }

  override repr(context: ReprContext): string {
    return reprGuarded(this, context, "<Namespace ...>", () => {
      const parts = Array.from(
        this.#attributes,
        ([name, value]) => `${reprIn(name, context)}: ${reprIn(value, context)}`,
      );
      return `<Namespace {${parts.join(", ")}}>`;
    });
  }
}
