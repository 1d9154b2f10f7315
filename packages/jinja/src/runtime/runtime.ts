import type { Budget } from "../limits.ts";
import type { Value } from "../values/object.ts";
import type { Undefined, UndefinedClass, UndefinedOrigin } from "../values/undefined.ts";
import type { Builtin } from "./builtin.ts";
import type { Context } from "./context.ts";
import type { Frame } from "./frame.ts";
import type { HostBridge } from "./host.ts";

/** Renders one block into `runtime.out`. */
export type BlockFunction = (context: Context, runtime: Runtime) => void;

/** A template ready to run. */
export interface CompiledTemplate {
  /** Name given to the loader; `undefined` for one from a string. */
  readonly name: string | undefined;
  readonly autoescape: boolean;
  /** Characters of the source. */
  readonly sourceLength: number;
  readonly blocks: ReadonlyMap<string, BlockFunction>;
  /** Globals of this template alone, then those of the environment. */
  readonly globals: (name: string, runtime: Runtime) => Value | undefined;
  readonly root: (context: Context, runtime: Runtime) => void;
}

/** Jinja2's policies that the filters ask for. */
export interface Policies {
  readonly compareStrings: boolean;
  readonly truncateLeeway: number;
  readonly urlizeRel: string | undefined;
  readonly urlizeTarget: string | undefined;
  readonly urlizeExtraSchemes: readonly string[];
  readonly jsonSortKeys: boolean;
  /** Writes JSON for `tojson` in place of Python's `json.dumps`; the characters that harm HTML are escaped after it. */
  readonly jsonDumpsFunction:
    | ((value: unknown, kwargs: Readonly<Record<string, unknown>>) => string)
    | undefined;
  /** What `jsonDumpsFunction` gets, besides the `indent` a template asks for. */
  readonly jsonDumpsKwargs: Readonly<Record<string, unknown>>;
  /** Seed of the `random` filter and `lipsum`; the same seed gives the same choices. */
  readonly randomSeed: number;
}

/** Decides an operator in place of Python's rules; `undefined` = as Python does. */
export type Interceptor<Operator> = (operator: Operator, ...operands: readonly unknown[]) => unknown;

/** An {@link Interceptor} as running templates call it. */
export type OperatorInterceptor = (runtime: Runtime, operands: readonly Value[]) => Value | undefined;

/** What a running template needs from its environment. */
export interface RuntimeEnvironment {
  readonly undefined: UndefinedClass;
  readonly policies: Policies;
  readonly newlineSequence: string;
  /** Lists and mappings cannot be changed. */
  readonly immutable: boolean;
  /** The host's source of random numbers; `undefined` = the seeded one. */
  readonly random: (() => number) | undefined;
  findFilter(name: string): Builtin | undefined;
  findTest(name: string): Builtin | undefined;
  /** Who decides an operator in place of Python's rules; `undefined` = nobody, or its answer: as Python does. */
  interceptor(kind: "binary" | "unary", operator: string): OperatorInterceptor | undefined;
  /** What `value.name` means to the sandbox. */
  attributeOf(value: Value, name: string, runtime: Runtime): Value;
  /** What `value[key]` means to the sandbox. */
  elementOf(value: Value, key: Value, runtime: Runtime): Value;
  /** @throws TemplateNotFound, TemplateSyntaxError */
  compiledTemplate(name: string): CompiledTemplate;
}

/** Where a piece of output came from, told to a recorder while rendering. */
export interface TraceRecorder {
  /** Whether it takes no more: what is written from now on is only told to `dropped`. */
  readonly full: boolean;
  /** Something has written at `start` after the recorder was full. */
  dropped(start: number): void;
  /** An expression has written `out.slice(start)`. */
  expression(written: {
    readonly template: string | undefined;
    /** Offset in the template. */
    readonly position: number;
    /** Offset in the output. */
    readonly start: number;
    readonly value: Value;
    /** Name of the last filter of the expression. */
    readonly filter: string | undefined;
    /** The expression is a call: of a macro, perhaps, whose own output is known better. */
    readonly isCall: boolean;
    /** Leaves of the configuration that the expression reads. */
    readonly paths: readonly string[];
  }): void;
  /** A statement of the template starts writing at `start`. */
  data(template: string | undefined, position: number, start: number): void;
  /** The output from here on goes to a new buffer, or back to the one before with `text` as a value. */
  push(): void;
  pop(text: string): void;
  /** A container of the host's context became a value of the template. */
  container(value: object, path: string): void;
  /** The variable in that slot of that frame was given the element of `source`. */
  slot(frame: Frame, slot: number, path: string | undefined): void;
  pathOf(value: Value | undefined): string | undefined;
  slotPath(frame: Frame, slot: number): string | undefined;
}

/** State of one rendering. */
export class Runtime {
  readonly environment: RuntimeEnvironment;
  readonly budget: Budget;
  readonly host: HostBridge;
  readonly trace: TraceRecorder | undefined;
  /** The buffer that output goes to. */
  out = "";
  /** Whether the code that runs now escapes its output. */
  autoescape = false;
  /** Context of the code that runs now, for functions that ask for it. */
  context: Context | undefined;
  /** Modules imported without context, by template: one instance a rendering. */
  readonly modules = new Map<CompiledTemplate, Value>();
  /** Templates that this rendering has used, each booked once. */
  readonly touched = new Set<CompiledTemplate>();
  /** State of the random numbers. */
  random: number;

  constructor(
    environment: RuntimeEnvironment,
    budget: Budget,
    host: HostBridge,
    trace: TraceRecorder | undefined,
  ) {
    this.environment = environment;
    this.budget = budget;
    this.host = host;
    this.trace = trace;
    this.random = environment.policies.randomSeed;
  }

  /** An undefined value of the environment's class. */
  undefined(origin: UndefinedOrigin): Undefined {
    return new this.environment.undefined(origin);
  }

  /** Runs `body` with output going to a buffer of its own, and returns the buffer. */
  capture(body: () => void): string {
    const outer = this.out;
    this.out = "";
    this.trace?.push();
    try {
      body();
      return this.out;
    } finally {
      const text = this.out;
      this.out = outer;
      this.trace?.pop(text);
    }
  }

  /** Runs `body` under another autoescape setting and context. */
  within<T>(autoescape: boolean, context: Context | undefined, body: () => T): T {
    const [outerEscape, outerContext] = [this.autoescape, this.context];
    this.autoescape = autoescape;
    this.context = context;
    try {
      return body();
    } finally {
      this.autoescape = outerEscape;
      this.context = outerContext;
    }
  }

  /** Next random number from 0 up to 1: the host's, or a pseudo-random one (mulberry32). */
  nextRandom(): number {
    const { random } = this.environment;
    if (random !== undefined) {
      const drawn = random();
      // A source that keeps no bounds must not make a filter read past the end of a list.
      return drawn >= 0 && drawn < 1 ? drawn : 0;
    }
    this.random = (this.random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.random ^ (this.random >>> 15), 1 | this.random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
}
