import { createHash } from "node:crypto";
import { existsSync, realpathSync, statSync } from "node:fs";
import { rename } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import {
  cosigningWitness,
  fileWitness,
  gitWitness,
  openAuditLog,
  type AuditLog,
  type Witness,
} from "../audit/index.ts";
import type { Workspace } from "../config/index.ts";
import {
  isLotseError,
  LotseError,
  makeLotseDirectory,
  type AuditSink,
  type Clock,
  type Exec,
} from "../kernel/index.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** What a workspace's log is opened with. */
export interface LogOwner {
  /** The workspace, absolute. */
  readonly directory: string;
  /** Its `.lotse`, absolute. */
  readonly state: string;
  readonly workspace: Pick<Workspace, "name" | "audit">;
  readonly clock: Clock;
  readonly exec: Exec;
  readonly variables: Variables;
}

/** A workspace's own log, opened when it is first needed. */
export class WorkspaceLog implements AuditSink {
  readonly #owner: LogOwner;
  #log: Promise<AuditLog> | undefined;

  constructor(owner: LogOwner) {
    this.#owner = owner;
  }

  /** The log itself. */
  open(): Promise<AuditLog> {
    this.#log ??= openLog(this.#owner);
    return this.#log;
  }

  async append(event: Parameters<AuditSink["append"]>[0]): ReturnType<AuditSink["append"]> {
    try {
      const log = await this.open();
      return await log.append(event);
    } catch (error) {
      if (isLotseError(error)) throw error;
      throw new LotseError({
        code: "audit.unavailable",
        message: `the audit log cannot be written: ${error instanceof Error ? error.message : String(error)}`,
        hint: "nothing was done; see that .lotse/audit can be written and the disk has room",
        cause: error,
      });
    }
  }

  /**
   * Begins a new log where the old one is gone, or no longer the one that its witnesses remember. What is left
   * of the old one, and what the witnesses on this machine remember, is kept beside it as evidence.
   *
   * @returns the directories that were put aside
   */
  async restart(): Promise<readonly string[]> {
    await this.close();
    this.#log = undefined;
    const { clock, state } = this.#owner;
    const ending = `.before-${clock.now().toISOString().replaceAll(/[:.]/gu, "-")}`;
    const kept: string[] = [];
    for (const directory of [join(state, "audit"), ...fileWitnessesOf(this.#owner)]) {
      if (!existsSync(directory)) continue;
      await rename(directory, directory + ending);
      kept.push(directory + ending);
    }
    return kept;
  }

  /** Waits for what is under way and gives its files back; nothing happens where it was never opened. */
  async close(): Promise<void> {
    const log = await this.#log?.catch(() => undefined);
    // Every entry is on the disk already; what closing saves only makes the next start faster.
    await log?.close().catch(() => undefined);
  }
}

async function openLog(owner: LogOwner): Promise<AuditLog> {
  await makeLotseDirectory(owner.state);
  return openAuditLog({
    directory: join(owner.state, "audit"),
    name: owner.workspace.name,
    clock: owner.clock,
    witnesses: witnessesOf(owner),
  });
}

/** Where the witnesses keep their memory that are files on this machine. */
function fileWitnessesOf(owner: LogOwner): readonly string[] {
  const own = stateDirectory(owner.variables);
  const listed = owner.workspace.audit.witnesses.flatMap((witness) =>
    witness.type === "file" ? [join(expand(witness.path, owner.variables), keyOf(owner))] : [],
  );
  return own === null ? listed : [join(own, "witness", keyOf(owner)), ...listed];
}

/**
 * Who remembers the log: a file in the user's state directory, where there is one, and those that `lotse.yml`
 * lists.
 */
function witnessesOf(owner: LogOwner): readonly Witness[] {
  const { workspace, variables, clock, exec, state } = owner;
  const own = stateDirectory(variables);
  const known: Witness[] =
    own === null ? [] : [fileWitness({ directory: join(own, "witness", keyOf(owner)), name: "state" })];
  for (const [index, witness] of workspace.audit.witnesses.entries()) {
    const name = `${witness.type}-${index + 1}`;
    if (witness.type === "file") {
      known.push(fileWitness({ directory: join(expand(witness.path, variables), keyOf(owner)), name }));
    } else if (witness.type === "git") {
      const directory = join(state, "witness", name);
      known.push(gitWitness({ remote: witness.remote, ref: witness.ref, directory, exec, clock, name }));
    } else {
      const keyFile = expand(witness.path, variables);
      const file = join(state, "witness", `${name}.jsonl`);
      known.push(cosigningWitness({ keyFile, keyName: `lotse/${basename(keyFile)}`, file, clock, name }));
    }
  }
  return known;
}

/**
 * One workspace's place in a directory that all share: its name for people; its path, and which directory that
 * is, to tell copies apart: a new clone where an old one was has a log of its own.
 */
function keyOf({ directory, workspace }: LogOwner): string {
  const { ino, birthtimeMs } = statSync(directory);
  // Whatever links lead to it: a second memory would know nothing of what the first was told.
  const real = realpathSync.native(directory);
  const path = createHash("sha256").update(`${real}\n${ino}\n${birthtimeMs}`).digest("hex").slice(0, 16);
  return `${workspace.name.replaceAll(/[^A-Za-z0-9._-]/gu, "-").slice(0, 40)}-${path}`;
}

/** `$XDG_STATE_HOME/lotse`; null where the process has no home. */
function stateDirectory(variables: Variables): string | null {
  const state = variables["XDG_STATE_HOME"];
  if (state !== undefined && state !== "") return join(state, "lotse");
  const home = variables["HOME"];
  return home === undefined || home === "" ? null : join(home, ".local", "state", "lotse");
}

function expand(path: string, variables: Variables): string {
  return path.startsWith("~/") ? join(variables["HOME"] ?? homedir(), path.slice(2)) : path;
}
