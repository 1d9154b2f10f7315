import type { Client, ClientConfig } from "pg";
import { LotseError, type Sensitive } from "../../../kernel/index.ts";

/** Where a PostgreSQL is asked, and as whom. */
export interface PostgresqlLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: Sensitive<string>;
  /** How the server is verified; `off` only where the way to it is safe by itself. */
  readonly tls: "verify-full" | "require" | "off";
  /** The certificate authority in PEM. @defaultValue those that Node.js knows */
  readonly ca?: string | undefined;
}

/** How a server is set up. What the role may not see is left out. */
export interface PostgresqlAnswer {
  /** Settings by name, as `pg_settings` writes them. */
  readonly settings: Readonly<Record<string, string>>;
  /** Tables of the database, and how many of them have row-level security. */
  readonly tables: { readonly count: number; readonly row_security: number };
  /** Lines of `pg_hba.conf` that let anybody in from elsewhere, or take passwords in the clear. */
  readonly loose?: readonly { readonly line: number; readonly method: string }[];
}

/** The settings that checks read. */
const names = [
  "ssl",
  "ssl_min_protocol_version",
  "password_encryption",
  "log_connections",
  "log_disconnections",
  "shared_preload_libraries",
  "row_security",
  "archive_mode",
  "wal_level",
] as const;

const maxTextLength = 1000;

/**
 * Asks a server for its settings. Nothing is changed: the session is read-only. The role needs no rights but to
 * connect; a member of `pg_read_all_settings` sees all settings, and only a superuser the rules of access.
 *
 * @param timeoutMs - for connecting, and for each question. @defaultValue 5000
 * @returns `undefined` where nothing answers, or the role is not let in
 * @throws LotseError `machine.missing` where the package `pg` is not installed
 * @see https://www.postgresql.org/docs/current/view-pg-settings.html
 */
export async function askPostgresql(
  login: PostgresqlLogin,
  timeoutMs = 5000,
): Promise<PostgresqlAnswer | undefined> {
  const pg = await loadDriver();
  const client = new pg.Client(configOf(login, timeoutMs));
  // What breaks between two questions breaks the next one.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await answersOf(client);
  } catch {
    // Why is not told: messages of the server and of the driver may quote what was sent.
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function configOf(login: PostgresqlLogin, timeoutMs: number): ClientConfig {
  const { host, port, user, database, password, tls, ca } = login;
  return {
    host,
    port,
    user,
    database,
    password: password.reveal(),
    ssl:
      tls === "off"
        ? false
        : { rejectUnauthorized: tls === "verify-full", ...(ca === undefined ? {} : { ca }) },
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    application_name: "lotse policy check",
    options: "-c default_transaction_read_only=on -c search_path=pg_catalog",
  };
}

async function loadDriver(): Promise<{ readonly Client: new (config: ClientConfig) => Client }> {
  try {
    return (await import("pg")).default;
  } catch (cause) {
    throw new LotseError({
      code: "machine.missing",
      message: "policy/policy.yml probes a PostgreSQL with a login, and the package pg is not installed",
      hint: "install it beside Lotse: npm install pg",
      cause,
    });
  }
}

async function answersOf(client: Client): Promise<PostgresqlAnswer> {
  const settings = await client.query<{ name: string; setting: string }>(
    "SELECT name, setting FROM pg_catalog.pg_settings WHERE name = ANY ($1)",
    [names],
  );
  const tables = await client.query<{ count: number; row_security: number }>(
    `SELECT count(*)::int AS count, (count(*) FILTER (WHERE c.relrowsecurity))::int AS row_security
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'`,
  );
  const loose = await looseRules(client);
  return {
    settings: Object.fromEntries(
      settings.rows.map(({ name, setting }) => [name, setting.slice(0, maxTextLength)]),
    ),
    tables: tables.rows[0] ?? { count: 0, row_security: 0 },
    ...(loose === undefined ? {} : { loose }),
  };
}

/** @returns `undefined` where the role may not see the rules */
async function looseRules(client: Client): Promise<PostgresqlAnswer["loose"]> {
  try {
    const { rows } = await client.query<{ line: number; method: string }>(
      `SELECT line_number AS line, auth_method AS method FROM pg_catalog.pg_hba_file_rules
        WHERE auth_method IN ('trust', 'password') AND type <> 'local' AND error IS NULL
        ORDER BY line_number LIMIT 100`,
    );
    return rows.map(({ line, method }) => ({ line, method }));
  } catch {
    return undefined;
  }
}
