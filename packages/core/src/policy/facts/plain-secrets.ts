import { isScalarNode, whereOf, type MapNode, type Node, type Snapshot } from "../../config/index.ts";

type Policy = Snapshot["policy"];

/** A secret that stands in the configuration as it is. */
export interface PlainSecret {
  readonly path: string;
  readonly file: string;
  readonly line: number;
}

interface Found {
  readonly policy: Policy;
  /** Paths start below the node. */
  readonly secrets: readonly PlainSecret[];
}

/** Remembers what was found below a node, as scopes share most of theirs. */
export class PlainSecretMemo {
  readonly #known = new WeakMap<Node, Found[]>();
  readonly #lists = new Map<string, readonly PlainSecret[]>();
  readonly #telling = new Map<string, boolean>();

  /** Whether a key is called like a secret. */
  tells(key: string): boolean {
    let answer = this.#telling.get(key);
    if (answer === undefined) {
      answer = telling.test(key);
      this.#telling.set(key, answer);
    }
    return answer;
  }

  /** What was found below a node under the same policy. */
  get(node: Node, policy: Policy): readonly PlainSecret[] | undefined {
    return this.#known.get(node)?.find((found) => found.policy === policy)?.secrets;
  }

  /** Remembers what was found. */
  set(node: Node, policy: Policy, secrets: readonly PlainSecret[]): void {
    this.#known.set(node, [...(this.#known.get(node) ?? []), { policy, secrets }]);
  }

  /** The same list object for equal findings, so that scopes without any share one. */
  same(secrets: readonly PlainSecret[]): readonly PlainSecret[] {
    const key = secrets.map(({ path, file, line }) => `${path} ${file}:${line}`).join("\n");
    const known = this.#lists.get(key) ?? secrets;
    this.#lists.set(key, known);
    return known;
  }
}

/** Keys that hold a secret by their name, where the schema does not say. */
const telling =
  /(?:^|[_-])(?:password|passwd|passphrase|secret|token|api_?key|secret_?key|private_?key|dsn)$/iu;

const none: readonly PlainSecret[] = [];

/** A value that comes from the secrets, a variable or a file, or is another value of the configuration. */
const elsewhere = /\$\{(?:secret|env|file):|^\$\{[^}]*\}$/u;

/**
 * Finds texts that stand where secrets belong: at paths that the schema marks `x-secret`, and under keys that
 * are called like one. A reference is what belongs there; null, an empty text and numbers hold no secret.
 *
 * @param root - the merged configuration with its references as they are written, of which scopes share most
 */
export function findPlainSecrets(
  root: MapNode,
  policy: Policy,
  memo: PlainSecretMemo,
): readonly PlainSecret[] {
  return memo.same(below(root, policy, false, memo));
}

function below(node: Node, policy: Policy, named: boolean, memo: PlainSecretMemo): readonly PlainSecret[] {
  if (isScalarNode(node)) {
    const suspicious = policy?.secret === true || (named && node.kind === "string" && node.value !== "");
    if (!suspicious || node.kind === "secret" || node.kind === "null") return none;
    if (node.hasReferences && elsewhere.test(String(node.value))) return none;
    const where = whereOf(node);
    return [{ path: "", file: where.file ?? "", line: where.line ?? 1 }];
  }
  const known = memo.get(node, policy);
  if (known !== undefined) return known;
  const found =
    node.kind === "map"
      ? [...node.entries].flatMap(([key, child]) =>
          under(key, below(child, policy?.child(key), memo.tells(key), memo)),
        )
      : node.items.flatMap((item, index) => under(`[${index}]`, below(item, policy?.items, false, memo)));
  const secrets = found.length === 0 ? none : found;
  memo.set(node, policy, secrets);
  return secrets;
}

function under(key: string, secrets: readonly PlainSecret[]): readonly PlainSecret[] {
  if (secrets.length === 0) return none;
  return secrets.map(({ path, ...place }) => ({
    ...place,
    path: path === "" || path.startsWith("[") ? key + path : `${key}.${path}`,
  }));
}
