import { isLotseError } from "../../kernel/index.ts";
import { mapNode, whereOf, type Node } from "../model/node.ts";
import { isForbiddenKey, nodeAt, type Path } from "../model/path.ts";
import { TextSource } from "../model/source.ts";
import { parseDocument } from "../parse/document.ts";
import type { Limits } from "../parse/limits.ts";
import { parseYaml } from "../parse/yaml.ts";
import type { Policy } from "../schema/policy.ts";
import { noPlace, unsafe, type EditContext } from "./context.ts";
import { sameTree, withValue } from "./expected.ts";
import { planBeginning, planFilling, planInsertion } from "./insert.ts";
import { locate } from "./locate.ts";
import { planRemoval } from "./remove.ts";
import { keepMark, planReplacement } from "./replace.ts";
import { applySplices, type Splice } from "./splice.ts";
import { isCollection, type ChildSpot, type CollectionSpot, type Spot } from "./spot.ts";
import { readNewValue } from "./new-value.ts";

/** What to do at a path. A value is YAML, as on the right of a colon. */
export type Edit =
  | { readonly kind: "set"; readonly value: string; readonly asString?: boolean }
  | { readonly kind: "delete" };

/** An edit of one path in one layer file. */
export interface EditInput {
  /** The file's name; its ending tells JSON from YAML. */
  readonly file: string;
  /** What it holds, without a byte order mark. */
  readonly text: string;
  readonly path: Path;
  readonly edit: Edit;
  /** What the schema says about the path; it tells whether `8080` is a text there. */
  readonly policy?: Policy;
  readonly limits: Limits;
}

/** What an edit makes of a file. */
export interface EditPlan {
  /** The whole new text. */
  readonly text: string;
  /** The line of the value, from 1: in the new text, or for a deletion in the old one. */
  readonly line: number;
  readonly before: Node | undefined;
  readonly after: Node | undefined;
}

/**
 * Plans the change of one value in a YAML or JSON text. Everything else stays byte for byte: comments, order,
 * quotes, anchors, line breaks. Nothing is written; the caller does that.
 *
 * @throws LotseError `edit.no-place` for a path below a single value, an index beyond the end of a list, a
 * deletion of nothing, or a key or tag that the file cannot hold; `edit.unsafe` where the edit would change
 * another path as well; `parse.*` for a file or a value that is not well formed
 */
export function planEdit(input: EditInput): EditPlan {
  const { file, text, path, limits } = input;
  const source = new TextSource(file, text);
  parseDocument(file, text, limits);
  const root = parseYaml(source, limits);
  const context: EditContext = { source, text, isJson: file.endsWith(".json"), path, root };
  checkPath(context);
  const trail = follow(context, locate(text, limits));
  const before = root === undefined ? undefined : nodeAt(root, path);
  const value = readEdit(context, input, trail.rest.length === 0 ? before : undefined);
  const unchanged = trail.rest.length === 0 && value !== undefined && sameTree(before, value);
  const expected = withValue(mapOf(root, source), path, value);
  const splices = unchanged ? [] : planSplices(context, trail, value, expected);
  const result = applySplices(text, splices);
  const after = check(context, { result, expected, trail, limits });
  const place = value === undefined ? before : after;
  return { text: result, line: place === undefined ? 1 : (whereOf(place).line ?? 1), before, after };
}

function checkPath(context: EditContext): void {
  const wrong = context.path.find((part) => part === "" || isForbiddenKey(part));
  if (context.path.length > 0 && wrong === undefined) return;
  const message = wrong === undefined ? "the path is empty" : `the key "${wrong}" is not allowed`;
  throw noPlace(context, message, "name the path of a value in the file");
}

/** How far a path leads into a file. */
interface Trail {
  /** What stands at the end of the path, or the deepest thing above it. */
  readonly spot: Spot | undefined;
  /** From the top down the entries that the path goes through. */
  readonly steps: readonly { readonly parent: CollectionSpot; readonly index: number }[];
  /** The parts of the path that are not in the file. */
  readonly rest: Path;
}

