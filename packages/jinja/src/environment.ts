import {
  HostError,
  JinjaError,
  SizeLimitError,
  TemplateAssertionError,
  TemplateNotFound,
  TemplateSyntaxError,
} from "./errors.ts";
import type { TemplateSource } from "./loaders.ts";
import { Compilation } from "./compiler/compilation.ts";
import { compileLoneExpression, compileTemplate } from "./compiler/compile-template.ts";
import { compiledKey, runTemplate } from "./compiler/inheritance.ts";
import { SourcePlaces } from "./compiler/source-place.ts";
import { compileBody } from "./compiler/statements.ts";
import { builtinFilters } from "./filters/filters.ts";
import { LexError, normalizeSource, tokenize } from "./lexer/lexer.ts";
import { type SyntaxOptions, type SyntaxPatterns, compileSyntax, defaultSyntax } from "./lexer/syntax.ts";
import { Budget, type Limits, defaultLimits } from "./limits.ts";
import { type EnvironmentOptions, type RenderContext, extensionTags } from "./options.ts";
import { parseExpressionOnly, parseTemplate } from "./parser/parser.ts";
import type { ExtensionTag } from "./parser/statement-parsers.ts";
import { getAttribute, getItem } from "./runtime/attributes.ts";
import { Builtin } from "./runtime/builtin.ts";
import { Context } from "./runtime/context.ts";
import type { Frame } from "./runtime/frame.ts";
import { defaultGlobals } from "./runtime/globals.ts";
import { HostBridge, type HostCallable, HostFunction, toHost } from "./runtime/host.ts";
import { contextLookup, ownEntries } from "./runtime/host-variables.ts";
import {
  type CompiledTemplate,
  type OperatorInterceptor,
  type Policies,
  Runtime,
  type RuntimeEnvironment,
  type TraceRecorder,
} from "./runtime/runtime.ts";
import { Template, type TemplateParts } from "./template.ts";
import { builtinTests } from "./tests/tests.ts";
import { isTruthy } from "./values/truth.ts";
import { type Value, orElse } from "./values/object.ts";
import { Undefined, type UndefinedClass } from "./values/undefined.ts";

/** A table that the host may add to: functions, or the built-ins it came with. */
export type Table = Record<string, HostCallable | Builtin>;

const defaultPolicies: Policies = {
  compareStrings: true,
  truncateLeeway: 5,
  urlizeRel: "noopener",
  urlizeTarget: undefined,
  urlizeExtraSchemes: [],
  jsonSortKeys: true,
  jsonDumpsFunction: undefined,
  jsonDumpsKwargs: { sort_keys: true },
  randomSeed: 1,
};

/** Settings, filters, tests and globals that templates share. Every rendering is sandboxed. */
export class Environment implements RuntimeEnvironment {
  /** Filters by name; add your own as functions of `(value, ...args)`. */
  readonly filters: Table = Object.assign(Object.create(null) as Table, Object.fromEntries(builtinFilters));
  /** Tests by name; add your own as functions of `(value, ...args)`. */
  readonly tests: Table = Object.assign(Object.create(null) as Table, Object.fromEntries(builtinTests));
  /** Variables of every template; context variables of the same name win. */
  readonly globals: Record<string, unknown> = Object.assign(
    Object.create(null) as Record<string, unknown>,
    Object.fromEntries(defaultGlobals),
  );
  readonly undefined: UndefinedClass;
  readonly policies: Policies;
  readonly limits: Limits;
  readonly options: EnvironmentOptions;
  readonly immutable: boolean;
  readonly random: (() => number) | undefined;
  readonly #syntax: SyntaxOptions;
  readonly #patterns: SyntaxPatterns;
  readonly #tags: ReadonlySet<ExtensionTag>;
  readonly #cache = new Map<string, Template>();

