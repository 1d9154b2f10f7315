import { diagnosticOf, isLotseError, LotseError, type Diagnostic, type Where } from "../../kernel/index.ts";
import { mapNode, whereOf, type Node } from "../model/node.ts";
import { formatPath, type Path } from "../model/path.ts";
import type { TextSource } from "../model/source.ts";
import type { Document } from "../parse/document.ts";
import { coerceText } from "../schema/coercion.ts";
import type { Policy } from "../schema/policy.ts";
import { variableFinder } from "./names.ts";
import { isSecretVariable, tellsOfSecret } from "./placeholder.ts";
import type { DotenvEntry } from "./reader.ts";

/** A `.env` file as a layer. */
export interface ImportedVariables {
  readonly document: Document;
  /** Values that are not of the schema's type, and variables that set the same path. */
  readonly problems: readonly Diagnostic[];
  /** Names that the schema has no place for, which are not in the layer. */
  readonly unknown: readonly string[];
}

/**
 * Makes a layer of a `.env` file. Names are those of `x-env`, else `A__B` stands for the path `a.b`; texts
 * are read as the type that the schema gives to their path, and stay texts without it.
 */
export function importVariables(
  source: TextSource,
  entries: readonly DotenvEntry[],
  policy: Policy | undefined,
): ImportedVariables {
  const find = variableFinder(policy);
  const root: Branch = new Map();
  const problems: Diagnostic[] = [];
  const unknown: string[] = [];
  for (const entry of entries) {
    const found = find(entry.name);
    if (found === undefined) {
      unknown.push(entry.name);
      continue;
    }
    try {
      put(root, found.path, coerceEntry(source, entry, found.path, found.policy), entry, source);
    } catch (error) {
      if (!isLotseError(error)) throw error;
      problems.push(diagnosticOf(error));
    }
  }
  return { document: { source, root: build(root, source), parents: [] }, problems, unknown };
}

/**
 * Reads one variable as the type of its path.
 *
 * @throws LotseError `schema.coercion`, without the text where it may be a secret
 */
export function coerceEntry(
  source: TextSource,
  entry: DotenvEntry,
  path: Path,
  policy: Policy | undefined,
): Node {
  const { value: text, offset, name } = entry;
  try {
    return coerceText({ text, source, offset }, policy, formatPath(path));
  } catch (error) {
    const mayShow = !tellsOfSecret(name) && !isSecretVariable(name, policy);
    if (!isLotseError(error) || mayShow) throw error;
    throw new LotseError({
      code: error.code,
      message: `the text of ${name} cannot be read as ${[...(policy?.types ?? [])].join(" or ")}`,
      hint: error.hint,
      where: error.where,
    });
  }
}

/** A map that is being filled. */
type Branch = Map<string, Branch | Node>;

function put(root: Branch, path: Path, node: Node, entry: DotenvEntry, source: TextSource): void {
  let branch = root;
  for (const key of path.slice(0, -1)) {
    const child = branch.get(key) ?? new Map<string, Branch | Node>();
    if (!(child instanceof Map)) throw conflict(entry, path, source, whereOf(child));
    branch.set(key, child);
    branch = child;
  }
  const last = path.at(-1) ?? "";
  const earlier = branch.get(last);
  if (earlier !== undefined) throw conflict(entry, path, source, firstPlace(earlier, source));
  branch.set(last, node);
}

function firstPlace(found: Branch | Node, source: TextSource): Where {
  return whereOf(found instanceof Map ? build(found, source) : found);
}

function conflict(entry: DotenvEntry, path: Path, source: TextSource, earlier: Where): LotseError {
  return new LotseError({
    code: "parse.duplicate-key",
    message: `${entry.name} sets ${formatPath(path)}, which line ${earlier.line} sets, too`,
    hint: "keep one of the two",
    where: { ...source.where(entry.nameOffset), path: formatPath(path) },
    related: [earlier],
  });
}

/** A map stands where its first value stands. */
function build(branch: Branch, source: TextSource): ReturnType<typeof mapNode> {
  const entries = new Map<string, Node>();
  for (const [key, child] of branch) entries.set(key, child instanceof Map ? build(child, source) : child);
  return mapNode(entries, source, entries.values().next().value?.offset ?? 0);
}
