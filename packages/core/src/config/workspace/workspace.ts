import { posix } from "node:path";
import type { z } from "zod";
import { isLotseError, LotseError, type Files, type Where } from "../../kernel/index.ts";
import { isScalar, whereOf, type Node } from "../model/node.ts";
import { formatPath, nodeAt, parsePath } from "../model/path.ts";
import { TextSource } from "../model/source.ts";
import { nearest, suggest } from "../model/spelling.ts";
import { toPlain } from "../model/plain.ts";
import { defaultLimits, type Limits } from "../parse/limits.ts";
import { readText } from "../parse/text.ts";
import { parseYaml } from "../parse/yaml.ts";
import {
  workspaceFile,
  type AppDefinition,
  type AuditDefinition,
  type BreakGlass,
  type SecretsDefinition,
  type TemplateDefinition,
  type WorkspaceFile,
} from "./definition.ts";
import { layersOf, placeholdersOf, type Layer } from "./layer.ts";

/** The name of the file that makes a directory a workspace. */
export const workspaceFileName = "lotse.yml";

/** A break-glass entry with the place where it stands. */
export interface PlacedBreakGlass extends BreakGlass {
  readonly where: Where;
}

/** A template that is deployed, with the place of its entry. */
export interface PlacedTemplate extends TemplateDefinition {
  /** The environments it is for, by their own names; `undefined` for all. */
  readonly environments: string[] | undefined;
  readonly where: Where;
}

/** What `lotse.yml` says, checked and in the form the engine uses. Paths are relative to the workspace. */
export interface Workspace {
  readonly name: string;
  readonly root: string;
  readonly schema: string | undefined;
  /** Every name an environment goes by, to the name of its directory. */
  readonly environmentNames: ReadonlyMap<string, string>;
  /** The environments themselves, in the order they are declared. */
  readonly environments: readonly string[];
  readonly layers: readonly Layer[];
  readonly limits: Limits;
  readonly breakGlass: readonly PlacedBreakGlass[];
  /** The variables and directories that references may read; `undefined` means the default. */
  readonly references: {
    readonly env: readonly string[] | undefined;
    readonly files: readonly string[] | undefined;
  };
  readonly secrets: SecretsDefinition;
  readonly audit: AuditDefinition;
  /** The templates whose files are deployed, in the order in which they are written. */
  readonly templates: readonly PlacedTemplate[];
  readonly app: AppDefinition | undefined;
  /** Where a path of `lotse.yml` is written, or the nearest above it that is. */
  readonly placeOf: (path: readonly string[]) => Where;
}

/**
 * Reads `lotse.yml`.
 *
 * @throws LotseError `workspace.not-found`, `workspace.invalid` with the place of what does not fit, `parse.*`
 */
export function readWorkspace(files: Files): Workspace {
  const text = readText(workspaceFileName, files, defaultLimits);
  if (text === undefined) {
    throw new LotseError({
      code: "workspace.not-found",
      message: `there is no ${workspaceFileName} in ${files.label}`,
      hint: "go to a workspace, name one with -C DIR, or make one with `lotse init`",
      where: { file: workspaceFileName },
    });
  }
  const node = parseYaml(new TextSource(workspaceFileName, text), defaultLimits);
  const parsed = workspaceFile.safeParse(node === undefined ? {} : toPlain(node));
  if (!parsed.success) throw invalid(parsed.error, node);
  return build(parsed.data, node, files.label);
}

function build(file: WorkspaceFile, node: Node | undefined, label: string): Workspace {
  const layers = layersOf(file);
  checkLayers(layers, node);
  const names = environmentNames(file, node);
  return {
    name: file.name ?? posix.basename(label.replaceAll("\\", "/")),
    root: posix.normalize(file.root),
    schema: file.schema,
    environmentNames: names,
    environments: Object.keys(file.environments),
    layers,
    limits: {
      maxFileBytes: file.limits["max-file-bytes"],
      maxDepth: file.limits["max-depth"],
      maxNodes: file.limits["max-nodes"],
    },
    breakGlass: file["break-glass"].map((entry, index) => {
      const where = placeIn(node, ["break-glass", String(index)]);
      checkPath(entry.path, placeIn(node, ["break-glass", String(index), "path"]));
      checkEnvironment(
        entry.environment,
        names,
        placeIn(node, ["break-glass", String(index), "environment"]),
      );
      return { ...entry, where };
    }),
    references: { env: file.references.env, files: file.references.files },
    secrets: file.secrets,
    audit: file.audit,
    templates: file.templates.map((entry, index) => placedTemplate(entry, index, names, node)),
    app: file.app,
    placeOf: (path) => placeIn(node, path),
  };
}

