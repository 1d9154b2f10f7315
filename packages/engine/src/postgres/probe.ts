import { realpath } from "node:fs/promises";
import { Sensitive } from "@lotse/core/kernel";
import pg from "pg";

/** The only role and database of an embedded server. */
export const roleName = "lotse";

/** How an embedded server is reached. */
export function urlOf(port: number, password: Sensitive<string>, database = roleName): Sensitive<string> {
  return new Sensitive(
    `postgresql://${roleName}:${encodeURIComponent(password.reveal())}@127.0.0.1:${port}/${database}`,
  );
}

/** What a try to connect found. */
export type Probe = "ready" | "not-yet" | "other" | "nothing";

/** SQLSTATE class 57P: the server is starting up or shutting down. */
const notYet = /^57P/u;
const invalidPassword = /^28/u;

/**
 * Finds out by connecting whether our server listens on a port.
 *
 * @param database - it is `not-yet` where this is not there. @defaultValue the one that every server has
 * @returns `other` when something listens there that is not the server of this data directory
 */
export async function probe(
  port: number,
  password: Sensitive<string>,
  data: string,
  database = "postgres",
): Promise<Probe> {
  const client = new pg.Client({
    connectionString: urlOf(port, password, database).reveal(),
    connectionTimeoutMillis: 2000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>("SHOW data_directory");
    return rows[0]?.data_directory === (await realpath(data)) ? "ready" : "other";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (notYet.test(code)) return "not-yet";
    if (code === "ECONNREFUSED") return "nothing";
    return invalidPassword.test(code) ? "other" : "not-yet";
  } finally {
    await client.end().catch(() => undefined);
  }
}
