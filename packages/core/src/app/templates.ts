import { join, relative, resolve, sep } from "node:path";
import { explain, type ResolveRequest, type Snapshot } from "../config/index.ts";
import {
  digestOf,
  DirectoryFiles,
  LotseError,
  Sensitive,
  type Diagnostic,
  type Scope,
  type Where,
} from "../kernel/index.ts";
import {
  applyOutput,
  FilesLoader,
  planOutput,
  TemplateSet,
  type OutputPlan,
  type Rendering,
} from "../templates/index.ts";
import type { Session } from "./session.ts";
import { changedHandles, yamlFindings } from "./template-findings.ts";
import { templateSource, type TemplateRequest } from "./template-source.ts";
import { missingHint, nodeOf, variablesFor, type SecretRevealer } from "./template-values.ts";
import { renderWithSecrets } from "./template-opening.ts";
import { openReference } from "./secrets/read.ts";

/** What is rendered, and for whom. */
export interface ScopeRenderRequest
  extends TemplateRequest, Pick<ResolveRequest, "environment" | "tenant" | "overrides" | "set"> {
  /** Whether the text is going to be shown: secret files are refused, before a secret is opened. @defaultValue false */
  readonly shown?: boolean | undefined;
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
  /** What is suspicious about the text; none is an error. */
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
  const source = templateSource(request);
  const hidden = request.shown === true ? source.targets.find(({ secret }) => secret) : undefined;
  if (hidden !== undefined) throw neverShown(source.label(hidden.template));
  const { environment, tenant, overrides, set } = request;
  const { snapshot } = session.manager.loadWithOverrides({ environment, tenant, overrides, set });
  const workspace = session.engine.workspace.name;
  const templates = new TemplateSet({
    loader: new FilesLoader(new DirectoryFiles(source.root)),
    label: source.label,
    trim: request.trim ?? true,
  });
  const hint = missingHint(snapshot);
  const plain = variablesFor(snapshot, workspace);
  const files: RenderedFile[] = [];
  for (const { template, name, secret, yaml } of source.targets) {
    const render = (variables: ReadonlyMap<string, unknown>, withheld: boolean): Rendering =>
      templates.render(template, variables, { yaml, hint, withheld });
    const rendering = secret
      ? await renderWithSecrets({
          snapshot,
          workspace,
          render,
          label: source.label,
          reveal: reveal ?? ((reference) => openReference(session, snapshot.scope, reference)),
        })
      : render(plain, false);
    const diagnostics = [
      ...yamlFindings(rendering, template, source.label, secret),
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

function neverShown(template: string): LotseError {
  return new LotseError({
    code: "usage.argument",
    message: `${template} makes a secret file, which is never printed`,
    hint: "name the directory to write it to with -o",
    where: { file: template },
  });
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
interface ValueOrigin extends Where {
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
