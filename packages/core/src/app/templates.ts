import { statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { explain, type ResolveRequest, type Snapshot } from "../config/index.ts";
import {
  digestOf,
  DirectoryFiles,
  LotseError,
  Sensitive,
  staysInside,
  type Diagnostic,
  type Scope,
  type Where,
} from "../kernel/index.ts";
import {
  applyOutput,
  FilesLoader,
  listTemplates,
  planOutput,
  targetOf,
  TemplateSet,
  type OutputPlan,
  type Rendering,
  type Target,
} from "../templates/index.ts";
import type { Session } from "./session.ts";
import {
  missingHint,
  nodeOf,
  renderWithSecrets,
  variablesFor,
  type SecretRevealer,
} from "./template-values.ts";

/** What is rendered, and for whom. */
export interface ScopeRenderRequest extends Pick<
  ResolveRequest,
  "environment" | "tenant" | "overrides" | "set"
> {
  /** A template, or a directory whose templates are all rendered. */
  readonly template: string;
  /** The directory that relative paths start from. */
  readonly from: string;
  /** The directory that `include`, `import` and `extends` look in. @defaultValue the directory of the template */
  readonly root?: string | undefined;
  /** Whether the files are secret files whatever their names say. @defaultValue false */
  readonly secretFile?: boolean | undefined;
  /** Whether blocks leave no white space behind; see `TemplateSetOptions`. @defaultValue true */
  readonly trim?: boolean | undefined;
}

/** A template rendered for a scope. */
export interface RenderedFile {
  /** The template as messages name it: as the request writes it, with the path below a directory. */
  readonly template: string;
  /** The absolute path of the template. */
  readonly templatePath: string;
  /** The path of the file below the directory that it is written to, with forward slashes. */
  readonly name: string;
  /** `Sensitive` for a secret file. */
  readonly text: string | Sensitive<string>;
  /** Where each line comes from. */
  readonly map: Rendering["map"];
  /** What is suspicious about the text; all warnings. */
  readonly diagnostics: readonly Diagnostic[];
}

/** All templates of a request, rendered. Nothing is written. */
export interface ScopeRendering {
  readonly snapshot: Snapshot;
  readonly files: readonly RenderedFile[];
  /** Turns the name of a template, as maps have it, into the one that messages show. */
  readonly label: (name: string) => string;
}

/**
 * Renders templates with the resolved configuration of a scope. An ordinary file holds secrets as their references;
 * only a secret file (`*.secret.j2`, or `secretFile`) holds what `reveal` returns.
 *
 * @throws LotseError `template.not-found`, `template.error`, `file.*`; as `EnvironmentConfigManager.loadWithOverrides`
 * where the configuration is broken or does not fit its schema; `secret.*`
 */
export async function renderForScope(
  session: Session,
  request: ScopeRenderRequest,
  reveal?: SecretRevealer,
): Promise<ScopeRendering> {
  const source = sourceOf(request);
  const { environment, tenant, overrides, set } = request;
  const { snapshot } = session.manager.loadWithOverrides({ environment, tenant, overrides, set });
  const workspace = session.engine.workspace.name;
  const templates = new TemplateSet({
    loader: new FilesLoader(new DirectoryFiles(source.root)),
    label: source.label,
    trim: request.trim ?? true,
  });
  const hint = missingHint(snapshot);
  const files: RenderedFile[] = [];
  for (const { template, name, secret, yaml } of source.targets) {
    const render = (variables: ReadonlyMap<string, unknown>, withheld: boolean): Rendering =>
      templates.render(template, variables, { yaml, hint, withheld });
    const rendering = secret
      ? await renderWithSecrets({ snapshot, workspace, render, reveal })
      : render(variablesFor(snapshot, workspace), false);
    const diagnostics = [
      ...yamlFindings(rendering, source.label, secret),
      ...(secret ? [] : changedHandles(rendering, snapshot, source.label)),
    ];
    files.push({
      template: source.label(template),
      templatePath: join(source.root, template),
      name,
      text: secret ? new Sensitive(rendering.text) : rendering.text,
      map: rendering.map,
      diagnostics,
    });
  }
  return { snapshot, files, label: source.label };
}

/**
 * Compares rendered files with those in a directory. Nothing is written.
 *
 * @throws LotseError `file.*`, `usage.argument` for a file that would take the place of its template
 */
export async function planRendering(rendering: ScopeRendering, directory: string): Promise<OutputPlan> {
  for (const { name, templatePath, template } of rendering.files) {
    if (resolve(directory, name) !== resolve(templatePath)) continue;
    throw new LotseError({
      code: "usage.argument",
      message: `${name} would take the place of its template ${template}`,
      hint: "name another directory, or let the template's name end in .j2",
    });
  }
  return await planOutput(
    directory,
    rendering.files.map(({ name, text, map }) => ({
      name,
      text,
      originOf: (line) => {
        const origin = map[line - 1];
        if (origin === undefined) return "";
        const place = `${rendering.label(origin.template)}:${origin.templateLine}`;
        return `(${[place, ...origin.paths].join(", ")})`;
      },
    })),
  );
}

/**
 * Writes what was planned, and records each file before it is written. The one place where rendered files reach the
 * disk.
 *
 * @returns the names of the files that were written
 * @throws LotseError `machine.write`, `file.outside`, `audit.unavailable`; files before it are written
 */
export async function applyRendering(
  session: Session,
  scope: Scope,
  plan: OutputPlan,
): Promise<readonly string[]> {
  const written: string[] = [];
  for (const file of plan.files) {
    if (file.status === "unchanged") continue;
    const access = {
      scope,
      action: "template.write",
      object: relative(session.directory, join(plan.directory, file.name)).split(sep).join("/"),
      // A digest of a secret file would let its values be guessed.
      ...(typeof file.text === "string" ? { fingerprint: digestOf(file.text) } : {}),
      details: { status: file.status, secret: typeof file.text !== "string" },
    };
    await session.recorder.change(access, () => applyOutput({ ...plan, files: [file] }));
    written.push(file.name);
  }
  return written;
}

/** Where a value in a line was written. */
export interface ValueOrigin extends Where {
  readonly path: string;
  readonly layer: string;
}

/** Where one line of a rendered file comes from. */
export interface LineOrigin {
  readonly line: number;
  readonly template: string;
  readonly templateLine: number;
  /** The values of the configuration that filled it, in the order in which the line holds them. */
  readonly values: readonly ValueOrigin[];
}

/** Tells for each line of a rendered file which line of which template wrote it, and which layers filled it. */
export function lineOrigins({ snapshot, label }: ScopeRendering, file: RenderedFile): readonly LineOrigin[] {
  const known = new Map<string, ValueOrigin | undefined>();
  const originOf = (path: string): ValueOrigin | undefined => {
    if (!known.has(path)) known.set(path, valueOrigin(snapshot, path));
    return known.get(path);
  };
  return file.map.map(({ line, template, templateLine, paths }) => ({
    line,
    template: label(template),
    templateLine,
    values: paths.flatMap((path) => originOf(path) ?? []),
  }));
}

function valueOrigin(snapshot: Snapshot, path: string): ValueOrigin | undefined {
  if (nodeOf(snapshot, path) === undefined) return undefined;
  const { layer, file, line, column } = explain(snapshot, path);
  return { path, layer, file, line, column };
}

interface TemplateSource {
  /** The absolute path of the directory that templates are looked for in. */
  readonly root: string;
  readonly targets: readonly Target[];
  readonly label: (name: string) => string;
}

/** @throws LotseError `template.not-found`, `usage.argument`, `file.outside` */
function sourceOf({ template, from, root, secretFile }: ScopeRenderRequest): TemplateSource {
  const path = resolve(from, template);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw noTemplate(template, "name a template, or a directory of templates");
  const directory = found.isDirectory();
  const top = resolve(from, root ?? (directory ? path : dirname(path)));
  const start = relative(top, path).split(sep).join("/");
  if (!staysInside(start)) {
    throw new LotseError({
      code: "usage.argument",
      message: `${template} is not in ${String(root)}`,
      hint: "name with --root a directory that the template lies in",
    });
  }
  const below = (name: string): string => (start === "" ? name : `${start}/${name}`);
  const targets = directory
    ? listTemplates(new DirectoryFiles(path)).map((name) => ({ ...targetOf(name), template: below(name) }))
    : [{ ...targetOf(basename(path)), template: start }];
  if (targets.length === 0) throw noTemplate(template, "the names of templates end in .j2 or .jinja");
  const shown = relative(from, top).split(sep).join("/");
  return {
    root: top,
    targets: targets.map((target) => ({ ...target, secret: target.secret || secretFile === true })),
    // Outside the directory the user is in, the absolute path is the shorter one to read.
    label: (name) => (shown === "" ? name : `${shown.startsWith("../") ? top : shown}/${name}`),
  };
}

function noTemplate(template: string, hint: string): LotseError {
  return new LotseError({
    code: "template.not-found",
    message: `there is no template ${template}`,
    hint,
    where: { file: template },
  });
}

function yamlFindings(
  { warnings }: Rendering,
  label: TemplateSource["label"],
  secret: boolean,
): readonly Diagnostic[] {
  return warnings.map(({ hazard, message, line, template, templateLine, templateColumn, paths }) => ({
    code: "template.yaml",
    severity: "warning",
    // The message quotes the value.
    message: `line ${line} of the YAML: ${secret ? `a value is not read as plain text (${hazard})` : message}`,
    ...(secret ? { hint: "use quote or to_yaml" } : {}),
    where: {
      file: label(template),
      line: templateLine,
      column: templateColumn,
      ...(paths[0] === undefined ? {} : { path: paths[0] }),
    },
  }));
}

/** Handles that went into a line that does not hold their reference: nothing that reads the file can resolve them. */
function changedHandles(
  { text, map }: Rendering,
  snapshot: Snapshot,
  label: TemplateSource["label"],
): readonly Diagnostic[] {
  const lines = text.split("\n");
  const found = new Map<string, Diagnostic>();
  for (const { line, template, templateLine, paths } of map) {
    for (const path of paths) {
      const node = nodeOf(snapshot, path);
      if (node?.kind !== "secret" || lines[line - 1]?.includes(String(node.value)) === true) continue;
      found.set(`${path} ${template} ${templateLine}`, {
        code: "template.handle",
        severity: "warning",
        message: `line ${line} is made of the secret ${path}, but does not hold its reference`,
        hint: "write the reference as it is, or let the template make a secret file: name it *.secret.j2",
        where: { file: label(template), line: templateLine, path },
      });
    }
  }
  return [...found.values()];
}
