import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DirectoryFiles, LotseError, systemClock, type Clock, type Diagnostic } from "../../kernel/index.ts";
import type { PlainValue } from "../model/plain.ts";
import { ConfigEngine } from "../resolve/engine.ts";
import type { SetEntry } from "../resolve/request.ts";
import type { Snapshot } from "../resolve/snapshot.ts";
import { Validator } from "../validate/validator.ts";
import { workspaceFileName } from "../workspace/workspace.ts";
import { EnvironmentConfig, invalidConfig } from "./environment-config.ts";

/** The environments of the default tree. A workspace may declare others. */
export const EnvironmentType = { Development: "dev", Staging: "staging", Production: "prod" } as const;

/** The name of an environment of the default tree. */
export type EnvironmentType = (typeof EnvironmentType)[keyof typeof EnvironmentType];

/** How a manager is made. */
export interface ManagerOptions {
  /** The workspace, or a directory inside it. @defaultValue the current directory */
  readonly directory?: string;
  /** @defaultValue `process.env` */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** Whether a configuration that does not fit its schema is refused. @defaultValue true */
  readonly validate?: boolean;
}

/** What {@link EnvironmentConfigManager.loadWithOverrides} takes. */
export interface LoadOptions {
  /** A name or alias. @defaultValue the variable `ENVIRONMENT`, then `ENV` */
  readonly environment?: string | undefined;
  /** Overrides by name, lowest first. */
  readonly overrides?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
  /** Values for the highest layer, by path. Locks hold for them as for any other layer. */
  readonly set?: Readonly<Record<string, PlainValue>> | readonly SetEntry[] | undefined;
}

/**
 * Loads environments of one workspace. Files are read once; {@link EnvironmentConfigManager.refresh} looks
 * again.
 */
export class EnvironmentConfigManager {
  readonly engine: ConfigEngine;
  readonly #variables: Readonly<Record<string, string | undefined>>;
  readonly #validate: boolean;
  #validator: Validator | undefined;

  /** Reads `lotse.yml`, and nothing else yet. @throws LotseError `workspace.not-found`, `workspace.invalid` */
  constructor(options: ManagerOptions = {}) {
    this.#variables = options.variables ?? process.env;
    this.#validate = options.validate ?? true;
    const directory = findWorkspace(options.directory ?? process.cwd());
    this.engine = new ConfigEngine({
      files: new DirectoryFiles(directory),
      clock: options.clock ?? systemClock,
      variables: this.#variables,
    });
  }

  /** Loads an environment without overrides; see {@link EnvironmentConfigManager.loadWithOverrides}. */
  load(environment?: string, tenant?: string): EnvironmentConfig {
    return this.loadWithOverrides({ environment, tenant });
  }

  /**
   * Loads an environment for a tenant, with overrides in the given order.
   *
   * @throws LotseError with the first finding when the configuration is broken or does not fit its schema;
   * `config.no-environment`, `config.unknown-environment`, `config.unknown-tenant`
   */
  loadWithOverrides(options: LoadOptions = {}): EnvironmentConfig {
    const snapshot = this.engine.resolve({
      environment: this.environmentName(options.environment),
      tenant: options.tenant,
      overrides: options.overrides,
      set: setEntries(options.set),
    });
    const findings = this.#validate ? this.check(snapshot) : snapshot.diagnostics;
    if (findings.some((finding) => finding.severity === "error"))
      throw invalidConfig(snapshot.scope, findings);
    return new EnvironmentConfig(snapshot);
  }

  /** All findings about a snapshot: those of resolving it, then those of the schema. @throws LotseError `schema.*` */
  check(snapshot: Snapshot): readonly Diagnostic[] {
    const { schema } = this.engine;
    if (schema === undefined) return snapshot.diagnostics;
    if (this.#validator?.schema !== schema) this.#validator = new Validator(schema);
    return [...snapshot.diagnostics, ...this.#validator.validate(snapshot)];
  }

  /**
   * The name of the environment meant: the given one, or what the variables `ENVIRONMENT` or `ENV` say.
   *
   * @throws LotseError `config.no-environment`
   */
  environmentName(given?: string): string {
    const name = given ?? (this.#variables["ENVIRONMENT"] || this.#variables["ENV"]);
    if (name !== undefined && name !== "") return name;
    throw new LotseError({
      code: "config.no-environment",
      message: "no environment was named",
      hint: "name one, or set the variable ENVIRONMENT or ENV",
    });
  }

  /** Looks again at the disk. @param paths - only these files may have changed; all if left out */
  refresh(paths?: readonly string[]): void {
    this.engine.refresh(paths);
  }
}

/**
 * Loads the environment that is named, or that the variables `ENVIRONMENT` or `ENV` name, from the workspace
 * around the current directory.
 *
 * @throws LotseError as {@link EnvironmentConfigManager.loadWithOverrides}
 */
export function getEnvironmentConfig(environment?: string, options: ManagerOptions = {}): EnvironmentConfig {
  return new EnvironmentConfigManager(options).load(environment);
}

/**
 * The nearest directory, from the given one upwards, that holds a `lotse.yml`.
 *
 * @returns the given directory itself where there is none, so that reading it tells what is missing
 */
export function findWorkspace(start: string): string {
  for (let directory = resolve(start); ; directory = dirname(directory)) {
    if (existsSync(join(directory, workspaceFileName))) return directory;
    if (directory === dirname(directory)) return resolve(start);
  }
}

function setEntries(set: LoadOptions["set"]): readonly SetEntry[] | undefined {
  if (set === undefined || Array.isArray(set)) return set as readonly SetEntry[] | undefined;
  return Object.entries(set).map(([path, value]) => ({ path, value }));
}
