import { existsSync, statSync } from "node:fs";
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
  digestOf,
  isLotseError,
  LotseError,
  makeLotseDirectory,
  type AppendOptions,
  type AuditEvent,
  type AuditReceipt,
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

  async append(event: AuditEvent, options?: AppendOptions): Promise<AuditReceipt> {
    try {
      const log = await this.open();
      return await log.append(event, options);
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
    // What keeps the old log from being flushed may be why there is to be a new one.
    await this.close().catch(() => undefined);
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

  /**
   * Waits for what is under way, flushes, and gives the files back; nothing happens where it was never opened.
   *
   * @throws LotseError `audit.unavailable` when entries of reads may not be on the disk
   */
  async close(): Promise<void> {
    const log = await this.#log?.catch(() => undefined);
    try {
      await log?.flush();
    } catch (error) {
      throw unflushed(error);
    } finally {
      // Every entry is on the disk already; what closing saves only makes the next start faster.
      await log?.close().catch(() => undefined);
    }
  }
}

function unflushed(cause: unknown): LotseError {
  const why = cause instanceof LotseError ? (cause.cause ?? cause) : cause;
  return new LotseError({
    code: "audit.unavailable",
    message: `reads are in the audit log, but not signed, and maybe not on the disk: ${why instanceof Error ? why.message : String(why)}`,
    hint: "lotse audit verify tells what is wrong with the log",
    cause,
  });
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

/** A place on this machine where a witness remembers the logs of many workspaces. */
interface Memory {
  readonly name: string;
  readonly root: string;
}

/** The user's state directory, where there is one, and the places that `lotse.yml` lists. */
function memoriesOf({ variables, workspace }: LogOwner): readonly Memory[] {
  const own = stateDirectory(variables);
  return [
    ...(own === null ? [] : [{ name: "state", root: join(own, "witness") }]),
    ...workspace.audit.witnesses.flatMap((witness, index) =>
      witness.type === "file" ? [{ name: `file-${index + 1}`, root: expand(witness.path, variables) }] : [],
    ),
  ];
}

/** Where the witnesses keep their memory of this log that are files on this machine. */
function fileWitnessesOf(owner: LogOwner): readonly string[] {
  return memoriesOf(owner).map(({ root }) => join(root, keyOf(owner)));
}

/** Who remembers the log: files on this machine, and those elsewhere that `lotse.yml` lists. */
function witnessesOf(owner: LogOwner): readonly Witness[] {
  const { workspace, variables, clock, exec, state } = owner;
  const known: Witness[] = memoriesOf(owner).map(({ name, root }) =>
    fileWitness({ directory: join(root, keyOf(owner)), memory: root, name }),
  );
  for (const [index, witness] of workspace.audit.witnesses.entries()) {
    const name = `${witness.type}-${index + 1}`;
    if (witness.type === "git") {
      const directory = join(state, "witness", name);
      known.push(gitWitness({ remote: witness.remote, ref: witness.ref, directory, exec, clock, name }));
    } else if (witness.type === "key") {
      const keyFile = expand(witness.path, variables);
      const file = join(state, "witness", `${name}.jsonl`);
      known.push(cosigningWitness({ keyFile, keyName: `lotse/${basename(keyFile)}`, file, clock, name }));
    }
  }
  return known;
}

/**
 * One workspace's place in a directory that all share: which directory it is, whatever it is called and whatever
 * links lead to it. One that is renamed stays the same; a copy, or a new clone where an old one was, is another.
 */
function keyOf({ directory }: LogOwner): string {
  const { ino, birthtimeMs } = statSync(directory);
  return digestOf(`${ino}\n${birthtimeMs}`).slice(0, 16);
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
