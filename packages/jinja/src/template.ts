import { JinjaError } from "./errors.ts";
import type { RenderContext } from "./options.ts";
import { type OutputLine, type SourceOf, outputMap } from "./output/output-map.ts";
import { Tracer } from "./output/trace.ts";
import { type YamlWarning, checkYaml } from "./output/yaml-check.ts";
import { Context, type Lookup } from "./runtime/context.ts";
import { toHost } from "./runtime/host.ts";
import type { CompiledTemplate, Runtime, TraceRecorder } from "./runtime/runtime.ts";
import { Callable } from "./values/callable.ts";
import type { Value } from "./values/object.ts";
import { str } from "./values/repr.ts";

/** What a template needs of its environment. */
export interface TemplateParts {
  readonly compiled: CompiledTemplate;
  readonly globals: Record<string, unknown>;
  readonly source: string;
  readonly sourceOf: SourceOf;
  /** See `Limits`. */
  readonly maxTrace: number;
  readonly newRuntime: (trace?: TraceRecorder) => Runtime;
  readonly lookup: (context: RenderContext, runtime: Runtime) => Lookup;
  readonly run: (template: CompiledTemplate, context: Context, runtime: Runtime, what: string) => void;
}

/** What {@link Template.renderDetailed} returns. */
export interface DetailedRendering {
  readonly output: string;
  /** One entry for each line of the output, or for those at its start where `complete` is false. */
  readonly map: readonly OutputLine[];
  /** Values that changed the structure of the document; empty unless asked for, and where `complete` is false. */
  readonly warnings: readonly YamlWarning[];
  /** Whether the output stayed within `limits.maxTrace`. */
  readonly complete: boolean;
  /** Steps of the budget that it took. */
  readonly steps: number;
}

/** A compiled template. */
export class Template {
  /** Name it was loaded by; `undefined` for one from a string. */
  readonly name: string | undefined;
  readonly #parts: TemplateParts;

  constructor(name: string | undefined, parts: TemplateParts) {
    this.name = name;
    this.#parts = parts;
  }

  /** Variables of this template alone; they come before those of the environment. */
  get globals(): Record<string, unknown> {
    return this.#parts.globals;
  }

  /** The source with normalised line ends. */
  get source(): string {
    return this.#parts.source;
  }

  /**
   * The template's output.
   * @throws a {@link JinjaError} of which `code` says what went wrong and `where` the place
   */
  render(context: RenderContext = {}): string {
    const runtime = this.#parts.newRuntime();
    this.#run(context, runtime);
    return runtime.out;
  }

  /**
   * Like {@link render}, with the map from output lines to template lines and configuration leaves,
   * and for `yaml: true` the warnings about values that change the document's structure.
   */
  renderDetailed(context: RenderContext = {}, options: { yaml?: boolean } = {}): DetailedRendering {
    const { sourceOf, maxTrace } = this.#parts;
    const tracer = new Tracer(maxTrace);
    const runtime = this.#parts.newRuntime(tracer);
    this.#run(context, runtime);
    const { out: output } = runtime;
    const known = tracedPart(output, tracer.end, maxTrace);
    const complete = known === output;
    return {
      output,
      map: complete || known !== "" ? outputMap(known, tracer.segments, sourceOf) : [],
      warnings: options.yaml === true && complete ? checkYaml(output, tracer.segments, sourceOf) : [],
      complete,
      steps: runtime.budget.steps,
    };
  }

  /** What the template exports: values, and its macros as functions that return text. */
  makeModule(context: RenderContext = {}): Readonly<Record<string, unknown>> {
    const runtime = this.#parts.newRuntime();
    const scope = this.#run(context, runtime);
    const names = [...scope.exported];
    return Object.fromEntries(
      names.map((name) => [name, exportValue(scope.vars.get(name) ?? null, runtime)]),
    );
  }

  #run(context: RenderContext, runtime: Runtime): Context {
    const { compiled, lookup, run } = this.#parts;
    const scope = Context.root(compiled, lookup(context, runtime), runtime);
    try {
      run(compiled, scope, runtime, "templates");
    } catch (error) {
      if (error instanceof JinjaError || !(error instanceof RangeError)) throw error;
      throw new JinjaError("DepthLimitError", "the template is nested too deeply", { cause: error });
    }
    return scope;
  }
}

/** The whole lines in front of `end`, as many as may be told of. */
function tracedPart(output: string, end: number | undefined, maxLines: number): string {
  let last = -1;
  for (let lines = 0; lines < maxLines; lines += 1) {
    const next = output.indexOf("\n", last + 1);
    if (end !== undefined && (next === -1 || next > end)) return output.slice(0, Math.max(last, 0));
    if (next === -1) return output;
    last = next;
  }
  return output.slice(0, last);
}

function exportValue(value: Value, runtime: Runtime): unknown {
  if (!(value instanceof Callable)) return toHost(value, runtime);
  return (...args: readonly unknown[]): string => {
    const values = args.map((arg) => runtime.host.convert(arg) ?? null);
    return str(value.call(runtime, values, undefined), runtime.budget);
  };
}
