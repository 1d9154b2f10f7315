import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../kernel/index.ts";
import { openAuditLog, type AuditLog, type AuditLogOptions } from "../log/audit-log.ts";
import type { AuditRecord } from "../entry/compose.ts";
import { fileWitness } from "../witness/file-witness.ts";
import type { Witness } from "../witness/witness.ts";

/** A clock that goes by a second each time it is asked, and can be set. */
export interface TestClock extends Clock {
  set(time: string): void;
}

/** Makes a {@link TestClock}. */
export function testClock(start = "2030-01-01T00:00:00.000Z"): TestClock {
  let now = Date.parse(start);
  return {
    now: () => new Date((now += 1000)),
    elapsedMs: () => (now += 1000),
    set: (time) => {
      now = Date.parse(time);
    },
    sleep: () => Promise.resolve(),
  };
}

/** An event with what a test wants of it. */
export function event(object: string, parts: Partial<AuditRecord> = {}): AuditRecord {
  return {
    actor: { kind: "user", id: "alice@example.com" },
    scope: { environment: "production", tenant: "acme" },
    action: "secret.read",
    object,
    request: "request-1",
    outcome: "success",
    ...parts,
  };
}

/** Who does something to the log. */
export const officer = { actor: { kind: "user", id: "officer@example.com" }, request: "request-9" } as const;

/** A log with its default witness in a directory of its own. */
export class TestLog {
  readonly root: string;
  readonly directory: string;
  readonly witnessDirectory: string;
  readonly clock = testClock();
  readonly #open: AuditLog[] = [];

  private constructor(root: string) {
    this.root = root;
    this.directory = join(root, "log");
    this.witnessDirectory = join(root, "elsewhere");
  }

  static async make(): Promise<TestLog> {
    return new TestLog(await mkdtemp(join(tmpdir(), "lotse-audit-")));
  }

  witness(): Witness {
    return fileWitness({ directory: this.witnessDirectory });
  }

  /** Opens it as another process would. */
  open(options: Partial<AuditLogOptions> = {}): AuditLog {
    const log = openAuditLog({
      directory: this.directory,
      name: "test",
      clock: this.clock,
      witnesses: [this.witness()],
      ...options,
    });
    this.#open.push(log);
    return log;
  }

  async dispose(): Promise<void> {
    for (const log of this.#open) await log.close().catch(() => undefined);
    await rm(this.root, { recursive: true, force: true });
  }
}

/** All that an asynchronous sequence has. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
