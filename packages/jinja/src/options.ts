import type { Limits } from "./limits.ts";
import type { Loader } from "./loaders.ts";
import type { SyntaxOptions } from "./lexer/syntax.ts";
import type { ExtensionTag } from "./parser/statement-parsers.ts";
import type { Interceptor, Policies } from "./runtime/runtime.ts";
import type { BinaryOperator } from "./values/arithmetic.ts";
import type { UndefinedClass } from "./values/undefined.ts";

/** Variables for a rendering: an object or a map by name. */
export type RenderContext = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>;

/** Names of the extensions, short or as in Python. */
export type ExtensionName =
  | "do"
  | "loopcontrols"
  | "debug"
  | "jinja2.ext.do"
  | "jinja2.ext.loopcontrols"
  | "jinja2.ext.debug"
  | "jinja2.ext.autoescape"
  | "jinja2.ext.with_"
  | "ExprStmtExtension"
  | "LoopControlExtension"
  | "DebugExtension";

/** What an environment is made of; all parts have Jinja2's defaults unless they say otherwise. */
export interface EnvironmentOptions extends Partial<SyntaxOptions> {
  /** Where `getTemplate`, `include`, `import` and `extends` look. @defaultValue nowhere */
  readonly loader?: Loader;
  /** Class of undefined values. @defaultValue `Undefined` */
  readonly undefined?: UndefinedClass;
  /** Whether output is HTML-escaped, or a function of the template's name that says so. @defaultValue false */
  readonly autoescape?: boolean | ((name: string | undefined) => boolean);
  /** @defaultValue none; `with` and `autoescape` are always there */
  readonly extensions?: readonly ExtensionName[];
  /** Changes each value before it is written. */
  readonly finalize?: (value: unknown) => unknown;
  /** Whether a template may not change lists and mappings either. @defaultValue false: it may, they are its own */
  readonly immutable?: boolean;
  /**
   * Draws a number from 0 up to 1 for the filter `random` and `lipsum`.
   * @defaultValue pseudo-random numbers of `policies.randomSeed`, the same in each rendering
   */
  readonly random?: () => number;
  /** Binary operators that {@link callBinop} decides. @defaultValue none */
  readonly interceptedBinops?: readonly BinaryOperator[];
  /** Unary operators that {@link callUnop} decides. @defaultValue none */
  readonly interceptedUnops?: readonly ("-" | "+")[];
  /** Gets operator and operands; its result replaces the operator's, unless it is `undefined`. */
  readonly callBinop?: Interceptor<BinaryOperator>;
  /** Gets operator and operand; its result replaces the operator's, unless it is `undefined`. */
  readonly callUnop?: Interceptor<"-" | "+">;
  /** What one rendering may use up. @defaultValue `defaultLimits` */
  readonly limits?: Partial<Limits>;
  /** Settings of single filters. */
  readonly policies?: Partial<Policies>;
  /** Templates kept compiled. @defaultValue 400 */
  readonly cacheSize?: number;
}

/** The tags that an extension brings. @throws TypeError for a name that is none */
export function extensionTags(names: readonly ExtensionName[]): ReadonlySet<ExtensionTag> {
  return new Set(names.flatMap(tagsOf));
}

function tagsOf(name: ExtensionName): ExtensionTag[] {
  switch (name) {
    case "do":
    case "jinja2.ext.do":
    case "ExprStmtExtension":
      return ["do"];
    case "loopcontrols":
    case "jinja2.ext.loopcontrols":
    case "LoopControlExtension":
      return ["break", "continue"];
    case "debug":
    case "jinja2.ext.debug":
    case "DebugExtension":
      return ["debug"];
    case "jinja2.ext.autoescape":
    case "jinja2.ext.with_":
      return [];
    default:
      throw new TypeError(`unknown extension ${String(name)}`);
  }
}
