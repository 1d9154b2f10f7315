import {
  isScalarNode,
  nodeAt,
  parsePath,
  policyOfPath,
  SecretReference,
  type Node,
  type Snapshot,
  type Source,
} from "../../config/index.ts";
import { canonicalJson, digestOf } from "../../kernel/index.ts";
import type { Evidence } from "../model.ts";
import { pathPrefix } from "./catalogue.ts";
import type { Fact, FactValue } from "./fact.ts";
import { findPlainSecrets, PlainSecretMemo } from "./plain-secrets.ts";

type Policy = Snapshot["policy"];

/**
 * Turns the values of snapshots into facts. Scopes share what they inherit: a value that stands at the same
 * place in the same layer is the same fact object for all of them, whichever tenant asks. So a verdict on it
 * is worked out once. Evidence is made when somebody looks at it.
 */
export class ConfigurationFacts {
  readonly #paths: ReadonlyMap<string, readonly (readonly string[])[]>;
  readonly #written: ReadonlyMap<string, readonly string[]>;
  readonly #interned = new Map<string, Interned>();
  readonly #plain = new PlainSecretMemo();
  readonly #plainFacts = new WeakMap<object, Fact>();

  /** @param paths - the configuration paths of each fact, asked in turn */
  constructor(paths: ReadonlyMap<string, readonly string[]>) {
    this.#written = paths;
    this.#paths = new Map([...paths].map(([name, texts]) => [name, texts.map(parsePath)]));
  }

  /** The paths of each fact as they are written. */
  get paths(): ReadonlyMap<string, readonly string[]> {
    return this.#written;
  }

  /** Whether a fact of this name would come from the configuration. */
  knows(name: string): boolean {
    return name === "secrets.plain_text" || this.#paths.has(name) || name.startsWith(pathPrefix);
  }

  /**
   * A fact of a snapshot; `undefined` where nothing stands at its paths.
   *
   * @throws LotseError `parse.path` for a `config:` name that is no path
   */
  find(snapshot: Snapshot, layers: ReadonlyMap<Source, string>, name: string): Fact | undefined {
    if (name === "secrets.plain_text" && !this.#paths.has(name)) return this.#plainText(snapshot);
    const own = this.#paths.get(name);
    const paths = own ?? (name.startsWith(pathPrefix) ? [parsePath(name.slice(pathPrefix.length))] : []);
    for (const [index, path] of paths.entries()) {
      const node = nodeAt(snapshot.root, path);
      if (node === undefined) continue;
      const text = own === undefined ? name.slice(pathPrefix.length) : this.#written.get(name)?.[index];
      return this.#internedOf(name).fact(
        node,
        layers.get(node.source) ?? "",
        (layer) => new ConfigurationFact(name, text ?? "", path, node, layer, snapshot.policy),
      );
    }
    return undefined;
  }

  #internedOf(name: string): Interned {
    let found = this.#interned.get(name);
    if (found === undefined) {
      found = new Interned();
      this.#interned.set(name, found);
    }
    return found;
  }

  #plainText(snapshot: Snapshot): Fact {
    const written = snapshot.steps.at(-1)?.root ?? snapshot.root;
    const found = findPlainSecrets(written, snapshot.policy, this.#plain);
    const known = this.#plainFacts.get(found);
    if (known !== undefined) return known;
    const first = found[0];
    const fact: Fact = {
      value: found.map(({ path, file, line }) => ({ path, file, line })),
      evidence: {
        fact: "secrets.plain_text",
        path: first?.path ?? "configuration",
        ...(first === undefined ? {} : { file: first.file, line: first.line }),
        shown: found.length === 0 ? "none" : `${found.length} in plain text`,
      },
    };
    this.#plainFacts.set(found, fact);
    return fact;
  }
}

/** The facts of one name that exist already: by node, and by place and value for nodes made anew per scope. */
class Interned {
  readonly #byNode = new WeakMap<Node, ConfigurationFact>();
  readonly #byPlace = new WeakMap<Source, Map<string, ConfigurationFact>>();

