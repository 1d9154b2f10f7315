import type { Database } from "./database.ts";

/**
 * Which database this is, `database-` and a UUID that was drawn when its tables were made. It tells whose fences
 * effects carry: one that takes the place of another begins counting anew, and has another identity.
 *
 * @param database - its tables are up to date
 */
export async function identityOf(database: Database): Promise<string> {
  const { rows } = await database.query<{ id: string }>("SELECT id FROM lotse.identity");
  return `database-${rows[0]?.id ?? ""}`;
}