  /** @throws TypeError for an unknown extension or delimiters that are empty or equal */
  constructor(options: EnvironmentOptions = {}) {
    this.options = options;
    this.undefined = options.undefined ?? Undefined;
    this.policies = { ...defaultPolicies, ...options.policies };
    this.limits = { ...defaultLimits, ...options.limits };
    this.immutable = options.immutable ?? false;
    this.random = options.random;
    const given = Object.entries(options).filter(
      ([name, value]) => name in defaultSyntax && value !== undefined,
    );
    this.#syntax = { ...defaultSyntax, ...(Object.fromEntries(given) as Partial<SyntaxOptions>) };
    const { blockStartString, variableStartString, commentStartString } = this.#syntax;
    const starts = [blockStartString, variableStartString, commentStartString];
    if (new Set(starts).size !== 3 || starts.includes("")) {
      throw new TypeError("block, variable and comment start strings must be different");
    }
    this.#patterns = compileSyntax(this.#syntax);
    this.#tags = extensionTags(options.extensions ?? []);
  }

  get newlineSequence(): string {
    return this.#syntax.newlineSequence;
  }

  /** Compiles a template from its source. @throws TemplateSyntaxError */
  fromString(source: string, globals: RenderContext = {}): Template {
    return this.#template(source, undefined, globals);
  }

  /**
   * A template of the loader, compiled once. It keeps the globals it was ever asked for with, as in Jinja2.
   * @throws TemplateNotFound, TemplateSyntaxError, {@link HostError} when the loader throws
   */
  getTemplate(name: string, globals: RenderContext = {}): Template {
    const known = this.#cache.get(name);
    if (known !== undefined) {
      Object.assign(known.globals, ownEntries(globals));
      return known;
    }
    const found = this.#load(name);
    if (found === null) throw new TemplateNotFound([name]);
    const template = this.#template(found.source, name, globals);
    this.#remember(name, template);
    return template;
  }

  /** The first of several templates that exists. @throws TemplateNotFound when none does */
  selectTemplate(names: readonly string[], globals?: RenderContext): Template {
    for (const name of names) {
      try {
        return this.getTemplate(name, globals);
      } catch (error) {
        if (!(error instanceof TemplateNotFound)) throw error;
      }
    }
    throw new TemplateNotFound(names, `none of the templates given were found: ${names.join(", ")}`);
  }