  fact(node: Node, layer: string, make: (layer: string) => ConfigurationFact): Fact {
    const known = this.#byNode.get(node);
    if (known !== undefined && known.layer === layer) return known;
    // What holds references is bound for each scope anew: a scalar with equal value is the same fact again.
    const key = isScalarNode(node) ? `${node.offset} ${layer} ${node.kind} ${String(node.value)}` : undefined;
    if (key === undefined) {
      const fact = make(layer);
      this.#byNode.set(node, fact);
      return fact;
    }
    let places = this.#byPlace.get(node.source);
    if (places === undefined) {
      places = new Map();
      this.#byPlace.set(node.source, places);
    }
    const fact = places.get(key) ?? make(layer);
    places.set(key, fact);
    this.#byNode.set(node, fact);
    return fact;
  }
}

class ConfigurationFact implements Fact {
  readonly layer: string;
  readonly #name: string;
  readonly #text: string;
  readonly #path: readonly string[];
  readonly #node: Node;
  readonly #policy: Policy;
  #value: FactValue | undefined;
  #evidence: Evidence | undefined;

  constructor(
    name: string,
    text: string,
    path: readonly string[],
    node: Node,
    layer: string,
    policy: Policy,
  ) {
    this.#name = name;
    this.#text = text;
    this.#path = path;
    this.#node = node;
    this.layer = layer;
    this.#policy = policy;
  }

  get value(): FactValue {
    this.#value ??= plainOf(this.#node, this.#policyHere());
    return this.#value;
  }

  get evidence(): Evidence {
    this.#evidence ??= this.#evidenceOf(this.#node, this.#text, this.value);
    return this.#evidence;
  }

  part(path: readonly string[]): Evidence | undefined {
    const node = nodeAt(this.#node, path);
    if (node === undefined) return undefined;
    const value = path.reduce<FactValue | undefined>(
      (at, key) => (at as Record<string, FactValue> | undefined)?.[key],
      this.value,
    );
    const text = path.reduce(
      (at, key) => (/^\d+$/u.test(key) ? `${at}[${key}]` : `${at}.${key}`),
      this.#text,
    );
    return value === undefined ? undefined : this.#evidenceOf(node, text, value);
  }

  #policyHere(): Policy {
    return this.#policy === undefined ? undefined : policyOfPath(this.#policy, this.#path);
  }

  #evidenceOf(node: Node, path: string, value: FactValue): Evidence {
    const where = node.source.where(node.offset);
    return {
      fact: this.#name,
      path,
      ...(value === redacted ? {} : { valueHash: digestOf(canonicalJson(value)), shown: shortly(value) }),
      ...(this.layer === "" ? {} : { layer: this.layer }),
      ...(where.file === undefined ? {} : { file: where.file }),
      ...(where.line === undefined ? {} : { line: where.line }),
    };
  }
}

/** Stands for the content of a secret that is written in plain text: it is neither shown nor hashed. */
const redacted = "[redacted]";

/** A node as JSON: a secret as its reference, a secret in plain text as `[redacted]`. */
function plainOf(node: Node, policy: Policy): FactValue {
  if (node.kind === "map") {
    return Object.fromEntries(
      [...node.entries].map(([key, child]) => [key, plainOf(child, policy?.child(key))]),
    );
  }
  if (node.kind === "list") return node.items.map((item) => plainOf(item, policy?.items));
  const { value } = node;
  if (value instanceof SecretReference) return value.toString();
  if (policy?.secret === true && value !== null) return redacted;
  return typeof value === "bigint" ? Number(value) : value;
}

/** A value in at most 60 characters. */
export function shortly(value: FactValue): string {
  if (Array.isArray(value)) {
    const all = JSON.stringify(value);
    return all.length <= 60 ? all : `${value.length} items`;
  }
  if (typeof value === "object" && value !== null) {
    const all = JSON.stringify(value);
    return all.length <= 60 ? all : `${Object.keys(value).length} keys`;
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
