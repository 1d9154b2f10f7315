import { LotseError, diagnosticOf, type Diagnostic, type ErrorCode, type Where } from "../../kernel/index.ts";
import { isScalar, sameValue, whereOf, type Node } from "../model/node.ts";
import { formatPath, nodeAt, type Path } from "../model/path.ts";
import type { Source } from "../model/source.ts";
import type { Step } from "../resolve/steps.ts";
import type { Guard } from "../schema/keywords.ts";
import type { Policy } from "../schema/policy.ts";
import { expandPattern, type LockRule } from "./rules.ts";

/** A lock that a layer broke. */
export interface Violation {
  readonly path: string;
  readonly diagnostic: Diagnostic;
}

/**
 * Finds the locks that layers break. Each layer's value is compared with the one below it after references
 * are resolved, so a lock also holds against a change that comes through a reference, a deletion, a variable
 * of the process environment or `--set`.
 */
export function findViolations(steps: readonly Step[], rules: readonly LockRule[]): readonly Violation[] {
  const locked = new Map<string, { readonly path: Path; readonly policy: Policy }>();
  for (const rule of rules) {
    for (const path of pathsOf(rule, steps)) {
      const policy = rule.policyAt(path);
      if (policy?.locked === true) locked.set(path.join("\0"), { path, policy });
    }
  }
  return [...locked.values()].flatMap(({ path, policy }) => checkPath(path, policy, steps));
}

/** A pattern's paths in all steps: a layer may have deleted what the one below it set. */
function pathsOf(rule: LockRule, steps: readonly Step[]): readonly Path[] {
  if (!rule.pattern.includes("*")) return [rule.pattern];
  return steps.flatMap((step) => expandPattern(step.root, rule.pattern, (path) => step.binder.valueAt(path)));
}

interface Seen {
  readonly raw: Node | undefined;
  readonly value: Node | undefined;
  readonly step: Step | undefined;
}

function checkPath(path: Path, policy: Policy, steps: readonly Step[]): readonly Violation[] {
  const violations: Violation[] = [];
  let below: Seen = { raw: undefined, value: undefined, step: undefined };
  let lastSet = below;
  for (const step of steps) {
    const raw = nodeAt(step.root, path);
    if (raw === below.raw && raw?.hasReferences !== true && raw !== undefined) continue;
    const value = step.binder.valueAt(path);
    const seen: Seen = { raw, value, step };
    const same =
      value === below.value ||
      (value !== undefined && below.value !== undefined && sameValue(value, below.value));
    if (!same) {
      const problem = problemOf(policy, lastSet.value, value, step.entry?.layer ?? "");
      if (problem !== undefined) violations.push(violation(path, problem, lastSet, seen));
    }
    below = seen;
    if (!same && value !== undefined) lastSet = seen;
  }
  return violations;
}

interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

function problemOf(
  policy: Policy,
  below: Node | undefined,
  value: Node | undefined,
  layer: string,
): Problem | undefined {
  if (below !== undefined) {
    if (policy.final) {
      return {
        code: "lock.final",
        message: `is final and may not be ${verb(value)}`,
        hint: "take the value out of this layer",
      };
    }
    if (policy.overridableBy !== undefined && !policy.overridableBy.includes(layer)) {
      return {
        code: "lock.not-overridable",
        message: `may not be ${verb(value)} by the layer ${layer}`,
        hint: `it may be overridden by ${policy.overridableBy.join(", ") || "no layer"}`,
      };
    }
  }
  return policy.guard === undefined ? undefined : guardProblem(policy.guard, below, value, shower(policy));
}

function verb(value: Node | undefined): string {
  return value === undefined ? "deleted" : "changed";
}

type Show = (node: Node) => string;