  #load(name: string): TemplateSource | null {
    try {
      return this.options.loader?.load(name) ?? null;
    } catch (error) {
      throw error instanceof JinjaError ? error : new HostError(`the loader failed for '${name}'`, error);
    }
  }

  #remember(name: string, template: Template): void {
    const limit = this.options.cacheSize ?? 400;
    if (limit === 0) return;
    const oldest = this.#cache.keys().next();
    if (this.#cache.size >= limit && oldest.done !== true) this.#cache.delete(oldest.value);
    this.#cache.set(name, template);
  }

  /** Forgets all compiled templates, so that changed sources are read again. */
  clearCache(): void {
    this.#cache.clear();
  }

  /**
   * A function of a context for a single expression; undefined results become `null` unless told.
   * @throws TemplateSyntaxError
   */
  compileExpression(source: string, undefinedToNone = true): (context?: RenderContext) => unknown {
    const places = new SourcePlaces(undefined, source);
    const unit = this.#compilation(places, undefined);
    const code = located(places, () => {
      const begin = { type: "variable_begin", text: "", position: 0 } as const;
      const { variableStartString: start, variableEndString: end } = this.#syntax;
      const tokens = tokenize(start + source + end, this.#syntax, this.#patterns);
      const shifted = tokens.map((token) => ({
        ...token,
        position: Math.max(0, token.position - start.length),
      }));
      return compileLoneExpression(parseExpressionOnly([begin, ...shifted.slice(1)]), unit);
    });
    const empty = { root: () => undefined, blocks: new Map(), sourceLength: source.length };
    const template = this.#compiled(undefined, {}, empty);
    return (context = {}) => {
      const runtime = this.newRuntime();
      const scope = Context.root(template, contextLookup(context, runtime), runtime);
      const value = code(scope, runtime);
      return value instanceof Undefined && undefinedToNone ? null : toHost(value, runtime);
    };
  }

  #template(rawSource: string, name: string | undefined, own: RenderContext): Template {
    if (rawSource.length > this.limits.maxSourceSize) {
      throw new SizeLimitError("the source of a template", this.limits.maxSourceSize);
    }
    const source = normalizeSource(rawSource, this.#syntax);
    const places = new SourcePlaces(name, source);
    const code = located(places, () => {
      const body = parseTemplate(tokenize(source, this.#syntax, this.#patterns), this.#tags);
      return compileTemplate(body, this.#compilation(places, name));
    });
    const globals = ownEntries(own);
    const compiled = this.#compiled(name, globals, { ...code, sourceLength: source.length });
    const parts: TemplateParts = {
      compiled,
      globals,
      source,
      sourceOf: (other) =>
        other === name ? source : other === undefined ? "" : this.getTemplate(other).source,
      maxTrace: this.limits.maxTrace,
      newRuntime: (trace) => this.newRuntime(trace),
      lookup: contextLookup,
      run: runTemplate,
    };
    const template = new Template(name, parts);
    Object.defineProperty(template, compiledKey, { value: compiled });
    return template;
  }

  #compiled(
    name: string | undefined,
    globals: RenderContext,
    code: Pick<CompiledTemplate, "root" | "blocks" | "sourceLength">,
  ): CompiledTemplate {
    const { autoescape = false } = this.options;
    return {
      ...code,
      name,
      autoescape: typeof autoescape === "function" ? autoescape(name) : autoescape,
      globals: (variable, runtime) =>
        orElse(contextLookup(globals, runtime)(variable), () =>
          runtime.host.property(this.globals, variable),
        ),
    };
  }

  #compilation(places: SourcePlaces, name: string | undefined): Compilation {
    const { finalize } = this.options;
    const change =
      finalize === undefined
        ? undefined
        : (value: Value, { runtime }: Frame): Value =>
            new HostFunction("finalize", finalize).call(runtime, [value], undefined);
    return new Compilation(this, places, name, change, compileBody, new Budget(this.limits));
  }

  /** State for one rendering. */
  newRuntime(trace?: TraceRecorder): Runtime {
    const onContainer = trace === undefined ? undefined : trace.container.bind(trace);
    return new Runtime(this, new Budget(this.limits), new HostBridge(onContainer), trace);
  }

  findFilter(name: string): Builtin | undefined {
    return asBuiltin(name, Object.getOwnPropertyDescriptor(this.filters, name)?.value, false);
  }

  findTest(name: string): Builtin | undefined {
    return asBuiltin(name, Object.getOwnPropertyDescriptor(this.tests, name)?.value, true);
  }

  interceptor(kind: "binary" | "unary", operator: string): OperatorInterceptor | undefined {
    const { interceptedBinops = [], interceptedUnops = [], callBinop, callUnop } = this.options;
    const operators: readonly string[] = kind === "binary" ? interceptedBinops : interceptedUnops;
    const decide = (kind === "binary" ? callBinop : callUnop) as HostCallable | undefined;
    if (decide === undefined || !operators.includes(operator)) return undefined;
    const host = new HostFunction(kind === "binary" ? "callBinop" : "callUnop", decide);
    return (runtime, operands) => host.answer(runtime, [operator, ...operands], undefined);
  }

  attributeOf(value: Value, name: string, runtime: Runtime): Value {
    return getAttribute(value, name, runtime);
  }

  elementOf(value: Value, key: Value, runtime: Runtime): Value {
    return getItem(value, key, runtime);
  }

  compiledTemplate(name: string): CompiledTemplate {
    const template = this.getTemplate(name);
    return (template as unknown as { [compiledKey]: CompiledTemplate })[compiledKey];
  }
}

/** Jinja2's name for what every environment here is. */
export { Environment as SandboxedEnvironment };

/** An environment whose templates may not change lists and mappings, not even their own copies. */
export class ImmutableSandboxedEnvironment extends Environment {
  constructor(options: EnvironmentOptions = {}) {
    super({ ...options, immutable: true });
  }
}

function asBuiltin(name: string, entry: unknown, isTest: boolean): Builtin | undefined {
  if (entry instanceof Builtin) return entry;
  if (typeof entry !== "function") return undefined;
  const host = new HostFunction(name, entry as HostCallable);
  return new Builtin(name, "* **", (runtime, args, kwargs) => {
    const result = host.call(runtime, args as Value[], kwargs);
    return isTest ? isTruthy(result) : result;
  });
}

/** Runs the parser; its errors get line and column. */
function located<T>(places: SourcePlaces, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof LexError)) throw places.annotate(error, 0);
    const { message, position, assertion } = error;
    const shown = assertion ? new TemplateAssertionError(message) : new TemplateSyntaxError(message);
    throw places.annotate(shown, position);
  }
}