function placedTemplate(
  entry: TemplateDefinition,
  index: number,
  names: ReadonlyMap<string, string>,
  node: Node | undefined,
): PlacedTemplate {
  const place = (...path: string[]): Where => placeIn(node, ["templates", String(index), ...path]);
  const placeholder = placeholdersOf(entry.to).find((each) => each !== "env" && each !== "tenant");
  if (placeholder !== undefined || /[{}]/u.test(entry.to.replaceAll(/\{(?:env|tenant)\}/gu, ""))) {
    throw new LotseError({
      code: "workspace.invalid",
      message: `${entry.to} has a placeholder that is not known`,
      hint: "known are {env} and {tenant}",
      where: place("to"),
    });
  }
  for (const [at, name] of (entry.environments ?? []).entries())
    checkEnvironment(name, names, place("environments", String(at)));
  return {
    ...entry,
    environments: entry.environments?.map((name) => names.get(name) ?? name),
    where: place(),
  };
}

function checkPath(path: string, where: Where): void {
  try {
    parsePath(path);
  } catch (error) {
    if (!isLotseError(error)) throw error;
    throw new LotseError({ code: "workspace.invalid", message: error.message, hint: error.hint, where });
  }
}

/** An entry for an environment that does not exist would never lift anything. */
function checkEnvironment(name: string | undefined, known: ReadonlyMap<string, string>, where: Where): void {
  if (name === undefined || known.has(name)) return;
  throw new LotseError({
    code: "workspace.invalid",
    message: `there is no environment ${name}`,
    hint: suggest(name, [...known.keys()]),
    where,
  });
}

function environmentNames(file: WorkspaceFile, node: Node | undefined): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [environment, settings] of Object.entries(file.environments)) {
    for (const name of [environment, ...(settings?.aliases ?? [])]) {
      const other = names.get(name);
      if (other !== undefined) {
        throw new LotseError({
          code: "workspace.invalid",
          message: `the environments ${other} and ${environment} both go by the name ${name}`,
          hint: "give each environment names of its own",
          where: placeIn(node, ["environments", environment]),
        });
      }
      names.set(name, environment);
    }
  }
  return names;
}

const knownPlaceholder = /^(?:env|tenant|override|tenant\.[A-Za-z0-9_-]+)$/u;

function checkLayers(layers: readonly Layer[], node: Node | undefined): void {
  const seen = new Set<string>();
  for (const [index, layer] of layers.entries()) {
    const where = placeIn(node, ["layers", String(index)]);
    const fail = (message: string, hint: string): never => {
      throw new LotseError({ code: "workspace.invalid", message, hint, where });
    };
    if (seen.has(layer.name))
      fail(`two layers are called ${layer.name}`, "give each layer a name of its own");
    seen.add(layer.name);
    if (layer.kind !== "files") continue;
    if (layer.patterns.length === 0) fail(`the layer ${layer.name} has no path`, "add `path:` or `paths:`");
    const star = layer.patterns.find((pattern) => !/^[^*]*\*?[^*/]*$/u.test(pattern));
    if (star !== undefined)
      fail(`${star} has a * in a directory or twice`, "write one *, in the file's name");
    for (const placeholder of layer.patterns.flatMap(placeholdersOf)) {
      if (knownPlaceholder.test(placeholder)) continue;
      fail(
        `the placeholder {${placeholder}} is not known`,
        "known are {env}, {tenant}, {override} and {tenant.ATTRIBUTE}",
      );
    }
  }
}

function invalid(error: z.ZodError, root: Node | undefined): LotseError {
  const issue = deepest(error.issues);
  const path = issue.path.map(String);
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const where = placeIn(root, unknown === undefined ? path : [...path, unknown]);
  return new LotseError({
    code: "workspace.invalid",
    message:
      unknown === undefined
        ? `${path.length === 0 ? "the file" : formatPath(path, root)}: ${issue.message}`
        : `the key "${unknown}" is not known here`,
    hint:
      unknown === undefined ? "see docs/configuration.md for what lotse.yml holds" : knownKeyHint(unknown),
    where,
  });
}

function knownKeyHint(key: string): string {
  const suggestion = nearest(key, Object.keys(workspaceFile.shape));
  return suggestion === undefined ? "remove it" : `did you mean "${suggestion}"?`;
}

/** Of the issues of a union, the branch that fits best is the one whose issues lie deepest. */
function deepest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  const first = issues[0] as z.core.$ZodIssue;
  if (first.code !== "invalid_union" || first.errors.length === 0) return first;
  const branches = first.errors.map((branch) => deepest(branch));
  const best = branches.reduce((left, right) => (right.path.length > left.path.length ? right : left));
  return { ...best, path: [...first.path, ...best.path] };
}

function placeIn(root: Node | undefined, path: readonly string[]): Where {
  if (root !== undefined) {
    for (let length = path.length; length >= 0; length--) {
      const node = nodeAt(root, path.slice(0, length));
      if (node !== undefined) return whereOf(node, formatPath(path, root));
    }
  }
  return { file: workspaceFileName, line: 1, column: 1 };
}

/** The scalar text at a path of a node, such as a tenant's tier; `undefined` where there is none. */
export function textAt(root: Node, path: readonly string[]): string | undefined {
  const node = nodeAt(root, path);
  if (node === undefined || !isScalar(node) || node.kind === "null" || node.kind === "secret")
    return undefined;
  return node.text ?? String(node.value);
}
