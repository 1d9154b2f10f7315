import { posix } from "node:path";
import { isLotseError, LotseError } from "../../kernel/index.ts";
import { nodeAt } from "../model/path.ts";
import { isScalar, whereOf } from "../model/node.ts";
import { suggest } from "../model/spelling.ts";
import type { Document } from "../parse/document.ts";
import { fillPattern, placeholdersOf } from "../workspace/layer.ts";
import type { DocumentStore } from "../workspace/store.ts";
import { textAt, type Workspace } from "../workspace/workspace.ts";

const usable = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/iu;

/** Knows the tenants of a workspace: each has a file that a layer with `{tenant}` in its path reads. */
export class TenantDirectory {
  readonly #workspace: Workspace;
  readonly #store: DocumentStore;
  readonly #patterns: readonly string[];

  constructor(workspace: Workspace, store: DocumentStore) {
    this.#workspace = workspace;
    this.#store = store;
    this.#patterns = tenantPatterns(workspace);
  }

  /** All tenants, sorted. */
  all(): readonly string[] {
    const found = new Set<string>();
    for (const pattern of this.#patterns) {
      for (const environment of pattern.includes("{env}") ? this.#workspace.environments : [""]) {
        for (const tenant of this.#tenantsOf(pattern.replaceAll("{env}", environment))) found.add(tenant);
      }
    }
    return [...found].sort();
  }

  /** The tenants of one environment, sorted: a tenant may name its environments under `tenant.environments`. */
  of(environment: string): readonly string[] {
    return this.all().filter((tenant) => this.#livesIn(tenant, environment));
  }

  /**
   * The tenant's own documents, which hold its attributes.
   *
   * @throws LotseError `config.tenant-id` for an id that is no plain name, `config.unknown-tenant`
   */
  documents(tenant: string, environment: string): readonly Document[] {
    checkTenantId(tenant);
    const documents = this.#files(tenant, environment).map((path) => this.#store.document(path));
    const found = documents.filter((document) => document !== undefined);
    if (found.length === 0) throw this.#unknown(tenant, environment);
    for (const document of found) checkDeclaredId(document, tenant);
    if (!this.#declaredIn(tenant, environment)) throw this.#elsewhere(tenant, environment);
    return found;
  }

  /** The paths of the tenant's own files that exist, lowest layer first. */
  #files(tenant: string, environment: string): readonly string[] {
    return this.#patterns
      .map((pattern) => fillPattern(pattern, (name) => (name === "env" ? environment : tenant)))
      .map((path) =>
        path === undefined ? undefined : this.#store.find(posix.join(this.#workspace.root, path)),
      )
      .filter((path) => path !== undefined);
  }

  #tenantsOf(pattern: string): readonly string[] {
    const path = posix.join(this.#workspace.root, pattern);
    const [before = "", after = ""] = posix.basename(path).split("{tenant}", 2);
    if (posix.dirname(path).includes("{tenant}")) return this.#tenantDirectories(path);
    const stem = after.replace(/\.(?:ya?ml|json)$/u, "");
    return [...this.#store.names(posix.dirname(path))]
      .filter((name) => name.startsWith(before) && /\.(?:ya?ml|json)$/u.test(name))
      .map((name) => name.slice(before.length).replace(/\.(?:ya?ml|json)$/u, ""))
      .filter((name) => name.endsWith(stem))
      .map((name) => name.slice(0, name.length - stem.length))
      .filter((name) => usable.test(name));
  }

  /** For a pattern such as `tenants/{tenant}/config.yml`: the directories in which the file exists. */
  #tenantDirectories(path: string): readonly string[] {
    const [before = "", after = ""] = path.split("{tenant}", 2);
    if (!before.endsWith("/") || !after.startsWith("/") || after.includes("{tenant}")) return [];
    return [...this.#store.names(posix.normalize(before).replace(/\/$/u, ""))].filter(
      (name) => usable.test(name) && this.#store.find(`${before}${name}${after}`) !== undefined,
    );
  }

  /** A tenant whose file is broken is taken to live everywhere, so that resolving it tells what is wrong. */
  #livesIn(tenant: string, environment: string): boolean {
    try {
      return this.#declaredIn(tenant, environment);
    } catch (error) {
      if (isLotseError(error)) return true;
      throw error;
    }
  }

  #declaredIn(tenant: string, environment: string): boolean {
    const files = this.#files(tenant, environment);
    for (const path of files.toReversed()) {
      const root = this.#store.document(path)?.root;
      const declared = root === undefined ? undefined : nodeAt(root, ["tenant", "environments"]);
      if (declared?.kind === "list") {
        return declared.items.some(
          (item) => isScalar(item) && this.#name(String(item.value)) === environment,
        );
      }
    }
    return files.length > 0;
  }

  #name(environment: string): string | undefined {
    return this.#workspace.environmentNames.get(environment);
  }

  #elsewhere(tenant: string, environment: string): LotseError {
    const homes = this.#workspace.environments.filter((name) => this.#livesIn(tenant, name));
    return new LotseError({
      code: "config.unknown-tenant",
      message: `the tenant ${tenant} does not live in ${environment}`,
      hint: `its tenant.environments names ${homes.join(", ") || "none that exists"}`,
    });
  }

  #unknown(tenant: string, environment: string): LotseError {
    const all = this.all();
    if (all.includes(tenant)) {
      return new LotseError({
        code: "config.unknown-tenant",
        message: `the tenant ${tenant} does not live in ${environment}`,
        hint: "name another environment, or give it a file there",
      });
    }
    return new LotseError({
      code: "config.unknown-tenant",
      message: `there is no tenant ${tenant}`,
      hint: suggest(tenant, all),
    });
  }
}

/** The patterns that lead to a tenant's own files: nothing but the tenant and the environment stands in them. */
function tenantPatterns(workspace: Workspace): readonly string[] {
  return workspace.layers
    .flatMap((layer) => (layer.kind === "files" ? layer.patterns : []))
    .filter((pattern) => {
      const names = placeholdersOf(pattern);
      return names.includes("tenant") && names.every((name) => name === "tenant" || name === "env");
    });
}

/**
 * Refuses what could leave the directory that tenants' files are in.
 *
 * @throws LotseError `config.tenant-id`
 */
function checkTenantId(tenant: string): void {
  if (usable.test(tenant) && !tenant.includes("..")) return;
  throw new LotseError({
    code: "config.tenant-id",
    message: `${JSON.stringify(tenant.slice(0, 80))} is no tenant id`,
    hint: "an id is 1 to 63 letters, digits, dots, dashes and underscores, and starts and ends with a letter or digit",
  });
}

function checkDeclaredId(document: Document, tenant: string): void {
  const declared = textAt(document.root, ["tenant", "id"]);
  const node = nodeAt(document.root, ["tenant", "id"]);
  if (declared === undefined || declared === tenant || node === undefined) return;
  throw new LotseError({
    code: "config.tenant-id",
    message: `the file of tenant ${tenant} says that its id is ${declared}`,
    hint: "make tenant.id and the file's name the same",
    where: whereOf(node, "tenant.id"),
  });
}
