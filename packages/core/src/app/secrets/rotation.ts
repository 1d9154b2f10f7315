import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { EntryView } from "../../audit/index.ts";
import { digestOf, LotseError, readPrivateFile, removeTree, writePrivateFile } from "../../kernel/index.ts";
import { formatOfFile, normalRecipient } from "../../secrets/sops/index.ts";
import { nameInFile, parseSecretName, type SecretLayer } from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";

/** A value that somebody who was shut out has read, and that should be made anew. */
export interface RotationItem {
  readonly name: string;
  readonly environment: string | null;
  readonly tenant: string | null;
  /** When they read it last, ISO 8601 in UTC; null where they could only have read it. */
  readonly readAt: string | null;
  readonly version: string | null;
}

const recordSchema = z.strictObject({
  schema: z.literal(1),
  recipient: z.string().max(8192),
  /** Whose reads the plan begins with; null for anybody's. */
  actor: z.string().max(256).nullable(),
  files: z.record(
    z.string().max(4096),
    z.strictObject({
      environment: z.string().max(256).nullable(),
      tenant: z.string().max(256).nullable(),
      /** The encrypted values by name, each with its version. */
      values: z.record(z.string().max(4096), z.int().min(1)),
    }),
  ),
});

type Recorded = z.infer<typeof recordSchema>;
/** One file that somebody is shut out of. */
type RecordedFile = Recorded["files"][string];

const maxBytes = 256 * 1024 * 1024;
const directoryOf = (session: Session): string => join(session.state, "secrets", "rotation");

/**
 * What is to be made anew because somebody is being shut out: names only, 0600, on the disk before the first
 * file changes. After a crash the next call goes on with it, so that the plan is whole.
 */
export class RotationRecord {
  readonly #path: string;
  readonly #session: Session;
  #known: Recorded;

  private constructor(session: Session, path: string, known: Recorded) {
    this.#session = session;
    this.#path = path;
    this.#known = known;
  }

  /** @param actor - whose reads count; undefined for whom an interrupted call named, or anybody */
  static async open(session: Session, recipient: string, actor: string | undefined): Promise<RotationRecord> {
    await session.secrets.trusted();
    const normal = normalRecipient(recipient);
    const path = join(directoryOf(session), `${digestOf(normal).slice(0, 32)}.json`);
    const content = await readPrivateFile(path, maxBytes);
    const before = content === null ? null : read(content, path);
    const known = { schema: 1 as const, recipient: normal, files: before?.files ?? {} };
    return new RotationRecord(session, path, { ...known, actor: actor ?? before?.actor ?? null });
  }

  /** Writes down what files hold, before they change. */
  async add(layers: readonly SecretLayer[]): Promise<void> {
    const files = { ...this.#known.files };
    for (const { file, environment, tenant } of layers) {
      const listed = await this.#session.secrets.list([{ file, environment, tenant }]);
      const values = listed.flatMap(({ encrypted, name, version }) => (encrypted ? [[name, version]] : []));
      files[file] = { environment, tenant, values: Object.fromEntries(values) as RecordedFile["values"] };
    }
    this.#known = { ...this.#known, files };
    await writePrivateFile(this.#path, JSON.stringify(this.#known));
  }

  /**
   * What is to be made anew in these files: what somebody read, by the audit log, and then what they could have
   * read.
   *
   * @param isOut - whether they can open a file no more; the others are left for the next call
   */
  async plan(isOut: (file: string) => Promise<boolean>): Promise<readonly RotationItem[]> {
    const byFile = new Map<string, Map<string, RotationItem>>();
    for (const [file, recorded] of Object.entries(this.#known.files)) {
      if (await isOut(file)) byFile.set(file, itemsOf(recorded));
    }
    if (byFile.size > 0) await markReads(this.#session, byFile, this.#known.actor);
    const all = [...byFile.values()].flatMap((items) => [...items.values()]);
    return all.sort((left, right) => (right.readAt ?? "").localeCompare(left.readAt ?? ""));
  }

  /** Forgets the plan, once somebody has it. */
  async close(): Promise<void> {
    await removeTree(this.#path);
  }
}

/** The recipients whose removal was begun and whose plan nobody has seen. */
export async function openRotations(session: Session): Promise<readonly string[]> {
  const names = await readdir(directoryOf(session)).catch(() => []);
  const found: string[] = [];
  for (const name of names.filter((entry) => entry.endsWith(".json"))) {
    const path = join(directoryOf(session), name);
    const content = await readPrivateFile(path, maxBytes);
    if (content !== null) found.push(read(content, path).recipient);
  }
  return found.sort();
}

function read(content: Buffer, path: string): Recorded {
  try {
    return recordSchema.parse(JSON.parse(content.toString("utf8")));
  } catch (cause) {
    throw new LotseError({
      code: "file.not-readable",
      message: `${path} says what is to be made anew after an interrupted call, and cannot be understood`,
      hint: "remove it; lotse audit log --action secret.rekey shows which files were changed",
      where: { file: path },
      cause,
    });
  }
}

/** The values of a file by name, as if nobody had read them. */
function itemsOf({ environment, tenant, values }: RecordedFile): Map<string, RotationItem> {
  return new Map(
    Object.entries(values).map(([name, version]) => [
      name,
      { name, environment, tenant, readAt: null, version: String(version) },
    ]),
  );
}

async function markReads(
  session: Session,
  byFile: ReadonlyMap<string, Map<string, RotationItem>>,
  who: string | null,
): Promise<void> {
  for await (const entry of readsOf(session, who)) {
    const single = entry.action === "secret.read";
    const file = single ? entry.details["file"] : entry.object;
    const items = byFile.get(String(file));
    if (items === undefined) continue;
    const name = single ? nameInFile(parseSecretName(entry.object ?? ""), formatOfFile(String(file))) : null;
    for (const key of name === null ? items.keys() : [name]) {
      const item = items.get(key);
      if (item === undefined || item.readAt !== null) continue;
      items.set(key, { ...item, readAt: entry.time, ...(name === null ? {} : { version: entry.version }) });
    }
  }
}

/** What somebody was shown, the newest first. */
async function* readsOf(session: Session, who: string | null): AsyncIterable<EntryView> {
  const log = await session.log.open();
  const filter = { action: "secret", ...(who === null ? {} : { actor: who }) };
  for await (const entry of log.list(filter)) {
    if (who === null && entry.actor.id === session.actor.id) continue;
    if (showedValues(entry)) yield entry;
  }
}

const openings: ReadonlySet<string | null> = new Set(["secret.read", "secret.edit", "secret.decrypt"]);

/** Opening a whole file shows every value in it, and an edit that was refused has shown them before. */
function showedValues({ action, outcome, details }: EntryView): boolean {
  if (action === "secret.edit" && outcome === "failure") return details["code"] !== "secret.no-key";
  return outcome === "success" && openings.has(action);
}
