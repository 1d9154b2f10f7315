import { LotseError } from "../../kernel/index.ts";
import type { Fact, FactValue } from "../facts/fact.ts";

/**
 * Ends a rule at the first fact that it needs and nobody knows; the engine turns it into `unknown`. It is no
 * error, and takes no stack: in a large workspace it is thrown thousands of times.
 */
export class MissingFact {
  readonly fact: string;
  /** Why it is not known; `undefined` where there simply is none. */
  readonly why: string | undefined;

  constructor(fact: string, why?: string) {
    this.fact = fact;
    this.why = why;
  }
}

/** The facts of one scope as a rule sees them. Every reading method ends the rule where the fact is missing. */
export interface FactView {
  /** The day of the run, `YYYY-MM-DD` in UTC. Rules see no finer time, so a verdict holds for a day. */
  readonly today: string;
  /** Whether a fact is known; the way to ask for an optional one. */
  has(name: string): boolean;
  /** Any value, also null. */
  value(name: string): FactValue;
  text(name: string): string;
  number(name: string): number;
  flag(name: string): boolean;
  list(name: string): readonly FactValue[];
  map(name: string): Readonly<Record<string, FactValue>>;
  /** Whole days from a moment (ISO 8601) until today; negative for the future. */
  daysSince(moment: string): number;
  /**
   * The age in whole days of something that was done. What was done in the future was not done: the rule ends as
   * unknown. Tomorrow counts as today, since it may be in another time zone.
   */
  ageInDays(moment: string): number;
}

/**
 * The reader that rules get. It knows what the check declared, and which facts the rule looked at: those are
 * its evidence.
 */
export class FactReader implements FactView {
  readonly today: string;
  /** The facts that were read and known, in the order of reading. */
  readonly read = new Set<string>();
  readonly #check: string;
  readonly #declared: ReadonlySet<string>;
  readonly #find: (name: string) => Fact | undefined;

  constructor(
    check: string,
    declared: ReadonlySet<string>,
    today: string,
    find: (name: string) => Fact | undefined,
  ) {
    this.#check = check;
    this.#declared = declared;
    this.today = today;
    this.#find = find;
  }

  has(name: string): boolean {
    return this.#fact(name) !== undefined;
  }

  value(name: string): FactValue {
    const fact = this.#fact(name);
    if (fact === undefined) throw new MissingFact(name);
    if (fact.unknown !== undefined) throw new MissingFact(name, fact.unknown);
    return fact.value;
  }

  text(name: string): string {
    const value = this.value(name);
    return typeof value === "string" ? value : this.#not(name, "a text");
  }

  number(name: string): number {
    const value = this.value(name);
    return typeof value === "number" ? value : this.#not(name, "a number");
  }

  flag(name: string): boolean {
    const value = this.value(name);
    return typeof value === "boolean" ? value : this.#not(name, "true or false");
  }

  list(name: string): readonly FactValue[] {
    const value = this.value(name);
    return Array.isArray(value) ? value : this.#not(name, "a list");
  }

  map(name: string): Readonly<Record<string, FactValue>> {
    const value = this.value(name);
    return isMap(value) ? value : this.#not(name, "a map");
  }

  daysSince(moment: string): number {
    const days = (Date.parse(this.today) - Date.parse(moment.slice(0, 10))) / 86_400_000;
    if (Number.isNaN(days))
      throw new MissingFact(`the time ${JSON.stringify(moment.slice(0, 40))}`, "it is no date");
    return days;
  }

  ageInDays(moment: string): number {
    const days = this.daysSince(moment);
    if (days < -1)
      throw new MissingFact(`what was done on ${moment.slice(0, 10)}`, "that day is yet to come");
    return Math.max(days, 0);
  }

  #fact(name: string): Fact | undefined {
    if (!this.#declared.has(name)) {
      throw new LotseError({
        code: "policy.check",
        message: `the check ${this.#check} reads the fact ${name} without declaring it`,
        hint: "add it to the check's `facts`, or to `optional` where the rule can do without",
      });
    }
    const fact = this.#find(name);
    if (fact !== undefined) this.read.add(name);
    return fact;
  }

  #not(name: string, kind: string): never {
    throw new MissingFact(name, `it is not ${kind}`);
  }
}

/** Whether a value is a map. */
export function isMap(value: FactValue | undefined): value is Readonly<Record<string, FactValue>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
