import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  digestOf,
  LotseError,
  makePrivateDirectory,
  type Clock,
  type Exec,
  type ExecResult,
} from "../../kernel/index.ts";
import { checkAdvance, refused, type Witness, type WitnessUpdate } from "./witness.ts";

const fileName = "checkpoint";
const localRef = "refs/lotse/witness";

/** Where a {@link gitWitness} remembers. */
export interface GitWitnessOptions {
  /** The remote: an address or a path. */
  readonly remote: string;
  /** One ref remembers one log. @defaultValue "refs/lotse/audit" */
  readonly ref?: string;
  /** A bare repository of our own for what goes to and fro; made when it is not there. */
  readonly directory: string;
  readonly exec: Exec;
  readonly clock: Clock;
  /** @defaultValue "git" */
  readonly name?: string;
  /** How long the remote may take. @defaultValue 30000 */
  readonly timeoutMs?: number;
}

/**
 * A witness on a git remote: every checkpoint is a commit over the last, pushed without force, so the remote
 * keeps all of them and refuses what does not follow. It is as good as the remote's protection of the ref
 * against force and deletion.
 */
export function gitWitness(options: GitWitnessOptions): Witness {
  return new GitWitness(options);
}

class GitWitness implements Witness {
  readonly name: string;
  readonly memory: string;
  readonly eager = false;
  readonly #options: GitWitnessOptions;
  readonly #ref: string;

  constructor(options: GitWitnessOptions) {
    this.name = options.name ?? "git";
    this.#options = options;
    this.#ref = options.ref ?? "refs/lotse/audit";
    // An address may hold a password.
    this.memory = `git:${digestOf(options.remote)}:${this.#ref}`;
  }

  async latest(): Promise<string | null> {
    const head = await this.#fetch();
    return head === null ? null : this.#note(head);
  }

  async accept(update: WitnessUpdate): Promise<void> {
    const head = await this.#fetch();
    const remembered = head === null ? null : await this.#note(head);
    const oldSize = await checkAdvance(this.name, remembered, update);
    if (remembered !== null && oldSize === update.checkpoint.size) return;
    const blob = await this.#must(["hash-object", "-w", "--stdin"], update.note);
    const tree = await this.#must(["mktree"], `100644 blob ${blob}\t${fileName}\n`);
    const { origin, size } = update.checkpoint;
    const parents = head === null ? [] : ["-p", head];
    const commit = await this.#must(["commit-tree", tree, ...parents, "-m", `${origin}: ${size} entries`]);
    // Without force the remote takes it only when it follows what the remote has by now.
    await this.#must(["push", "--quiet", "--end-of-options", this.#options.remote, `${commit}:${this.#ref}`]);
  }

  async history(): Promise<readonly string[]> {
    const head = await this.#fetch();
    if (head === null) return [];
    const commits = await this.#must(["rev-list", "--reverse", "--max-count=10000", head]);
    const notes: string[] = [];
    for (const commit of commits.split("\n")) notes.push(await this.#note(commit));
    return notes;
  }

  #note(commit: string): Promise<string> {
    return this.#output(["cat-file", "blob", `${commit}:${fileName}`]);
  }

  /** @returns the commit that the remote has; null when it has none */
  async #fetch(): Promise<string | null> {
    const { directory, remote } = this.#options;
    if (!existsSync(join(directory, "HEAD"))) {
      await makePrivateDirectory(directory);
      await this.#must(["init", "--quiet", "--bare"]);
    }
    const found = await this.#must(["ls-remote", "--end-of-options", remote, this.#ref]);
    const commit = found
      .split("\n")
      .find((line) => line.endsWith(`\t${this.#ref}`))
      ?.split("\t")[0];
    if (commit === undefined) return null;
    const refspec = `+${this.#ref}:${localRef}`;
    await this.#must(["fetch", "--quiet", "--no-tags", "--end-of-options", remote, refspec]);
    return this.#must(["rev-parse", "--verify", localRef]);
  }

  async #must(args: readonly string[], input?: string): Promise<string> {
    return (await this.#output(args, input)).trimEnd();
  }

  async #output(args: readonly string[], input?: string): Promise<string> {
    const result = await this.#run(args, input);
    if (result.status === 0) return result.stdout;
    // What git says about a remote may hold the password that is in its address.
    if (args[0] === "push") throw refused(this.name, `git push to ${this.#ref} was refused`);
    throw new LotseError({
      code: "machine.exec",
      message: `the witness ${this.name} cannot be asked: git ${args[0]} failed`,
      hint: "check that the remote can be reached and that you may read and push to it",
      retryable: true,
    });
  }

  #run(args: readonly string[], input?: string): Promise<ExecResult> {
    const { clock, directory, exec, timeoutMs = 30_000 } = this.#options;
    const date = `@${Math.floor(clock.now().getTime() / 1000)} +0000`;
    return exec("git", args, {
      ...(input !== undefined && { input }),
      timeoutMs,
      env: {
        GIT_TERMINAL_PROMPT: "0",
        GIT_DIR: resolve(directory),
        GIT_AUTHOR_NAME: "lotse",
        GIT_AUTHOR_EMAIL: "lotse@localhost",
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_NAME: "lotse",
        GIT_COMMITTER_EMAIL: "lotse@localhost",
        GIT_COMMITTER_DATE: date,
      },
    });
  }
}