function follow(context: EditContext, root: Spot | undefined): Trail {
  const steps: { parent: CollectionSpot; index: number }[] = [];
  let spot = root;
  let at = 0;
  while (at < context.path.length && spot !== undefined && isCollection(spot)) {
    const parent: CollectionSpot = spot;
    const index = parent.children.findIndex((child) => child.name === context.path[at]);
    if (index < 0) break;
    steps.push({ parent, index });
    spot = (parent.children[index] as ChildSpot).value;
    at += 1;
  }
  return { spot, steps, rest: context.path.slice(at) };
}

/** The value that the edit sets; `undefined` for a deletion. */
function readEdit(context: EditContext, input: EditInput, before: Node | undefined): Node | undefined {
  const { edit, policy, limits } = input;
  if (edit.kind === "delete") return undefined;
  const node = readNewValue(edit.value, { asString: edit.asString, policy, limits });
  if (context.isJson && node.hasMarks) {
    throw noPlace(context, "a JSON file cannot hold a tag", "keep tagged values in a YAML file");
  }
  return keepMark(node, before);
}

function planSplices(
  context: EditContext,
  trail: Trail,
  value: Node | undefined,
  expected: Node,
): readonly Splice[] {
  const { spot, steps, rest } = trail;
  const last = steps.at(-1);
  const child = last?.parent.children[last.index];
  if (spot?.kind === "alias" && rest.length > 0) {
    throw unsafe(
      context,
      "the path leads through an alias, so that the anchor's value would change",
      spot.start,
    );
  }
  if (value === undefined) return planDeletion(context, trail, expected);
  if (rest.length === 0 && child !== undefined) return planReplacement(context, child, value);
  if (spot === undefined || (child === undefined && isNothing(spot))) return planBeginning(context, value);
  if (isCollection(spot)) return planInsertion(context, spot, rest, value);
  if (child !== undefined && isNothing(spot)) return planFilling(context, child, rest, value);
  const depth = context.path.length - rest.length;
  throw noPlace(
    context,
    `there is a single value at ${context.path.slice(0, depth).join(".")}, so nothing can stand below it`,
    "set that value to a map or list, or delete it first",
    spot.start,
  );
}

function planDeletion(context: EditContext, trail: Trail, expected: Node): readonly Splice[] {
  const { steps, rest, spot } = trail;
  const last = steps.at(-1);
  if (rest.length > 0 || last === undefined) {
    if (context.root !== undefined && nodeAt(context.root, context.path) !== undefined) {
      throw unsafe(context, "the value comes from a merge key << and is written elsewhere", spot?.start ?? 0);
    }
    throw noPlace(context, "there is no value at this path", "see what the file holds", spot?.start ?? 0);
  }
  const above = steps.at(-2);
  return planRemoval(context, {
    spot: last.parent,
    index: last.index,
    owner: above?.parent.children[above.index],
    remaining: nodeAt(expected, context.path.slice(0, -1)) ?? expected,
  });
}

function isNothing(spot: Spot): boolean {
  return spot.kind === "scalar" && spot.style === "empty";
}

/** Reads the new text and makes sure that nothing but the path changed. */
function check(
  context: EditContext,
  parts: {
    readonly result: string;
    readonly expected: Node;
    readonly trail: Trail;
    readonly limits: Limits;
  },
): Node | undefined {
  const { result, expected, trail, limits } = parts;
  const source = new TextSource(context.source.file, result);
  const offset = trail.spot?.start ?? 0;
  let root: Node | undefined;
  try {
    root = parseYaml(source, limits);
  } catch (error) {
    if (!isLotseError(error)) throw error;
    throw unsafe(context, "the file would not be well formed after the edit", offset, { cause: error });
  }
  const found = mapOf(root, source);
  if (!sameTree(found, expected)) {
    throw unsafe(context, "the edit would change more than this path", offset);
  }
  parseDocument(source.file, result, limits);
  return nodeAt(found, context.path);
}

/** A file without values is an empty map. */
function mapOf(root: Node | undefined, source: TextSource): Node {
  return root === undefined || root.kind === "null" ? mapNode(new Map(), source, 0) : root;
}
