import { TemplateAssertionError, unreachable } from "../errors.ts";
import type { Budget } from "../limits.ts";
import type { Stmt } from "../parser/nodes.ts";
import type { Frame } from "../runtime/frame.ts";
import type { BlockFunction, RuntimeEnvironment } from "../runtime/runtime.ts";
import type { Value } from "../values/object.ts";
import type { SourcePlaces } from "./source-place.ts";
import { type Reference, Symbols, Unit } from "./symbols.ts";

/** A compiled expression. */
export type ExprCode = (frame: Frame) => Value;

/** What a statement ends with: go on, leave the loop, or take its next turn. */
export type Signal = 0 | 1 | 2;
/** The statement is through. */
export const goOn: Signal = 0;
/** `break` */
export const leaveLoop: Signal = 1;
/** `continue` */
export const nextTurn: Signal = 2;

/** A compiled statement; writes to `frame.runtime.out`. */
export type StmtCode = (frame: Frame) => Signal;

/** Turns statements into one function. */
export type BodyCompiler = (body: readonly Stmt[], scope: Scope, unit: Compilation) => StmtCode;

/** Where code stands while it is compiled. */
export interface Scope {
  readonly symbols: Symbols;
  /** At the top level of the template: `set` defines for blocks and imports too. */
  readonly toplevel: boolean;
  /** Not inside of `if`, a loop or the like: `extends` and `set` may count on being run. */
  readonly soft: boolean;
  /** Inside of a loop: `break` and `continue` have a meaning. */
  readonly inLoop: boolean;
  /** Writes only as long as no `extends` was met. */
  readonly checksExtends: boolean;
  /**
   * In the body of a loop or block: the names set directly in it, which functions that get the context see too.
   * Filled while the body is compiled.
   */
  readonly tracked?: Set<string> | undefined;
}

/** What all parts of compiling one template share. */
export class Compilation {
  readonly environment: RuntimeEnvironment;
  readonly places: SourcePlaces;
  readonly name: string | undefined;
  readonly finalize: ((value: Value, frame: Frame) => Value) | undefined;
  readonly blocks = new Map<string, BlockFunction>();
  /** Books the work of compiling. */
  readonly budget: Budget;
  readonly #compileBody: BodyCompiler;
  /** Expression nodes compiled so far: the work that running them takes. */
  weight = 0;

  constructor(
    environment: RuntimeEnvironment,
    places: SourcePlaces,
    name: string | undefined,
    finalize: ((value: Value, frame: Frame) => Value) | undefined,
    compileBody: BodyCompiler,
    budget: Budget,
  ) {
    this.budget = budget;
    this.#compileBody = compileBody;
    this.environment = environment;
    this.places = places;
    this.name = name;
    this.finalize = finalize;
  }

  /** Compiles the statements inside of another; here so that statements need not import each other. */
  body(body: readonly Stmt[], scope: Scope): StmtCode {
    return this.#compileBody(body, scope, this);
  }

  /** Throws an error of compiling with its place. */
  fail(message: string, position: number): never {
    throw this.places.annotate(new TemplateAssertionError(message), position);
  }

  /** Rethrows an error of running with its place. */
  rethrow(error: unknown, position: number): never {
    throw this.places.annotate(error, position);
  }
}

/** The scope of a new template root or block. */
export function rootScope(
  { budget }: Compilation,
  toplevel: boolean,
  checksExtends: boolean,
  tracked?: Set<string>,
): Scope {
  const symbols = new Symbols(new Unit(undefined, budget), undefined);
  return { symbols, toplevel, soft: false, inLoop: false, checksExtends, tracked };
}

/** A scope inside of another, sharing its frame unless `ownUnit`. */
export function innerScope(scope: Scope, changes: Partial<Scope> & { ownUnit?: boolean } = {}): Scope {
  const { ownUnit, ...rest } = changes;
  const unit =
    ownUnit === true ? new Unit(scope.symbols.unit, scope.symbols.unit.budget) : scope.symbols.unit;
  const symbols = new Symbols(unit, scope.symbols);
  return { ...scope, symbols, toplevel: false, soft: false, tracked: undefined, ...rest };
}

/** Code that finds the frame which holds `reference`, seen from code of `from`. */
function frameDistance(from: Unit, reference: Reference): number {
  let distance = 0;
  for (let unit: Unit | undefined = from; unit !== undefined; unit = unit.parent) {
    if (unit === reference.unit) return distance;
    distance += 1;
  }
  return 0;
}

/** Code that reads a variable; `undefined` = not set. */
export function readSlot(from: Unit, reference: Reference): (frame: Frame) => Value | undefined {
  const { slot } = reference;
  const distance = frameDistance(from, reference);
  if (distance === 0) return (frame) => frame.slots[slot];
  if (distance === 1) return (frame) => frame.parent?.slots[slot];
  return (frame) => {
    let holder: Frame | undefined = frame;
    for (let i = 0; i < distance; i += 1) holder = holder?.parent;
    return holder?.slots[slot];
  };
}

/** Code that sets the variables of a scope to what they hold when it is entered. */
export function enterScope(symbols: Symbols): ((frame: Frame) => void) | undefined {
  const steps = symbols.loads.flatMap(([{ slot }, load]): ((frame: Frame) => void)[] => {
    switch (load.kind) {
      case "parameter":
        return [];
      case "missing":
        return [(frame) => void (frame.slots[slot] = undefined)];
      case "resolve":
        return [(frame) => void (frame.slots[slot] = frame.context.resolve(load.name))];
      case "alias": {
        const read = readSlot(symbols.unit, load.source);
        return [(frame) => void (frame.slots[slot] = read(frame))];
      }
      default:
        return unreachable(load);
    }
  });
  const [only] = steps;
  if (steps.length <= 1) return only;
  return (frame) => {
    const { budget } = frame.runtime;
    // Each include asks the ones around it for what it does not know.
    budget.charge(steps.length * (1 + budget.depth / 16));
    for (const step of steps) step(frame);
  };
}
