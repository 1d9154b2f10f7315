import { join } from "node:path";
import type { PlacedTemplate, Snapshot, Workspace } from "../config/index.ts";
import {
  digestOf,
  DirectoryFiles,
  LotseError,
  type Diagnostic,
  type Files,
  type Scope,
} from "../kernel/index.ts";
import { FilesLoader, targetOf, TemplateSet, type Rendering } from "../templates/index.ts";
import type { Session } from "./session.ts";
import { changedHandles, plainSecretFindings, yamlFindings } from "./template-findings.ts";
import { renderHoles } from "./template-secrets.ts";
import { missingHint, variablesFor, type ValueMemo } from "./template-values.ts";

/** A file of what is deployed for one tenant in one environment, as a release holds it. */
export interface DeployedFile {
  /** Below the directory of the release's files, with forward slashes. */
  readonly path: string;
  /**
   * The content. Never that of a secret: an ordinary file holds references as the layers write them and is deployed
   * like that; a secret file holds them in the form that `fillSecrets` puts secrets into.
   */
  readonly bytes: Uint8Array;
  /** Whether `fillSecrets` has to be called, and the file written with mode 0600. */
  readonly secret: boolean;
  /** The references that a secret file is filled with, each once; empty for an ordinary file. */
  readonly secrets: readonly string[];
  /** Of the bytes, in hex. */
  readonly sha256: string;
  /** The template's path in the workspace. */
  readonly template: string;
  /** Where each line comes from; `template` in it is a path in the workspace. */
  readonly map: Rendering["map"];
  /** What is suspicious about the text; none is an error. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Where templates are read and what they are. */
export interface DeploymentSource {
  readonly workspace: Pick<Workspace, "name" | "templates">;
  readonly files: Files;
  /** The absolute path of the workspace; without it, as for a revision in git, links are not followed anyway. */
  readonly directory?: string | undefined;
}

/**
 * The templates that `lotse.yml` declares under `templates`. Each is read and compiled once, however many scopes are
 * rendered: make one for a run, and another after files changed.
 */
export class DeploymentTemplates {
  readonly #source: DeploymentSource;
  readonly #sets = new Map<string, TemplateSet>();
  readonly #values: ValueMemo = new WeakMap();

  constructor(source: DeploymentSource) {
    this.#source = source;
  }

  /** Whether any is declared. */
  get declared(): boolean {
    return this.#source.workspace.templates.length > 0;
  }

