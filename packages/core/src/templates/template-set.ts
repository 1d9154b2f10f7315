import {
  Environment,
  JinjaError,
  StrictUndefined,
  type Limits,
  type Loader,
  type OutputLine,
  type UndefinedClass,
  type YamlWarning,
} from "@lotse/jinja";
import { failureOf } from "./failure.ts";

/** How the templates of one tree are read. */
export interface TemplateSetOptions {
  readonly loader: Loader;
  /** Turns a template's name into the path that messages show. @defaultValue the name itself */
  readonly label?: (name: string) => string;
  /**
   * Whether the line break after a block's tag, and the white space in front of one that begins its line, are left
   * out. Jinja2's own default is not to. @defaultValue true
   */
  readonly trim?: boolean;
  /** What one rendering may use up. @defaultValue the language's own limits */
  readonly limits?: Partial<Limits>;
}

/** A name that a template uses and nothing defines. */
export interface MissingName {
  readonly name: string;
  /** What there is in its place: the keys beside it, or the variables. Empty where it is an item of no map. */
  readonly known: readonly string[];
  /** The text of the template around it, such as `database.prot`; the name alone where it cannot be told. */
  readonly written: string;
}

/** How one template is rendered. */
export interface RenderOptions {
  /** Whether values that change the structure of YAML are looked for. @defaultValue false */
  readonly yaml?: boolean;
  /** What to do about a missing name. */
  readonly hint?: (missing: MissingName) => string | undefined;
  /** Whether the variables hold secrets, so that errors must not quote values. @defaultValue false */
  readonly withheld?: boolean;
}

/** A rendered template. */
export interface Rendering {
  readonly text: string;
  /** Where each line of the text comes from, the first 100,000 at most; `template` is the name, not the label. */
  readonly map: readonly OutputLine[];
  readonly warnings: readonly YamlWarning[];
  /** Whether the text was too long to look for YAML's pitfalls. */
  readonly unchecked: boolean;
}

/**
 * The templates of one tree, with Lotse's settings: names must be defined, nothing depends on time or chance, the last
 * line break is kept, `do`, `break` and `continue` are there.
 */
export class TemplateSet {
  readonly #environment: Environment;
  readonly #label: (name: string) => string;
  readonly #missing = new WeakMap<JinjaError, Omit<MissingName, "written">>();

  constructor({ loader, label = (name) => name, trim = true, limits = {} }: TemplateSetOptions) {
    this.#label = label;
    this.#environment = new Environment({
      loader,
      limits,
      undefined: this.#strictUndefined(),
      trimBlocks: trim,
      lstripBlocks: trim,
      keepTrailingNewline: true,
      extensions: ["do", "loopcontrols"],
    });
    this.#environment.filters["random"] = () => {
      throw new JinjaError(
        "TemplateRuntimeError",
        "random is not available: a rendering must be repeatable",
        {
          hint: notRepeatable,
        },
      );
    };
    delete this.#environment.globals["lipsum"];
  }

  /**
   * Renders a template.
   *
   * @throws TemplateFailure `template.not-found`, `template.error`, the latter also where a limit is reached
   * @throws LotseError `file.*` for a template that cannot be read
   */
  render(name: string, variables: ReadonlyMap<string, unknown>, options: RenderOptions = {}): Rendering {
    try {
      const yaml = options.yaml === true;
      const template = this.#environment.getTemplate(name);
      const { output, map, warnings, complete } = template.renderDetailed(variables, { yaml });
      return { text: output, map, warnings, unchecked: yaml && !complete };
    } catch (error) {
      throw failureOf(error, {
        template: name,
        label: this.#label,
        hint: this.#hint(error, [...variables.keys()], options),
        withheld: options.withheld === true,
      });
    }
  }

  #hint(error: unknown, variables: readonly string[], { hint }: RenderOptions): string | undefined {
    if (!(error instanceof JinjaError)) return undefined;
    const missing = this.#missing.get(error);
    if (missing === undefined) return undefined;
    if (missing.known === noKeys && outside.has(missing.name)) return notRepeatable;
    const known = missing.known === noKeys ? variables : missing.known;
    return hint?.({ ...missing, known, written: writtenAt(error) ?? missing.name });
  }

  /** The class of undefined values; it remembers what its errors are about, which their text does not tell apart. */
  #strictUndefined(): UndefinedClass {
    const missing = this.#missing;
    return class Missing extends StrictUndefined {
      override error(): JinjaError {
        const error = super.error();
        const { name, object } = this.origin;
        if (typeof name === "string")
          missing.set(error, { name, known: object === undefined ? noKeys : keysOf(object) });
        return error;
      }
    };
  }
}

/** Stands for the variables of the template. */
const noKeys: readonly string[] = [];

/** Names that other template engines have, and that would make a rendering differ from run to run. */
const outside: ReadonlySet<string> = new Set(
  "now utcnow today time timestamp date strftime random uuid uuid4 lipsum env environ getenv lookup hostname".split(
    " ",
  ),
);

const notRepeatable =
  "templates know neither the time nor chance nor the machine: put the value into the configuration, or give it with --set";

/** The keys of a map of the language; empty for what has none. */
function keysOf(object: unknown): readonly string[] {
  if (typeof object !== "object" || object === null || !("entries" in object)) return [];
  if (Array.isArray(object) || typeof object.entries !== "function") return [];
  const entries = object.entries() as Iterable<readonly [unknown, unknown]>;
  return Array.from(entries, ([key]) => key).filter((key) => typeof key === "string");
}

const dotted = /[\w$]+(?:\.[\w$]+|\[(?:\d+|"[^"]*"|'[^']*')\])*/gu;

/** The dotted name in the template's line that the place of an error lies in. */
function writtenAt({ where, sourceLine }: JinjaError): string | undefined {
  if (where === undefined || sourceLine === undefined) return undefined;
  const at = where.column - 1;
  return [...sourceLine.matchAll(dotted)].find(
    ({ index, 0: text }) => index <= at && at < index + text.length,
  )?.[0];
}
