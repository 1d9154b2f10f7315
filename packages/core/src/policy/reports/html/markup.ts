import { printable } from "../text.ts";

/** A piece of HTML that is safe as it stands. Only {@link html} and {@link trusted} make one. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What can stand in a template: text is escaped, nothing is left out. */
export type Content = Markup | string | number | undefined | false | readonly Content[];

/**
 * Puts values into HTML. Every text is escaped, in elements as in quoted attributes.
 *
 * @example html`<p title="${title}">${text}</p>`
 */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(
    parts.map((part, index) => part + (index < values.length ? write(values[index]) : "")).join(""),
  );
}

/** Text that is HTML already: styles and scripts of ours. Never anything that came from outside. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function write(value: Content): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "string" || typeof value === "number") return escape(String(value));
  return value.map(write).join("");
}

function escape(text: string): string {
  return printable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
