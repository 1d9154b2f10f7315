import { posix } from "node:path";
import { isLotseError, LotseError, type Clock, type Diagnostic, type Files } from "../../kernel/index.ts";
import { liftLocks } from "../lock/break-glass.ts";
import { findViolations } from "../lock/check.ts";
import { collectLocks, type LockRule } from "../lock/rules.ts";
import type { ScalarNode } from "../model/node.ts";
import { whereOf } from "../model/node.ts";
import { suggest } from "../model/spelling.ts";
import type { Document } from "../parse/document.ts";
import { readText } from "../parse/text.ts";
import { Binder } from "../reference/binder.ts";
import type { Lookup, ReferenceSources } from "../reference/sources.ts";
import { parseTemplate, type Part } from "../reference/template.ts";
import { checkLayerNames, loadSchema, type ConfigSchema } from "../schema/load.ts";
import { DocumentStore } from "../workspace/store.ts";
import { readWorkspace, workspaceFileName, type Workspace } from "../workspace/workspace.ts";
import type { LayerEntry } from "./entry.ts";
import { attributesOf, documentsOf } from "./plan.ts";
import type { ResolveRequest } from "./request.ts";
import { Snapshot } from "./snapshot.ts";
import { MergeMemo, mergeStep, type Step } from "./steps.ts";
import { TenantDirectory } from "./tenants.ts";
import { layerOfProcess, layerOfSet, type VariableLayer } from "./variables.ts";

/** What an engine stands on. */
export interface EngineOptions {
  readonly files: Files;
  readonly clock: Clock;
  /** The process environment: a layer, and what `${env:…}` reads. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** A resolved name of an environment and, where one was asked for, a tenant. */
export interface ResolvedScope {
  readonly environment: string;
  readonly tenant: string | undefined;
}

/**
 * Resolves environments from the layers of one workspace. Files are read and parsed once, and what scopes
 * share is merged once; {@link ConfigEngine.refresh} looks again at the disk.
 */
export class ConfigEngine {
  readonly files: Files;
  readonly #clock: Clock;
  readonly #variables: EngineOptions["variables"];
  #definition: Definition;
  #opened: EngineState | undefined;

  /** Reads `lotse.yml`; the schema and layers are read when they are first asked for. */
  constructor(options: EngineOptions) {
    this.files = options.files;
    this.#clock = options.clock;
    this.#variables = options.variables;
    this.#definition = readDefinition(this.files);
  }

  /** What `lotse.yml` says. */
  get workspace(): Workspace {
    return this.#definition.workspace;
  }

  get #state(): EngineState {
    return (this.#opened ??= loadState(this.workspace, this.files, this.#variables));
  }

  /** The schema, where the workspace names one. @throws LotseError where it cannot be read */
  get schema(): ConfigSchema | undefined {
    return this.#state.schema;
  }

  /** The tenants there are. @throws LotseError where the schema cannot be read */
  get tenants(): TenantDirectory {
    return this.#state.tenants;
  }

  /** The parsed layer files. @throws LotseError where the schema cannot be read */
  get store(): DocumentStore {
    return this.#state.store;
  }

