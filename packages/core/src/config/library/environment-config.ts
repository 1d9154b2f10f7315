import { LotseError, type Diagnostic, type Scope } from "../../kernel/index.ts";
import type { PlainValue } from "../model/plain.ts";
import { toJson } from "../print/json.ts";
import { explain, type Explanation } from "../provenance/explain.ts";
import type { Snapshot } from "../resolve/snapshot.ts";

/**
 * To be filled in by a workspace: `lotse config types` writes a file that adds the member `config` to it, and
 * with that every path given to {@link EnvironmentConfig.get} is checked and its value typed.
 */
// oxlint-disable-next-line typescript/no-empty-interface, typescript/no-empty-object-type -- augmented by generated types
export interface Register {}

/** The shape of a workspace's configuration: what its generated types say, or any value. */
export type ConfigShape = Register extends { readonly config: infer Shape } ? Shape : PlainValue;

/** All paths into a value, such as `"database" | "database.postgresql" | …`. */
export type PathOf<Value> = Value extends readonly unknown[]
  ? string
  : Value extends object
    ? { [Key in keyof Value & string]: Key | `${Key}.${PathOf<NonNullable<Value[Key]>>}` }[keyof Value &
        string]
    : never;

/** The value at a path of a value. */
export type ValueAt<Value, Path extends string> = Path extends `${infer Key}.${infer Rest}`
  ? Key extends keyof Value
    ? ValueAt<NonNullable<Value[Key]>, Rest>
    : PlainValue | undefined
  : Path extends keyof Value
    ? Value[Path]
    : PlainValue | undefined;

/** A path argument: one of the generated types' paths, or any text where there are none. */
type KnownPath = Register extends { readonly config: infer Shape } ? PathOf<Shape> : string;

/** One scope's resolved configuration, as programs use it. Its values are frozen. */
export class EnvironmentConfig {
  readonly scope: Scope;
  /** Warnings, such as locks that a break-glass entry lifts. */
  readonly warnings: readonly Diagnostic[];
  readonly #snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    this.scope = snapshot.scope;
    this.warnings = snapshot.diagnostics.filter((diagnostic) => diagnostic.severity !== "error");
  }

  /**
   * The value at a path such as `database.postgresql`, frozen; `undefined` where there is none. Integers
   * beyond 2^53 are bigints, secrets are handles.
   *
   * @throws LotseError `parse.path` for a text that is no path
   */
  get<Path extends KnownPath>(path: Path): ValueAt<ConfigShape, Path> {
    return this.#snapshot.get(path) as ValueAt<ConfigShape, Path>;
  }

  /** Whether there is a value at a path, `null` included. @throws LotseError `parse.path` */
  has(path: string): boolean {
    return this.#snapshot.node(path) !== undefined;
  }

  /** Where the value at a path comes from. @throws LotseError `config.unknown-path`, `parse.path` */
  explain(path: string): Explanation {
    return explain(this.#snapshot, path);
  }

  /** The snapshot behind it, for what works on places and layers. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** The whole configuration as frozen JavaScript. */
  toObject(): ConfigShape {
    return this.#snapshot.get("") as ConfigShape;
  }

  /** The whole configuration as JSON text; numbers keep the text they were written with. */
  toJsonText(): string {
    return toJson(this.#snapshot.root);
  }
}

/**
 * The error for a configuration that may not be used.
 *
 * @param findings - at least one error
 */
export function invalidConfig(scope: Scope, findings: readonly Diagnostic[]): LotseError {
  const errors = findings.filter((finding) => finding.severity === "error");
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return new LotseError({
    code: first?.code ?? "config.invalid",
    message: `${first?.message ?? "the configuration is invalid"}${more}`,
    hint: first?.hint ?? `run lotse config validate ${scope.environment}`,
    where: first?.where,
    related: first?.related,
  });
}
