import { Sensitive } from "../../kernel/index.ts";
import type { Artefact } from "./artefact.ts";
import { lineWriter, type DotenvDialect, type FormatLine } from "./dotenv-line.ts";
import { checkVariables, isSecret, type InjectedVariable } from "./variable.ts";

/** How {@link renderDotenv} writes. */
export interface DotenvOptions {
  /** @defaultValue "portable" */
  readonly dialect?: DotenvDialect;
  /** Another writer of lines than the dialect's own. */
  readonly formatLine?: FormatLine;
  /** @defaultValue ".env" */
  readonly path?: string;
}

/**
 * Renders variables as a `.env` file, in the order given. There is no comment in it, so that it can be given
 * to readers that know none.
 *
 * @throws LotseError `secret.name`; `secret.unrepresentable` for a value that the dialect cannot hold
 */
export function renderDotenv(variables: readonly InjectedVariable[], options: DotenvOptions = {}): Artefact {
  checkVariables(variables);
  const formatLine = options.formatLine ?? lineWriter(options.dialect ?? "portable");
  const text = variables.map((variable) => `${formatLine(variable)}\n`).join("");
  return {
    path: options.path ?? ".env",
    content: variables.some(isSecret) ? new Sensitive(text) : text,
    mode: 0o600,
  };
}

/** How {@link renderComposeEnvFile} writes. */
export interface ComposeOptions {
  /**
   * `raw` for `env_file: [{path: …, format: raw}]`, where `$` means nothing; `interpolated` for Compose's own
   * format, where it does. @defaultValue "interpolated"
   */
  readonly format?: "interpolated" | "raw";
  /** @defaultValue "compose.env" */
  readonly path?: string;
}

/** An `env_file` with the entry that a service of the Compose file needs for it. */
export interface ComposeEnvFile {
  readonly artefact: Artefact;
  /** The value for `services.NAME.env_file`. */
  readonly entry: { readonly path: string; readonly required: true; readonly format?: "raw" };
}

/**
 * Renders an `env_file` for Docker Compose v2. Values arrive in the container as they are, `$` too.
 *
 * @throws LotseError `secret.name`; `secret.unrepresentable` for a line end in the raw format
 * @see https://docs.docker.com/reference/compose-file/services/#env_file
 */
export function renderComposeEnvFile(
  variables: readonly InjectedVariable[],
  options: ComposeOptions = {},
): ComposeEnvFile {
  const raw = options.format === "raw";
  const path = options.path ?? "compose.env";
  const artefact = renderDotenv(variables, { dialect: raw ? "raw" : "compose", path });
  return { artefact, entry: { path: `./${path}`, required: true, ...(raw ? { format: "raw" } : {}) } };
}