  /**
   * Looks again at the disk. Unchanged files keep their parsed form and everything that was merged from them.
   *
   * @param paths - only these files may have changed; all if left out
   */
  refresh(paths?: readonly string[]): void {
    const { stamps } = this.#definition;
    const changed = [...stamps].some(
      ([path, stamp]) => (paths?.includes(path) ?? true) && this.files.stamp(path) !== stamp,
    );
    if (!changed) {
      this.#opened?.store.refresh(paths);
      return;
    }
    const definition = readDefinition(this.files);
    if (this.#opened !== undefined)
      this.#opened = loadState(definition.workspace, this.files, this.#variables);
    this.#definition = definition;
  }

  /**
   * The environment's own name for a name or alias.
   *
   * @throws LotseError `config.unknown-environment`
   */
  environment(name: string): string {
    const { environmentNames } = this.workspace;
    const found = environmentNames.get(name);
    if (found !== undefined) return found;
    throw new LotseError({
      code: "config.unknown-environment",
      message: `there is no environment ${name}`,
      hint: suggest(name, [...environmentNames.keys()]),
    });
  }

  /**
   * The layers of a scope, lowest first, and what was wrong with those that are no files.
   *
   * @throws LotseError where a layer cannot be read
   */
  layers(request: ResolveRequest): {
    readonly entries: readonly LayerEntry[];
    readonly problems: readonly Diagnostic[];
  } {
    const { workspace } = this;
    const { store, tenants } = this.#state;
    const environment = this.environment(request.environment);
    const own = request.tenant === undefined ? [] : tenants.documents(request.tenant, environment);
    const scope = {
      environment,
      tenant: request.tenant,
      overrides: request.overrides ?? [],
      attribute: attributesOf(own),
    };
    this.#checkWithout(request.without ?? []);
    checkSources(request, workspace);
    const entries: LayerEntry[] = [];
    const problems: Diagnostic[] = [];
    for (const [rank, layer] of workspace.layers.entries()) {
      if (request.without?.includes(layer.name) === true) continue;
      if (layer.kind === "files") {
        for (const entry of documentsOf(layer, rank, scope, workspace, store)) entries.push(entry);
        continue;
      }
      const variables =
        layer.kind === "set"
          ? layerOfSet(request.set ?? [], this.schema?.policy)
          : this.#state.processLayer(layer.prefix, this.#variables);
      problems.push(...variables.problems);
      if (variables.document.root.entries.size > 0)
        entries.push({ layer: layer.name, rank, document: variables.document });
    }
    return { entries, problems };
  }

  /**
   * Resolves one scope.
   *
   * @returns the snapshot; what is wrong with it stands in its diagnostics
   * @throws LotseError where there is no answer at all: an unknown name, a layer that cannot be read
   */
  resolve(request: ResolveRequest): Snapshot {
    const { workspace } = this;
    const { memo, sources, schema, locks } = this.#state;
    const environment = this.environment(request.environment);
    const { entries, problems } = this.layers(request);
    const steps = memo.merge(entries);
    const last = steps.at(-1) as Step;
    const diagnostics: Diagnostic[] = [...problems];
    for (const step of steps) diagnostics.push(...step.problems, ...step.kindChanges);
    const report = (problem: Diagnostic): void => void diagnostics.push(problem);
    const root = last.root.hasReferences
      ? new Binder(last.root, sources, { complete: request.tenant !== undefined, report }).bindAll()
      : last.root;
    if (locks.length > 0) {
      const scope = {
        environment,
        tenant: request.tenant,
        environmentNames: workspace.environmentNames,
        now: this.#clock.now(),
      };
      diagnostics.push(...liftLocks(findViolations(steps, locks), workspace.breakGlass, scope));
    }
    return new Snapshot({
      scope: { environment, ...(request.tenant === undefined ? {} : { tenant: request.tenant }) },
      root,
      steps,
      diagnostics,
      policy: schema?.policy,
    });
  }

  /** All scopes of an environment: its tenants, or the environment alone where it has none. */
  scopes(environment: string): readonly ResolvedScope[] {
    const name = this.environment(environment);
    const tenants = this.tenants.of(name);
    if (tenants.length === 0) return [{ environment: name, tenant: undefined }];
    return tenants.map((tenant) => ({ environment: name, tenant }));
  }

  /** Forgets what was merged; parsed files stay. What is resolved next is merged from them anew. */
  forgetMerges(): void {
    if (this.#opened === undefined) return;
    const { schema, sources } = this.#opened;
    this.#opened = { ...this.#opened, memo: new MergeMemo(schema?.policy, sources) };
  }

  /** Merges without the memory of earlier merges; for tests that compare the two. */
  resolveNaively(request: ResolveRequest): Step {
    const { memo, sources } = this.#state;
    const [start] = memo.merge([]);
    return this.layers(request).entries.reduce(
      (below, entry) => mergeStep(below, entry, this.schema?.policy, sources),
      start as Step,
    );
  }

  #checkWithout(names: readonly string[]): void {
    const known = this.workspace.layers.map((layer) => layer.name);
    const unknown = names.find((name) => !known.includes(name));
    if (unknown === undefined) return;
    throw new LotseError({
      code: "layer.unknown",
      message: `there is no layer ${unknown}`,
      hint: suggest(unknown, known),
    });
  }
}

/** What no layer reads would be ignored without a word. */
function checkSources(request: ResolveRequest, { layers }: Workspace): void {
  const fail = (what: string, missing: string): never => {
    throw new LotseError({
      code: "usage.argument",
      message: `${what} was given, but no layer of the workspace takes it`,
      hint: `add ${missing} to \`layers\` in lotse.yml`,
    });
  };
  const [override] = request.overrides ?? [];
  const takesOverrides = layers.some(
    (layer) => layer.kind === "files" && layer.patterns.some((pattern) => pattern.includes("{override}")),
  );
  if (override !== undefined && !takesOverrides) fail(`the override ${override}`, "a path with {override}");
  const [set] = request.set ?? [];
  if (set !== undefined && !layers.some(({ kind }) => kind === "set"))
    fail(`a value for ${set.path}`, "{ name: set, from: set }");
}

/** What `lotse.yml` says, and of which files it and the schema were. */
interface Definition {
  readonly workspace: Workspace;
  readonly stamps: ReadonlyMap<string, string | undefined>;
}

/** What is read and remembered by that definition. */
interface EngineState {
  readonly schema: ConfigSchema | undefined;
  readonly store: DocumentStore;
  readonly tenants: TenantDirectory;
  readonly sources: ReferenceSources;
  readonly memo: MergeMemo;
  readonly locks: readonly LockRule[];
  readonly processLayer: (prefix: string, variables: EngineOptions["variables"]) => VariableLayer;
}

function readDefinition(files: Files): Definition {
  const workspace = readWorkspace(files);
  const watched = [workspaceFileName, ...(workspace.schema === undefined ? [] : [workspace.schema])];
  return { workspace, stamps: new Map(watched.map((path) => [path, files.stamp(path)])) };
}

function loadState(workspace: Workspace, files: Files, variables: EngineOptions["variables"]): EngineState {
  const schema =
    workspace.schema === undefined ? undefined : loadSchema(workspace.schema, files, workspace.limits);
  if (schema !== undefined)
    checkLayerNames(
      schema,
      workspace.layers.map(({ name }) => name),
    );
  const store = new DocumentStore(files, workspace.limits, schema?.policy);
  const epoch = (): number => store.refreshes;
  const sources = { ...referenceSources(workspace, schema, files, variables), epoch };
  const processLayers = new Map<string, VariableLayer>();
  return {
    schema,
    store,
    tenants: new TenantDirectory(workspace, store),
    sources,
    memo: new MergeMemo(schema?.policy, sources),
    locks: collectLocks(schema?.policy),
    processLayer: (prefix, given) => {
      const known = processLayers.get(prefix) ?? layerOfProcess(prefix, given, schema?.policy);
      processLayers.set(prefix, known);
      return known;
    },
  };
}

function referenceSources(
  workspace: Workspace,
  schema: ConfigSchema | undefined,
  files: Files,
  variables: EngineOptions["variables"],
): Omit<ReferenceSources, "epoch"> {
  const parsed = new WeakMap<ScalarNode, readonly Part[]>();
  return {
    policy: schema?.policy,
    maxNodes: workspace.limits.maxNodes,
    env: (name) => readVariable(name, workspace.references.env, variables),
    file: (path, from) => readReferencedFile(locateFile(path, from), workspace, files),
    parts: (node) => {
      let parts = parsed.get(node);
      if (parts === undefined) {
        parts = parseTemplate(String(node.value), whereOf(node));
        parsed.set(node, parts);
      }
      return parts;
    },
  };
}

function readVariable(
  name: string,
  allowed: readonly string[] | undefined,
  variables: EngineOptions["variables"],
): Lookup {
  if (allowed !== undefined && !allowed.includes(name))
    return { kind: "denied", reason: "references.env does not list it" };
  const text = Object.hasOwn(variables, name) ? variables[name] : undefined;
  return text === undefined ? { kind: "missing" } : { kind: "found", text };
}

/** The path in the workspace that `${file:PATH}` means in a file; in `--set` and variables it starts at the workspace. */
function locateFile(path: string, from: string): string {
  if (path.startsWith("/")) return posix.normalize(path.slice(1));
  return posix.normalize(from.includes("/") ? posix.join(posix.dirname(from), path) : path);
}

function readReferencedFile(path: string, workspace: Workspace, files: Files): Lookup {
  const allowed = workspace.references.files;
  if (allowed === undefined && path.split("/").includes("secrets")) {
    return { kind: "denied", reason: "files under secrets/ are read through ${secret:…}" };
  }
  if (
    allowed !== undefined &&
    !allowed.some((directory) => isUnder(path, posix.normalize(`${directory}/`)))
  ) {
    return { kind: "denied", reason: "references.files does not list its directory" };
  }
  try {
    const text = readText(path, files, workspace.limits);
    return text === undefined ? { kind: "missing" } : { kind: "found", text };
  } catch (error) {
    if (isLotseError(error)) return { kind: "denied", reason: error.message };
    throw error;
  }
}

/** @param directory - normalised, with a slash at its end; `./` is the workspace itself */
function isUnder(path: string, directory: string): boolean {
  return directory === "./" || `${path}/`.startsWith(directory);
}

/** The layer that a document belongs to among a scope's layers, by its source. */
export function layerOfSource(steps: readonly Step[], source: Document["source"]): string | undefined {
  return steps.findLast((step) => step.entry?.document.source === source)?.entry?.layer;
}
