import { randomUUID } from "node:crypto";
import type { AuditBatch, AuditStore, AuditTransaction, LogIdentity } from "@lotse/core/audit";
import type { Actor } from "@lotse/core/kernel";
import type { Transaction } from "../database/database.ts";
import { readHashes } from "./read-hashes.ts";

/** Who an actor's commitment stands for. */
export type ActorRecord = Awaited<ReturnType<AuditStore["actors"]>>[number];

/** What is known about a subject. */
type KnownAbout = Awaited<ReturnType<AuditTransaction["about"]>>;

/**
 * What a writer remembers from one transaction to the next: good as long as nobody else has written, which the
 * generation tells.
 */
export class WriterMemory {
  generation: string | null = null;
  readonly actors = new Map<string, ActorRecord>();
  readonly sequences = new Map<string, number>();
  storedHashes = 0;
}

/** The log, where it is made, and its last entry, where there is one. */
interface HeadRow {
  origin: string | null;
  public_key: string | null;
  checkpoint: string | null;
  generation: string | null;
  index: string | null;
  time: string | null;
}

/** The log as its only writer sees it; whoever makes one holds the writer's lock. */
export class PostgresAuditTransaction implements AuditTransaction {
  readonly identity: LogIdentity | null;
  readonly size: number;
  readonly lastTime: string | null;
  readonly checkpoint: string | null;
  /** Whether personal data was forgotten, which PostgreSQL leaves on the disk until the table is rewritten. */
  erased = false;
  readonly #client: Transaction;
  readonly #memory: WriterMemory;
  readonly #alongside: ((transaction: Transaction) => Promise<void>) | undefined;

  private constructor(
    client: Transaction,
    memory: WriterMemory,
    alongside: ((transaction: Transaction) => Promise<void>) | undefined,
    head: HeadRow | undefined,
  ) {
    this.#client = client;
    this.#memory = memory;
    this.#alongside = alongside;
    const { origin, public_key: publicKey } = head ?? {};
    this.identity =
      typeof origin === "string" && typeof publicKey === "string" ? { origin, publicKey } : null;
    this.checkpoint = head?.checkpoint ?? null;
    this.size = Number(head?.index ?? -1) + 1;
    this.lastTime = head?.time ?? null;
  }

  static async begin(
    client: Transaction,
    memory: WriterMemory,
    alongside?: (transaction: Transaction) => Promise<void>,
  ): Promise<PostgresAuditTransaction> {
    const { rows } = await client.query<HeadRow>(
      `SELECT origin, public_key, checkpoint, generation, index, time
       FROM (SELECT) AS one
       LEFT JOIN lotse.audit_log ON true
       LEFT JOIN (SELECT index, time FROM lotse.audit_entries ORDER BY index DESC LIMIT 1) AS last ON true`,
    );
    const [head] = rows;
    const generation = head?.generation ?? null;
    if (generation === null || memory.generation !== generation) await recall(client, memory, generation);
    return new PostgresAuditTransaction(client, memory, alongside, head);
  }

  create(identity: LogIdentity, checkpoint: string): Promise<void> {
    return this.#write(async () => {
      await this.#client.query(
        "INSERT INTO lotse.audit_log (origin, public_key, checkpoint, generation) VALUES ($1, $2, $3, '')",
        [identity.origin, identity.publicKey, checkpoint],
      );
    });
  }

  actor({ kind, id }: Actor): ActorRecord | null {
    return this.#memory.actors.get(actorKey(kind, id)) ?? null;
  }

  sequence(commitment: string): number {
    return this.#memory.sequences.get(commitment) ?? 0;
  }

  hashes(positions: readonly number[]): Promise<readonly Buffer[]> {
    return readHashes(this.#client, positions);
  }

  async commit(batch: AuditBatch): Promise<void> {
    await this.#write(async () => {
      await insertBatch(this.#client, batch, this.size, this.#memory.storedHashes);
      await this.#alongside?.(this.#client);
    });
    this.#memory.storedHashes += batch.hashes.length;
    for (const record of batch.actors) this.#memory.actors.set(actorKey(record.kind, record.id), record);
    for (const { actor, sequence } of batch.entries) this.#memory.sequences.set(actor, sequence);
  }

  async drop(lines: ReadonlyMap<number, string>): Promise<void> {
    await this.#write(async () => {
      await this.#client.query(
        `UPDATE lotse.audit_entries e SET line = d.line
         FROM unnest($1::bigint[], $2::text[]) AS d (index, line) WHERE e.index = d.index`,
        [[...lines.keys()], [...lines.values()]],
      );
      await this.#client.query("DELETE FROM lotse.audit_personal WHERE entry = ANY($1::bigint[])", [
        [...lines.keys()],
      ]);
    });
    this.erased = true;
  }

  async about(subject: string): Promise<KnownAbout> {
    const actors = await this.#client.query<{ commitment: string }>(
      "SELECT commitment FROM lotse.audit_actors WHERE id = $1 ORDER BY commitment",
      [subject],
    );
    const values = await this.#client.query<{ count: string }>(
      "SELECT count(*) AS count FROM lotse.audit_personal WHERE subject = $1",
      [subject],
    );
    return {
      actors: actors.rows.map(({ commitment }) => commitment),
      values: Number(values.rows[0]?.count ?? 0),
    };
  }

  async erase(subject: string): Promise<void> {
    await this.#write(async () => {
      await this.#client.query("DELETE FROM lotse.audit_actors WHERE id = $1", [subject]);
      await this.#client.query("DELETE FROM lotse.audit_personal WHERE subject = $1", [subject]);
    });
    for (const [key, { id }] of this.#memory.actors) if (id === subject) this.#memory.actors.delete(key);
    this.erased = true;
  }

  /** Writes in one transaction, and marks that somebody has written. */
  async #write(act: () => Promise<void>): Promise<void> {
    const generation = randomUUID();
    // Until the answer is here nobody knows whether it was committed.
    this.#memory.generation = null;
    await this.#client.query("BEGIN");
    try {
      await act();
      await this.#client.query("UPDATE lotse.audit_log SET generation = $1", [generation]);
      await this.#client.query("COMMIT");
    } catch (error) {
      await this.#client.query("ROLLBACK").catch(() => undefined);
      throw error;
    }
    this.#memory.generation = generation;
  }
}

