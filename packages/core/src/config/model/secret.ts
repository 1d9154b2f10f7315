import { inspect } from "node:util";

/** One piece of a text that holds secrets: plain text, or the name of a secret. */
export type SecretPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "secret"; readonly path: string; readonly field: string | undefined };

/**
 * A handle on a value that is, or contains, secrets. It names them and never holds their content, so it may
 * be printed: it shows as the reference that was written, such as `${secret:db/main#password}`.
 */
export class SecretReference {
  readonly parts: readonly SecretPart[];

  constructor(parts: readonly SecretPart[]) {
    this.parts = parts;
  }

  /** The secrets that take part, without the text between them. */
  get secrets(): readonly { readonly path: string; readonly field: string | undefined }[] {
    return this.parts.filter((part) => part.kind === "secret");
  }

  toString(): string {
    return this.parts.map(formatPart).join("");
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return `SecretReference(${this.toString()})`;
  }
}

function formatPart(part: SecretPart): string {
  if (part.kind === "text") return part.text.replaceAll("${", () => "$${");
  return part.field === undefined ? `\${secret:${part.path}}` : `\${secret:${part.path}#${part.field}}`;
}
