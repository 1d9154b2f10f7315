/**
 * The library: configuration by environment and tenant, with the origin of every value.
 *
 * @example
 * ```ts
 * import { getEnvironmentConfig } from "@lotse/core";
 *
 * const config = getEnvironmentConfig("production");
 * const pool = config.get("database.postgresql.connection_pool");
 * ```
 */
export {
  EnvironmentConfig,
  EnvironmentConfigManager,
  EnvironmentType,
  getEnvironmentConfig,
  SecretReference,
  watchConfig,
  type Candidate,
  type ConfigShape,
  type ConfigWatch,
  type Explanation,
  type LoadOptions,
  type ManagerOptions,
  type PlainValue,
  type Register,
  type WatchEvent,
  type WatchOptions,
} from "./config/index.ts";
export {
  LotseError,
  Sensitive,
  type Diagnostic,
  type ErrorCode,
  type Scope,
  type Where,
} from "./kernel/index.ts";
export { renderTemplate, type RenderTemplateOptions } from "./app/render-template.ts";
export { getSecret, SecretReader, type SecretReaderOptions } from "./app/secrets/library.ts";
