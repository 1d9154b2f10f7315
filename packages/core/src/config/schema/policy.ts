import type { Guard, Strategy } from "./keywords.ts";
import { readAnnotations } from "./keywords.ts";

/** A subschema as plain data. */
export type SchemaObject = Readonly<Record<string, unknown>>;

/** The JSON types a value may have according to the schema. */
export type TypeName = "string" | "integer" | "number" | "boolean" | "null" | "array" | "object";

/**
 * What the schema says about one path beyond validation: how layers merge, what is locked, which types a
 * text may be read as. Children are worked out when they are asked for, so recursive schemas are no problem.
 */
export class Policy {
  readonly schemas: readonly SchemaObject[];
  readonly strategy: Strategy | undefined;
  readonly mergeKey: string | undefined;
  readonly final: boolean;
  readonly overridableBy: readonly string[] | undefined;
  readonly guard: Guard | undefined;
  readonly variable: string | undefined;
  readonly secret: boolean;
  readonly types: ReadonlySet<TypeName>;
  readonly #root: SchemaObject;
  readonly #children = new Map<string, Policy | undefined>();
  #items: Policy | undefined;

  constructor(root: SchemaObject, schemas: readonly SchemaObject[]) {
    this.#root = root;
    this.schemas = flatten(root, schemas);
    const found = this.schemas.map(readAnnotations).filter((read) => read !== undefined);
    this.strategy = found.find((read) => read["x-merge"] !== undefined)?.["x-merge"];
    this.mergeKey = found.find((read) => read["x-merge-key"] !== undefined)?.["x-merge-key"];
    this.final = found.some((read) => read["x-final"] === true);
    this.overridableBy = found.find((read) => read["x-overridable-by"] !== undefined)?.["x-overridable-by"];
    this.guard = found.find((read) => read["x-guard"] !== undefined)?.["x-guard"];
    this.variable = found.find((read) => read["x-env"] !== undefined)?.["x-env"];
    this.secret = found.some((read) => read["x-secret"] === true);
    this.types = new Set(this.schemas.flatMap(typesOf));
  }

  /** Whether any lock stands on this path itself. */
  get locked(): boolean {
    return this.final || this.overridableBy !== undefined || this.guard !== undefined;
  }

  /** The policy of a map's entry; `undefined` where the schema says nothing about it. */
  child(key: string): Policy | undefined {
    if (this.#children.has(key)) return this.#children.get(key);
    const found = this.schemas.flatMap((schema) => subschemasFor(schema, key));
    const policy = found.length === 0 ? undefined : new Policy(this.#root, found);
    this.#children.set(key, policy);
    return policy;
  }

  /** The policy of a list's items. */
  get items(): Policy | undefined {
    if (this.#items === undefined) {
      const found = this.schemas.flatMap((schema) => asSchemas(schema["items"]));
      if (found.length > 0) this.#items = new Policy(this.#root, found);
    }
    return this.#items;
  }

  /** The keys that the schema names for a map, in its order. */
  get keys(): readonly string[] {
    return [...new Set(this.schemas.flatMap((schema) => Object.keys(asRecord(schema["properties"]))))];
  }

  /** Whether entries beyond {@link Policy.keys} have a policy of their own. */
  get wildcard(): Policy | undefined {
    const found = this.schemas.flatMap((schema) => [
      ...Object.values(asRecord(schema["patternProperties"])).flatMap(asSchemas),
      ...asSchemas(schema["additionalProperties"]),
    ]);
    return found.length === 0 ? undefined : new Policy(this.#root, found);
  }
}

const applicators = ["allOf", "anyOf", "oneOf", "then", "else"] as const;

/** Follows `$ref` and the applicators: all subschemas that may speak about the same value. */
function flatten(root: SchemaObject, schemas: readonly SchemaObject[]): readonly SchemaObject[] {
  const found = new Set<SchemaObject>();
  const queue = [...schemas];
  for (let schema = queue.shift(); schema !== undefined; schema = queue.shift()) {
    if (found.has(schema)) continue;
    found.add(schema);
    for (const applicator of applicators) queue.push(...asSchemas(schema[applicator]));
    const target = typeof schema["$ref"] === "string" ? lookup(root, schema["$ref"]) : undefined;
    if (target !== undefined) queue.push(target);
  }
  return [...found];
}

/** Finds a local `$ref` such as `#/$defs/port`; `undefined` for one that leads elsewhere. */
export function lookup(root: SchemaObject, reference: string): SchemaObject | undefined {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  let at: unknown = root;
  for (const part of reference.slice(2).split("/")) {
    const key = decodePart(part);
    at =
      typeof at === "object" && at !== null && Object.hasOwn(at, key) ? (at as SchemaObject)[key] : undefined;
  }
  return typeof at === "boolean" ? {} : asSchemas(at)[0];
}

/** The policy at a path of which only the text is known: a part that no map entry has is a list index. */
export function policyOfPath(root: Policy | undefined, path: readonly string[]): Policy | undefined {
  return path.reduce<Policy | undefined>(
    (policy, part) => policy?.child(part) ?? (/^\d+$/u.test(part) ? policy?.items : undefined),
    root,
  );
}

/** A part of a JSON pointer in a URI (RFC 6901, section 6); one with a stray `%` is taken as it stands. */
function decodePart(part: string): string {
  return safeDecode(part).replaceAll("~1", "/").replaceAll("~0", "~");
}

function safeDecode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function subschemasFor(schema: SchemaObject, key: string): readonly SchemaObject[] {
  const properties = asRecord(schema["properties"]);
  const named = Object.hasOwn(properties, key) ? asSchemas(properties[key]) : [];
  const patterned = Object.entries(asRecord(schema["patternProperties"]))
    .filter(([pattern]) => new RegExp(pattern, "u").test(key))
    .flatMap(([, value]) => asSchemas(value));
  if (named.length > 0 || patterned.length > 0) return [...named, ...patterned];
  return asSchemas(schema["additionalProperties"]);
}

function asSchemas(value: unknown): readonly SchemaObject[] {
  if (Array.isArray(value)) return value.flatMap(asSchemas);
  return typeof value === "object" && value !== null ? [value as SchemaObject] : [];
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as SchemaObject) : {};
}

const typeNames: ReadonlySet<string> = new Set([
  "string",
  "integer",
  "number",
  "boolean",
  "null",
  "array",
  "object",
]);

function typesOf(schema: SchemaObject): readonly TypeName[] {
  const declared = Array.isArray(schema["type"]) ? schema["type"] : [schema["type"]];
  const names = declared.filter((name) => typeof name === "string" && typeNames.has(name)) as TypeName[];
  if (names.length > 0) return names;
  const values = [
    ...(Array.isArray(schema["enum"]) ? schema["enum"] : []),
    ...("const" in schema ? [schema["const"]] : []),
  ];
  return values.map(typeOfValue);
}

function typeOfValue(value: unknown): TypeName {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  switch (typeof value) {
    case "number":
      return Number.isInteger(value) ? "integer" : "number";
    case "boolean":
      return "boolean";
    case "object":
      return "object";
    default:
      return "string";
  }
}
