import { randomUUID } from "node:crypto";
import type { Database, Transaction } from "./database.ts";

/**
 * Runs a function in a transaction that takes effect once, also when the answer to the commit is lost and the
 * transaction is tried again: for what does not have the same effect when it is done twice.
 */
export function transactOnce(
  database: Database,
  act: (transaction: Transaction) => Promise<void>,
): Promise<void> {
  const token = randomUUID();
  return database.transaction(async (transaction) => {
    const { rowCount } = await transaction.query(
      "INSERT INTO lotse.transactions (token) VALUES ($1) ON CONFLICT DO NOTHING",
      [token],
    );
    if (rowCount === 1) await act(transaction);
  });
}