  /** The entries for a scope, with the paths of their files; one with `{tenant}` is for tenants only. */
  entriesFor({
    environment,
    tenant,
  }: Scope): readonly { readonly entry: PlacedTemplate; readonly path: string }[] {
    return this.#source.workspace.templates.flatMap((entry) => {
      if (entry.environments !== undefined && !entry.environments.includes(environment)) return [];
      if (tenant === undefined && entry.to.includes("{tenant}")) return [];
      return [
        { entry, path: entry.to.replaceAll("{env}", environment).replaceAll("{tenant}", tenant ?? "") },
      ];
    });
  }

  /**
   * Renders every file of one scope. Nothing is opened and nothing is written: the same configuration and templates
   * give the same bytes.
   *
   * @param snapshot - the scope, resolved
   * @param wanted - which files; a secret file takes three renderings. @defaultValue all
   * @throws LotseError `template.not-found`, `template.error`, `template.secret`, `file.ambiguous` for two entries of
   * one path, `file.*`; with the place
   */
  of(
    snapshot: Snapshot,
    wanted: (entry: PlacedTemplate, path: string) => boolean = () => true,
  ): readonly DeployedFile[] {
    const { scope } = snapshot;
    const entries = this.entriesFor(scope);
    checkPaths(entries);
    return entries
      .filter(({ entry, path }) => wanted(entry, path))
      .map(({ entry, path }) => this.#render(snapshot, entry, path));
  }

  #render(snapshot: Snapshot, entry: PlacedTemplate, path: string): DeployedFile {
    const { name: workspace } = this.#source.workspace;
    const label = (name: string): string => `${entry.root}/${name}`;
    const set = this.#setOf(entry);
    const hint = missingHint(snapshot);
    const secret = isSecretEntry(entry);
    const yaml = entry.format === undefined ? /\.ya?ml$/iu.test(path) : entry.format === "yaml";
    const render = (variables: ReadonlyMap<string, unknown>): Rendering =>
      set.render(entry.template, variables, { yaml, hint });
    const holes = secret ? renderHoles(snapshot, workspace, render, label) : undefined;
    const rendering = holes?.rendering ?? render(variablesFor(snapshot, workspace, undefined, this.#values));
    const bytes = Buffer.from(holes?.text ?? rendering.text, "utf8");
    return {
      path,
      bytes,
      secret,
      secrets: [...new Set(holes?.holes.map(({ reference }) => String(reference)))],
      sha256: digestOf(bytes),
      template: label(entry.template),
      map: rendering.map.map((line) => ({ ...line, template: label(line.template) })),
      diagnostics: [
        ...yamlFindings(rendering, entry.template, label, secret),
        ...(holes === undefined
          ? changedHandles(rendering, snapshot, label)
          : plainSecretFindings(holes, yaml, label(entry.template))),
      ],
    };
  }

  #setOf({ root, where }: PlacedTemplate): TemplateSet {
    let set = this.#sets.get(root);
    if (set === undefined) {
      const { files, directory } = this.#source;
      // Asking the workspace first tells of a directory that is a link out of it.
      if (files.list(root).length === 0) throw noDirectory(root, where);
      const below =
        directory === undefined ? filesBelow(files, root) : new DirectoryFiles(join(directory, root));
      set = new TemplateSet({ loader: new FilesLoader(below), label: (name) => `${root}/${name}` });
      this.#sets.set(root, set);
    }
    return set;
  }
}

/** Whether an entry makes a secret file. */
export function isSecretEntry({ secret, template }: PlacedTemplate): boolean {
  return secret ?? targetOf(template).secret;
}

/**
 * Renders what `lotse.yml` declares under `templates` for one scope. For many scopes, make one {@link DeploymentTemplates}.
 *
 * @throws LotseError as {@link DeploymentTemplates.of}; `config.*` and what resolving throws
 */
export function renderedFiles(session: Session, scope: Scope): readonly DeployedFile[] {
  return deploymentTemplatesOf(session).of(session.engine.resolve({ ...scope, tenant: scope.tenant }));
}

/** The declared templates of a workspace. */
export function deploymentTemplatesOf({
  engine,
  directory,
}: Pick<Session, "engine"> & Partial<Pick<Session, "directory">>): DeploymentTemplates {
  return new DeploymentTemplates({ workspace: engine.workspace, files: engine.files, directory });
}

/** No file may stand where another one has a directory. */
function checkPaths(entries: readonly { readonly entry: PlacedTemplate; readonly path: string }[]): void {
  const seen = new Set<string>();
  const directories = new Set<string>();
  for (const { entry, path } of entries) {
    const above = path.split("/").map((_, index, parts) => parts.slice(0, index).join("/"));
    if (seen.has(path) || directories.has(path) || above.some((each) => seen.has(each))) {
      throw new LotseError({
        code: "file.ambiguous",
        message: `two templates make the file ${path}, or one makes a file where another needs a directory`,
        hint: "give each a `to` of its own",
        where: entry.where,
      });
    }
    seen.add(path);
    for (const directory of above) directories.add(directory);
  }
}

function noDirectory(root: string, where: PlacedTemplate["where"]): LotseError {
  return new LotseError({
    code: "template.not-found",
    message: `there is no directory ${root} with templates`,
    hint: "make it, or name another with `root`",
    where,
  });
}

function filesBelow(files: Files, root: string): Files {
  const full = (path: string): string => (path === "." ? root : `${root}/${path}`);
  return {
    label: `${files.label}/${root}`,
    read: (path) => files.read(full(path)),
    list: (directory) => files.list(full(directory)),
    stamp: (path) => files.stamp(full(path)),
    size: (path) => files.size(full(path)),
  };
}
