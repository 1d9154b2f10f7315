import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { LotseError, type Diagnostic, type Where } from "../../kernel/index.ts";
import { isScalar, whereOf, type Node } from "../model/node.ts";
import { formatPath, joinIndex, joinKey, nodeAt, type Path } from "../model/path.ts";
import { policyAt } from "../reference/binder.ts";
import type { Snapshot } from "../resolve/snapshot.ts";
import { placeInSchema, type ConfigSchema } from "../schema/load.ts";
import type { Policy } from "../schema/policy.ts";
import { branchFinder, chooseBranches, type BranchFinder } from "./branches.ts";
import { instanceOf, parsePointer } from "./instance.ts";
import { wordingOf } from "./wording.ts";

const schemaId = "lotse:environment";

/** What a handle's content would have to fulfil; it is checked when the secret is revealed. */
const contentKeywords: ReadonlySet<string> = new Set([
  "minLength",
  "maxLength",
  "pattern",
  "format",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "enum",
  "const",
]);

/**
 * Validates snapshots against a workspace's JSON Schema (draft 2020-12). Compiling a large schema takes half
 * a second, so make one and keep it.
 *
 * @throws LotseError `schema.invalid` when the schema itself is broken
 */
export class Validator {
  /** What it validates against. */
  readonly schema: ConfigSchema;
  readonly #validate: ValidateFunction;
  readonly #find: BranchFinder;

  constructor(schema: ConfigSchema) {
    this.schema = schema;
    const ajv = new Ajv2020({
      allErrors: true,
      verbose: true,
      strict: true,
      strictTypes: false,
      strictRequired: false,
      strictTuples: false,
      allowUnionTypes: true,
      logger: false,
    });
    formats.default(ajv);
    for (const keyword of foreignKeywords(schema.value)) ajv.addVocabulary([keyword]);
    try {
      ajv.addSchema({ ...schema.value, $id: schemaId }, schemaId);
      const validate = ajv.getSchema(schemaId);
      if (validate === undefined) throw new Error("the schema was not compiled");
      this.#validate = validate;
    } catch (error) {
      throw invalidSchema(schema, error);
    }
    this.#find = branchFinder(ajv, schemaId);
  }

  /** The findings of the schema about one snapshot, each with the place of the layer that set the value. */
  validate(snapshot: Snapshot): readonly Diagnostic[] {
    const instance = instanceOf(snapshot.root, snapshot.policy);
    const found: Diagnostic[] = [];
    if (!this.#validate(instance.value)) {
      const errors = withoutEchoes(chooseBranches(this.#validate.errors ?? [], this.#find));
      for (const error of errors) {
        if (contentKeywords.has(error.keyword) && instance.opaque.has(error.instancePath)) continue;
        found.push(diagnosticFor(error, snapshot));
      }
    }
    plainSecrets(snapshot.root, snapshot.policy, "", found);
    return found;
  }
}

/** A value of the wrong type is also none of the allowed values; once is enough. */
function withoutEchoes(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const mistyped = new Set(
    errors.filter(({ keyword }) => keyword === "type").map(({ instancePath }) => instancePath),
  );
  return errors.filter(
    ({ keyword, instancePath }) =>
      !((keyword === "enum" || keyword === "const") && mistyped.has(instancePath)),
  );
}

function diagnosticFor(error: ErrorObject, snapshot: Snapshot): Diagnostic {
  const segments = parsePointer(error.instancePath);
  const node = nodeAt(snapshot.root, segments);
  const path = formatPath(segments, snapshot.root);
  const policy = policyAt(snapshot.policy, segments, snapshot.root);
  const wording = wordingOf(error, { path, node, policy });
  const key =
    wording.child ?? (error.keyword === "required" ? String(error.params["missingProperty"]) : undefined);
  return {
    code: "schema.violation",
    severity: "error",
    message: wording.message,
    hint: wording.hint,
    where: placeOf(snapshot, segments, wording.child, key === undefined ? path : joinKey(path, key)),
  };
}

function placeOf(snapshot: Snapshot, segments: Path, child: string | undefined, path: string): Where {
  const exact = child === undefined ? segments : [...segments, child];
  for (let length = exact.length; length >= 0; length--) {
    const node = nodeAt(snapshot.root, exact.slice(0, length));
    if (node !== undefined) return whereOf(node, path);
  }
  return { path };
}

/** A path that the schema calls a secret holds a reference, null or nothing; a text there is a leak. */
function plainSecrets(node: Node, policy: Policy | undefined, path: string, found: Diagnostic[]): void {
  if (policy === undefined) return;
  if (node.kind === "map") {
    for (const [key, child] of node.entries)
      plainSecrets(child, policy.child(key), joinKey(path, key), found);
  } else if (node.kind === "list") {
    for (const [index, item] of node.items.entries())
      plainSecrets(item, policy.items, joinIndex(path, index), found);
  } else if (policy.secret && isPlainSecret(node)) {
    found.push({
      code: "schema.plain-secret",
      severity: "error",
      message: `${path} holds its secret in plain text`,
      hint: "put the secret into the store and refer to it with ${secret:path#field}",
      where: whereOf(node, path),
    });
  }
}

function isPlainSecret(node: Node): boolean {
  if (!isScalar(node) || node.kind === "secret" || node.kind === "null" || node.hasReferences) return false;
  return node.kind !== "string" || node.value !== "";
}

/** All `x-` keywords of a schema, its own and other people's: none of them is for the validator. */
function foreignKeywords(schema: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const queue: unknown[] = [schema];
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (typeof value !== "object" || value === null) continue;
    for (const [key, child] of Object.entries(value)) {
      if (key.startsWith("x-")) found.add(key);
      if (typeof child === "object" && child !== null) queue.push(child);
    }
  }
  return found;
}

function invalidSchema(schema: ConfigSchema, error: unknown): LotseError {
  const message = error instanceof Error ? error.message : "unknown cause";
  const pointer = /(#\/[^\s"]*)/u.exec(message)?.[1];
  return new LotseError({
    code: "schema.invalid",
    message: `the schema is not valid: ${message.split("\n")[0]?.slice(0, 300)}`,
    hint: "correct it; it is JSON Schema 2020-12 with the keywords of docs/configuration.md",
    where: pointer === undefined ? whereOf(schema.node) : placeInSchema(schema, pointer),
    cause: error,
  });
}
