import type { AuditSink, Clock, Exec, Sensitive } from "../../kernel/index.ts";
import { openSession, type Session } from "../session.ts";
import { scopeOf } from "./layers.ts";
import { openSecret } from "./read.ts";

/** Whose secrets are wanted. */
export interface SecretReaderOptions {
  /** The workspace, or a directory inside it. @defaultValue the current directory */
  readonly directory?: string;
  /** A name or alias. @defaultValue the variable `ENVIRONMENT`, then `ENV` */
  readonly environment?: string;
  /** @defaultValue the variable `TENANT`; without it the environment's own secrets */
  readonly tenant?: string;
  /** @defaultValue `process.env` */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly exec?: Exec;
  /** @defaultValue the workspace's own log */
  readonly audit?: AuditSink;
}

/**
 * Reads secrets of one environment or tenant. Files are opened once and again when they change; every single
 * read is in the audit log before the value is handed out.
 */
export class SecretReader {
  readonly #session: Session;
  readonly #environment: string;
  readonly #tenant: string | undefined;

  /** @throws LotseError `workspace.*`, `config.no-environment` */
  constructor(options: SecretReaderOptions = {}) {
    const variables = options.variables ?? process.env;
    this.#session = openSession({ ...options, directory: options.directory ?? process.cwd(), variables });
    this.#environment = this.#session.manager.environmentName(options.environment);
    this.#tenant = options.tenant ?? (variables["TENANT"] || undefined);
  }

  /**
   * A secret by name, such as `spotify.api_key`.
   *
   * @throws LotseError `config.unknown-*`, `secret.name`, `secret.not-found`, `secret.no-key`,
   * `secret.manifest`, `secret.mac`, …; `audit.unavailable` when the read cannot be recorded
   */
  async getSecret(name: string): Promise<Sensitive<string>> {
    const scope = scopeOf(this.#session, this.#environment, this.#tenant);
    return (await openSecret(this.#session, scope, name)).value;
  }

  /** Waits for the audit log. To be called when no more secrets are needed. */
  async close(): Promise<void> {
    await this.#session.log.close();
  }
}

/**
 * A secret by name, from the workspace around the current directory; see {@link SecretReader}.
 *
 * @example
 * ```ts
 * const key = await getSecret("spotify.api_key", { environment: "production", tenant: "acme" });
 * client.authenticate(key.reveal());
 * ```
 *
 * @throws LotseError as {@link SecretReader.getSecret}
 */
export async function getSecret(name: string, options: SecretReaderOptions = {}): Promise<Sensitive<string>> {
  const reader = new SecretReader(options);
  try {
    return await reader.getSecret(name);
  } finally {
    await reader.close();
  }
}
