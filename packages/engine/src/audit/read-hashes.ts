import type pg from "pg";

/** Something that answers a statement: the database, or one of its connections. */
interface Queryable {
  query<R extends pg.QueryResultRow>(sql: string, values: unknown[]): Promise<pg.QueryResult<R>>;
}

/** Stored hashes in the order asked for; an empty buffer for those that are missing. */
export async function readHashes(from: Queryable, positions: readonly number[]): Promise<readonly Buffer[]> {
  if (positions.length === 0) return [];
  const { rows } = await from.query<{ position: string; hash: Buffer }>(
    "SELECT position, hash FROM lotse.audit_hashes WHERE position = ANY($1::bigint[])",
    [[...positions]],
  );
  const found = new Map(rows.map(({ position, hash }) => [Number(position), hash]));
  return positions.map((position) => found.get(position) ?? Buffer.alloc(0));
}
