import { LotseError, type Where } from "../../kernel/index.ts";
import { parsePath, type Path } from "../model/path.ts";

/** What a reference points at. `up` counts the levels above the map that holds the reference. */
type Target =
  | { readonly kind: "path"; readonly path: Path; readonly up: number | undefined }
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "secret"; readonly path: string; readonly field: string | undefined };

/** A reference with what it says when there is nothing at its target. */
export interface Reference {
  readonly kind: "reference";
  readonly target: Target;
  readonly fallback: readonly Part[] | undefined;
  /** As it is written, with its braces. */
  readonly text: string;
}

/** A piece of a text: literal, or a reference. */
export type Part = { readonly kind: "text"; readonly text: string } | Reference;

/**
 * Reads the references in a text: `${path}`, `${.sibling}`, `${..parents.sibling}`, `${env:X}`,
 * `${secret:path#field}`, `${file:…}`, each with an optional `:-default`, and `$${` for a literal `${`.
 *
 * @throws LotseError `reference.syntax`
 */
export function parseTemplate(text: string, where: Where): readonly Part[] {
  const reader = new TemplateReader(text, where);
  return reader.read();
}

const maxNesting = 16;

class TemplateReader {
  readonly #text: string;
  readonly #where: Where;
  #at = 0;
  #nesting = 0;

  constructor(text: string, where: Where) {
    this.#text = text;
    this.#where = where;
  }

  read(): readonly Part[] {
    return this.#parts(false);
  }

  #fail(message: string): LotseError {
    return new LotseError({
      code: "reference.syntax",
      message: `${message} in "${this.#text.slice(0, 120)}"`,
      hint: "write ${path}, ${.sibling}, ${env:X}, ${secret:path#field}, ${file:…} or ${key:-default}; $${ is a literal ${",
      where: this.#where,
    });
  }

  #parts(inside: boolean): readonly Part[] {
    const parts: Part[] = [];
    let literal = "";
    const flush = (): void => {
      if (literal !== "") parts.push({ kind: "text", text: literal });
      literal = "";
    };
    while (this.#at < this.#text.length) {
      if (this.#text.startsWith("$${", this.#at)) {
        literal += "${";
        this.#at += 3;
      } else if (this.#text.startsWith("${", this.#at)) {
        flush();
        parts.push(this.#reference());
      } else if (inside && this.#text[this.#at] === "}") {
        flush();
        return parts;
      } else {
        literal += this.#text[this.#at];
        this.#at += 1;
      }
    }
    if (inside) throw this.#fail("a reference is not closed");
    flush();
    return parts;
  }

  #reference(): Reference {
    const start = this.#at;
    this.#at += 2;
    this.#nesting += 1;
    if (this.#nesting > maxNesting) throw this.#fail(`references are nested more than ${maxNesting} deep`);
    const body = this.#body();
    const fallback = this.#text.startsWith(":-", this.#at) ? this.#fallback() : undefined;
    if (this.#text[this.#at] !== "}") throw this.#fail("a reference is not closed");
    this.#at += 1;
    this.#nesting -= 1;
    if (fallback !== undefined && body.startsWith("secret:")) throw this.#fail("a secret has no default");
    return {
      kind: "reference",
      target: this.#target(body),
      fallback,
      text: this.#text.slice(start, this.#at),
    };
  }

  #body(): string {
    const start = this.#at;
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === "}" || this.#text.startsWith(":-", this.#at))
        return this.#text.slice(start, this.#at);
      if (this.#text.startsWith("${", this.#at))
        throw this.#fail("a reference stands inside the name of another");
      this.#at += 1;
    }
    throw this.#fail("a reference is not closed");
  }

  #fallback(): readonly Part[] {
    this.#at += 2;
    return this.#parts(true);
  }

  #target(body: string): Target {
    const scheme = /^([A-Za-z][A-Za-z0-9-]*):(.*)$/su.exec(body);
    if (scheme !== null) return this.#schemeTarget(scheme[1] ?? "", scheme[2] ?? "");
    const dots = /^\.*/u.exec(body)?.[0].length ?? 0;
    const path = this.#path(body.slice(dots));
    return { kind: "path", path, up: dots === 0 ? undefined : dots - 1 };
  }

  #schemeTarget(scheme: string, rest: string): Target {
    switch (scheme) {
      case "env":
        if (!/^[A-Za-z_][A-Za-z0-9_]*$/u.test(rest)) throw this.#fail(`"${rest}" is no name of a variable`);
        return { kind: "env", name: rest };
      case "file":
        if (rest === "") throw this.#fail("a file reference names no file");
        return { kind: "file", path: rest };
      case "secret": {
        const secret = /^([^#\s{}]+)(?:#([^#\s{}]+))?$/u.exec(rest);
        if (secret === null) throw this.#fail(`"${rest}" is no name of a secret`);
        return { kind: "secret", path: secret[1] ?? "", field: secret[2] };
      }
      default:
        throw this.#fail(`"${scheme}:" is not known`);
    }
  }

  #path(text: string): Path {
    if (text.trim() !== text || text === "") throw this.#fail(`"${text}" is no path`);
    try {
      return parsePath(text);
    } catch {
      throw this.#fail(`"${text}" is no path`);
    }
  }
}

/** Whether a text is exactly one reference, so that the value keeps its type. */
export function wholeReference(parts: readonly Part[]): Reference | undefined {
  const only = parts.length === 1 ? parts[0] : undefined;
  return only?.kind === "reference" ? only : undefined;
}
