import type { ErrorObject } from "ajv/dist/2020.js";
import { describeKind } from "../merge/kind.ts";
import { isScalar, type Node } from "../model/node.ts";
import { joinKey } from "../model/path.ts";
import { nearest } from "../model/spelling.ts";
import type { Policy } from "../schema/policy.ts";

/** What an error is told with: the value it is about, its path, and the schema there. */
export interface WordingContext {
  readonly path: string;
  readonly node: Node | undefined;
  readonly policy: Policy | undefined;
}

/** A schema error in words; `child` is the key it is really about, where it is not the value itself. */
export interface Wording {
  readonly message: string;
  readonly hint: string;
  readonly child?: string;
}

type Words = (params: Readonly<Record<string, unknown>>, context: WordingContext) => Wording;

const words: Readonly<Record<string, Words>> = {
  required: ({ missingProperty }, context) => missing(String(missingProperty), context),
  additionalProperties: ({ additionalProperty }, context) => unknownKey(String(additionalProperty), context),
  unevaluatedProperties: ({ unevaluatedProperty }, context) =>
    unknownKey(String(unevaluatedProperty), context),
  type: ({ type }, context) => wrongType([type].flat().map(String), context),
  enum: ({ allowedValues }, context) => notAllowed((allowedValues as unknown[]).map(String), context),
  const: ({ allowedValue }, context) => notAllowed([String(allowedValue)], context),
  minimum: ({ limit }, context) =>
    bound(context, `below the minimum ${String(limit)}`, `use ${String(limit)} or more`),
  maximum: ({ limit }, context) =>
    bound(context, `above the maximum ${String(limit)}`, `use ${String(limit)} or less`),
  exclusiveMinimum: ({ limit }, context) =>
    bound(context, `not above ${String(limit)}`, `use more than ${String(limit)}`),
  exclusiveMaximum: ({ limit }, context) =>
    bound(context, `not below ${String(limit)}`, `use less than ${String(limit)}`),
  multipleOf: ({ multipleOf }, context) =>
    bound(context, `no multiple of ${String(multipleOf)}`, `use a multiple of ${String(multipleOf)}`),
  minLength: ({ limit }, context) =>
    bound(context, `shorter than ${String(limit)} characters`, "write a longer text"),
  maxLength: ({ limit }, context) =>
    bound(context, `longer than ${String(limit)} characters`, "write a shorter text"),
  pattern: ({ pattern }, context) =>
    bound(context, `which does not match ${String(pattern)}`, "write it in that form"),
  format: ({ format }, context) =>
    bound(context, `which is no ${String(format)}`, `write a valid ${String(format)}`),
  minItems: ({ limit }, { path }) => ({
    message: `${path} has fewer than ${String(limit)} items`,
    hint: "add items",
  }),
  maxItems: ({ limit }, { path }) => ({
    message: `${path} has more than ${String(limit)} items`,
    hint: "remove items",
  }),
  uniqueItems: ({ i, j }, { path }) => ({
    message: `${path} holds the same item twice, at ${String(j)} and ${String(i)}`,
    hint: "remove one of the two",
  }),
  oneOf: (_, { path }) => ({
    message: `${path} fits several of the forms that exclude each other`,
    hint: "remove what belongs to another form",
  }),
};

/** Tells a schema error in words. The value is left out where the schema says that it is a secret. */
export function wordingOf(error: ErrorObject, context: WordingContext): Wording {
  const params = error.params as Readonly<Record<string, unknown>>;
  return (
    words[error.keyword]?.(params, context) ?? {
      message: `${context.path || "the configuration"} ${error.message ?? `breaks ${error.keyword}`}`,
      hint: "see the schema",
    }
  );
}

/** A value for a message: short, and never a secret's. */
function show({ node, policy }: WordingContext): string {
  if (node === undefined) return "nothing";
  if (!isScalar(node)) return describeKind(node);
  if (policy?.secret === true && node.kind !== "secret") return "[redacted]";
  const text = node.text ?? String(node.value);
  return node.kind === "string" ? JSON.stringify(text.slice(0, 80)) : text;
}

function missing(key: string, { path, node }: WordingContext): Wording {
  const known = node?.kind === "map" ? [...node.entries.keys()] : [];
  const similar = nearest(key, known);
  return {
    message: `${joinKey(path, key)} is missing`,
    hint:
      similar === undefined
        ? "set it in one of the layers"
        : `"${similar}" stands there; did you mean "${key}"?`,
  };
}

function unknownKey(key: string, { path, policy }: WordingContext): Wording {
  const known = policy?.keys ?? [];
  const similar = nearest(key, known);
  const list = known.slice(0, 12).join(", ");
  return {
    message: `${joinKey(path, key)} is not in the schema`,
    hint:
      similar !== undefined
        ? `did you mean "${similar}"?`
        : list === ""
          ? "remove it"
          : `known here are ${list}`,
    child: key,
  };
}

function wrongType(types: readonly string[], context: WordingContext): Wording {
  const { node, path } = context;
  const wanted = types.join(" or ");
  const quoted =
    node?.kind === "string" &&
    types.some((type) => type !== "string" && type !== "object" && type !== "array");
  const number =
    (node?.kind === "integer" || node?.kind === "float" || node?.kind === "boolean") &&
    types.includes("string");
  return {
    message: `${path} is ${show(context)}${node === undefined || !isScalar(node) ? "" : ` (${describeKind(node)})`}, the schema wants ${wanted}`,
    hint: number
      ? "put it in quotes"
      : quoted
        ? "write it without quotes, as a JSON number, true, false or null"
        : `write ${wanted}`,
  };
}

function notAllowed(allowed: readonly string[], context: WordingContext): Wording {
  const { node, path } = context;
  const similar = node !== undefined && isScalar(node) ? nearest(String(node.value), allowed) : undefined;
  return {
    message: `${path} is ${show(context)}, which is not allowed`,
    hint: similar === undefined ? `use ${allowed.slice(0, 12).join(", ")}` : `did you mean "${similar}"?`,
  };
}

function bound(context: WordingContext, what: string, hint: string): Wording {
  return { message: `${context.path} is ${show(context)}, ${what}`, hint };
}
