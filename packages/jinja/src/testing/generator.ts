import { filters, formats, literals, methods, names, tests } from "./vocabulary.ts";

/** A source of choices that is the same for the same seed. */
export class Choices {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

/** A random expression of Jinja2's language, nested at most `depth` deep. */
export function randomExpression(choices: Choices, depth: number): string {
  const sub = (): string => randomExpression(choices, depth - 1);
  // Python folds slices of constants, which then no longer fail: only variables are sliced.
  const withMethod = (method: string): string =>
    `(${method.includes(":") ? choices.pick(names) : sub()})${method}`;
  if (depth <= 0) return choices.pick(choices.next() < 0.6 ? names : literals);
  switch (choices.below(16)) {
    case 0:
      return choices.pick(literals);
    case 1:
      return choices.pick(names);
    case 2:
    case 3:
      return `(${sub()} ${choices.pick(["+", "-", "*", "/", "//", "%"])} ${sub()})`;
    case 4:
      return `(${sub()} ** ${choices.pick(["0", "1", "2", "3", "-1", "t"])})`;
    case 5:
      return `(${sub()} ${choices.pick(["==", "!=", "<", "<=", ">", ">=", "in", "not in"])} ${sub()})`;
    case 6:
      return `(${sub()} ${choices.pick(["and", "or", "~"])} ${sub()})`;
    case 7:
      return `(${choices.pick(["not ", "-", "+"])}${sub()})`;
    case 8:
      return withMethod(choices.pick(methods));
    case 9:
    case 10:
    case 11:
      return `(${sub()} | ${choices.pick(filters)})`;
    case 12:
      return `(${sub()} is ${choices.pick(["", "not "])}${choices.pick(tests)})`;
    case 13:
      return `(${choices.pick(formats).replace("{0}", sub()).replace("{1}", sub())})`;
    case 14:
      return choices.next() < 0.5
        ? `(${sub()} if ${sub()} else ${sub()})`
        : `(${sub()} < ${sub()} <= ${sub()})`;
    default:
      return choices.pick([
        () => `[${sub()}, ${sub()}]`,
        () => `(${sub()}, ${sub()})`,
        () => `{'k': ${sub()}, ${choices.pick(["1", "'z'", "true", "(1, 2)", "2.0"])}: ${sub()}}`,
        () => `dict(a=${sub()})`,
      ])();
  }
}

/** A random template: statements nested at most `depth` deep around random expressions. */
export function randomTemplate(choices: Choices, depth: number): string {
  const expression = (): string => randomExpression(choices, 1 + choices.below(2));
  const name = (): string => choices.pick(["a", "b", "n", "s", "xs"]);
  const body = (): string =>
    Array.from({ length: 1 + choices.below(3) }, () => randomTemplate(choices, depth - 1)).join("");
  const open = (): string => choices.pick(["{%", "{%", "{%-", "{%+"]);
  const close = (): string => choices.pick(["%}", "%}", "-%}"]);
  const tag = (text: string): string => `${open()} ${text} ${close()}`;
  const text = (): string => choices.pick(["x", " ", "\n", "  \n ", "- y: ", "{# c #}", "{#- c -#}", "\n\n"]);
  if (depth <= 0) {
    return choices.next() < 0.5 ? text() : `{{ ${choices.next() < 0.5 ? name() : expression()} }}`;
  }
  switch (choices.below(14)) {
    case 0:
    case 1:
      return text() + `{{${choices.pick(["", "-"])} ${expression()} ${choices.pick(["", "-"])}}}` + text();
    case 2:
      return tag(`set ${name()} = ${expression()}`);
    case 3:
      return `${tag(`if ${expression()}`)}${body()}${choices.next() < 0.4 ? tag(`elif ${expression()}`) + body() : ""}${choices.next() < 0.5 ? tag("else") + body() : ""}${tag("endif")}`;
    case 4:
    case 5:
      return `${tag(`for ${name()} in ${choices.pick(["xs", "words", "d", "range(3)", "rows", "nested", expression()])}${choices.next() < 0.2 ? ` if ${expression()}` : ""}`)}${body()}${choices.next() < 0.5 ? `{{ loop.${choices.pick(["index", "index0", "first", "last", "length", "revindex", "depth", "previtem", "nextitem", "cycle('p', 'q')", "changed(s)"])} }}` : ""}${choices.next() < 0.15 ? tag(`if loop.index > 1`) + tag(choices.pick(["break", "continue"])) + tag("endif") : ""}${choices.next() < 0.3 ? tag("else") + body() : ""}${tag("endfor")}`;
    case 6:
      return `${tag(`with ${name()} = ${expression()}`)}${body()}${tag("endwith")}`;
    case 7:
      return `${tag(`macro m(${name()}${choices.next() < 0.5 ? `, q=${expression()}` : ""})`)}${body()}${choices.pick(["", "{{ caller is defined }}", "{{ varargs }}", "{{ kwargs }}", "{{ q }}"])}${tag("endmacro")}{{ m(${choices.pick(["", "1", "s, 2", "1, 2, 3", "q=1", "z=1"])}) }}`;
    case 8:
      return `${tag(`filter ${choices.pick(["upper", "indent(2)", "replace('x', 'y')|trim", "escape"])}`)}${body()}${tag("endfilter")}`;
    case 9:
      return `${tag(`set ${name()}${choices.pick(["", " | upper"])}`)}${body()}${tag("endset")}`;
    case 10:
      return `${tag("set ns = namespace(v=1)")}${tag(`for ${name()} in [1, 2]`)}${tag("set ns.v = ns.v + 1")}${body()}${tag("endfor")}{{ ns.v }}`;
    case 11:
      return tag(`include '${choices.pick(["inc", "inc2"])}'${choices.pick(["", " ignore missing"])}`);
    case 12:
      return `${tag(`from 'lib' import ${choices.pick(["mac", "mac as a", "val, mac", "nope"])}${choices.pick(["", " with context"])}`)}{{ mac(s) }}`;
    default:
      return `${tag(`autoescape ${choices.pick(["true", "false"])}`)}${body()}${tag("endautoescape")}`;
  }
}