function guardProblem(
  guard: Guard,
  below: Node | undefined,
  value: Node | undefined,
  show: Show,
): Problem | undefined {
  const fail = (message: string, hint: string): Problem => ({ code: "lock.guard", message, hint });
  if (value === undefined) {
    const guarded = guard["only-raise"] === true || guard["only-lower"] === true;
    return below !== undefined && guarded
      ? fail("is guarded and may not be deleted", "keep the value")
      : undefined;
  }
  const number = numberOf(value);
  if (number === undefined && (guard.min !== undefined || guard.max !== undefined)) {
    return fail(`is ${show(value)}, which is no number, and its guard has bounds`, "use a number");
  }
  if (guard.min !== undefined && number !== undefined && number < guard.min) {
    return fail(`is ${show(value)}, below its guard's minimum`, `use ${guard.min} or more`);
  }
  if (guard.max !== undefined && number !== undefined && number > guard.max) {
    return fail(`is ${show(value)}, above its guard's maximum`, `use ${guard.max} or less`);
  }
  const choices = guard.enum?.map(String);
  if (choices !== undefined && (!isScalar(value) || !choices.includes(textOf(value)))) {
    return fail(`is ${show(value)}, which its guard does not allow`, `use one of ${choices.join(", ")}`);
  }
  return below === undefined ? undefined : directionProblem(guard, [below, value], show, fail);
}

function directionProblem(
  guard: Guard,
  [below, value]: readonly [Node, Node],
  show: Show,
  fail: (message: string, hint: string) => Problem,
): Problem | undefined {
  if (guard["only-raise"] !== true && guard["only-lower"] !== true) return undefined;
  const [before, after] = [rankOf(below, guard), rankOf(value, guard)];
  if (before === undefined || after === undefined) {
    return fail(
      `goes from ${show(below)} to ${show(value)}, which have no order`,
      "use numbers, or list the values in order in the guard's enum",
    );
  }
  if (guard["only-raise"] === true && after < before) {
    return fail(
      `may only be raised: ${show(below)} below, ${show(value)} here`,
      `use ${show(below)} or more`,
    );
  }
  if (guard["only-lower"] === true && after > before) {
    return fail(
      `may only be lowered: ${show(below)} below, ${show(value)} here`,
      `use ${show(below)} or less`,
    );
  }
  return undefined;
}

function rankOf(node: Node, guard: Guard): number | bigint | undefined {
  if (guard.enum === undefined) return numberOf(node);
  const index = isScalar(node) ? guard.enum.map(String).indexOf(textOf(node)) : -1;
  return index < 0 ? undefined : index;
}

function numberOf(node: Node): number | bigint | undefined {
  if (node.kind !== "integer" && node.kind !== "float") return undefined;
  return node.value as number | bigint;
}

function textOf(node: Node): string {
  return isScalar(node) ? String(node.value) : "";
}

/** How values are shown in messages; what the schema calls a secret is not. */
function shower(policy: Policy): Show {
  return (node) => {
    if (!isScalar(node)) return `a ${node.kind}`;
    return policy.secret && node.kind !== "secret" ? "[secret]" : (node.text ?? String(node.value));
  };
}

function violation(path: Path, problem: Problem, below: Seen, here: Seen): Violation {
  const text = formatPath(path, here.step?.root);
  const lower = below.value === undefined ? undefined : placeOf(below, path, text);
  return {
    path: text,
    diagnostic: diagnosticOf(
      new LotseError({
        code: problem.code,
        message: `${text} ${problem.message}`,
        hint: `${problem.hint}; a break-glass entry in lotse.yml lifts the lock for a while`,
        where: placeOf(here, path, text),
        related: lower === undefined ? undefined : [lower],
      }),
    ),
  };
}

/**
 * The place in a step's own layer that made the value what it is: at the path, in the value or behind a
 * reference; the layer itself where it took away what a reference needs.
 */
function placeOf(seen: Seen, path: Path, text: string): Where {
  const document = seen.step?.entry?.document;
  if (document === undefined) return { path: text };
  const own = ownNode(document.root, path) ?? firstFrom(document.source, seen.value) ?? document.root;
  return whereOf(own, text);
}

/** What a layer itself writes at a path, or the tag above it that replaces or deletes the path. */
function ownNode(root: Node, path: Path): Node | undefined {
  for (let length = path.length; length > 0; length--) {
    const own = nodeAt(root, path.slice(0, length));
    if (own !== undefined && (length === path.length || own.mark !== undefined)) return own;
  }
  return undefined;
}

/** The first node of a source in a value or behind its references; what several ways lead to is looked at once. */
function firstFrom(source: Source, value: Node | undefined): Node | undefined {
  const seen = new Set<Node>();
  const queue = value === undefined ? [] : [value];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.source === source) return node;
    queue.push(...below(node).toReversed());
  }
  return undefined;
}

function below(node: Node): readonly Node[] {
  if (node.kind === "map") return [...node.entries.values()];
  return node.kind === "list" ? node.items : (node.through ?? []);
}