function actorKey(kind: string, id: string): string {
  return `${kind}:${id}`;
}

/** Reads everything that a writer remembers. */
async function recall(client: Transaction, memory: WriterMemory, generation: string | null): Promise<void> {
  memory.actors.clear();
  memory.sequences.clear();
  const actors = await client.query<ActorRecord>("SELECT commitment, kind, id, salt FROM lotse.audit_actors");
  for (const record of actors.rows) memory.actors.set(actorKey(record.kind, record.id), record);
  const sequences = await client.query<{ commitment: string; sequence: string }>(
    "SELECT commitment, sequence FROM lotse.audit_sequences",
  );
  for (const { commitment, sequence } of sequences.rows) memory.sequences.set(commitment, Number(sequence));
  const hashes = await client.query<{ next: string }>(
    "SELECT coalesce(max(position) + 1, 0) AS next FROM lotse.audit_hashes",
  );
  memory.storedHashes = Number(hashes.rows[0]?.next ?? 0);
  memory.generation = generation;
}

async function insertBatch(
  client: Transaction,
  { actors, personal, entries, hashes, checkpoint }: AuditBatch,
  size: number,
  storedHashes: number,
): Promise<void> {
  const sequences = new Map(entries.map(({ actor, sequence }) => [actor, sequence]));
  // One statement, since each one costs a way to the server and back while nobody else may write.
  await client.query(
    `WITH entries AS (
       INSERT INTO lotse.audit_entries (index, time, line)
       SELECT $1::bigint + at - 1, time, line
       FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS e (time, line, at)
     ), hashes AS (
       INSERT INTO lotse.audit_hashes (position, hash)
       SELECT $4::bigint + at - 1, hash FROM unnest($5::bytea[]) WITH ORDINALITY AS h (hash, at)
     ), sequences AS (
       INSERT INTO lotse.audit_sequences (commitment, sequence)
       SELECT * FROM unnest($6::text[], $7::bigint[])
       ON CONFLICT (commitment) DO UPDATE SET sequence = excluded.sequence
     )
     UPDATE lotse.audit_log SET checkpoint = $8`,
    [
      size,
      entries.map(({ time }) => time),
      entries.map(({ line }) => line),
      storedHashes,
      [...hashes],
      [...sequences.keys()],
      [...sequences.values()],
      checkpoint,
    ],
  );
  if (actors.length > 0) {
    await client.query(
      `INSERT INTO lotse.audit_actors (commitment, kind, id, salt)
       SELECT commitment, kind, id, salt FROM jsonb_to_recordset($1::jsonb)
         AS a (commitment text, kind text, id text, salt text)`,
      [JSON.stringify(actors)],
    );
  }
  if (personal.length > 0) {
    await client.query(
      `INSERT INTO lotse.audit_personal (entry, commitment, subject, name, value, salt)
       SELECT index, commitment, subject, name, value, salt FROM jsonb_to_recordset($1::jsonb)
         AS p (index bigint, commitment text, subject text, name text, value text, salt text)`,
      [JSON.stringify(personal)],
    );
  }
}
