import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { systemExec, type Exec } from "../../kernel/index.ts";
import { openSession, type Session } from "../session.ts";

/** Somebody with a key of their own. */
export interface Person {
  readonly name: string;
  readonly recipient: string;
  /** Null for somebody who can read nothing. */
  readonly identity: string | null;
}

/** A workspace in a temporary directory, with tenants `acme` and `globex`, that several people work on. */
export class SecretWorkspace {
  readonly directory: string;
  readonly root: string;
  readonly #open: Session[] = [];

  private constructor(root: string) {
    this.root = root;
    this.directory = join(root, "ws");
  }

  /** Makes one; new secret files are for these people. */
  static async make(people: readonly Person[], lotseYml = ""): Promise<SecretWorkspace> {
    const workspace = new SecretWorkspace(mkdtempSync(join(tmpdir(), "lotse-secrets-")));
    const environments = "environments: { dev: {}, prod: { aliases: [production] } }\n";
    await Promise.resolve();
    workspace.write("lotse.yml", `version: 1\nname: shop\n${environments}${lotseYml}`);
    workspace.write("environments/dev/dev.yml", "name: dev\n");
    workspace.write(
      "environments/prod/prod.yml",
      `api:\n  key: \${secret:spotify#api_key}\n  url: https://u:\${secret:db/main#password}@host\n`,
    );
    for (const tenant of ["acme", "globex"]) {
      workspace.write(`environments/tenants/${tenant}.yml`, `tenant: { id: ${tenant} }\n`);
    }
    const recipients = people.map(({ recipient }) => recipient).join(",");
    workspace.write(".sops.yaml", `creation_rules:\n  - age: ${recipients}\n`);
    return workspace;
  }

  /** A session of somebody; each has a home of their own. */
  session(
    { name, identity }: Person,
    variables: Readonly<Record<string, string>> = {},
    exec: Exec = systemExec,
  ): Session {
    const session = openSession({
      directory: this.directory,
      exec,
      variables: {
        HOME: join(this.root, "home", name),
        // The memory of the audit log's witness: they share a working copy, and so its log.
        XDG_STATE_HOME: join(this.root, "state"),
        USER: name,
        ...(identity === null ? {} : { SOPS_AGE_KEY: identity }),
        ...variables,
      },
    });
    this.#open.push(session);
    return session;
  }

  /** Where a file of the workspace is. */
  path(file: string): string {
    return join(this.directory, file);
  }

  read(file: string): string {
    return readFileSync(this.path(file), "utf8");
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), text);
  }

  /** Copies a file with its manifest, as an attacker or a careless colleague would. */
  copy(from: string, to: string): void {
    mkdirSync(dirname(this.path(to)), { recursive: true });
    for (const ending of ["", ".manifest.json"]) cpSync(this.path(from + ending), this.path(to + ending));
  }

  async dispose(): Promise<void> {
    for (const { log } of this.#open) await log.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Somebody new. */
export async function newPerson(name: string): Promise<Person> {
  const identity = await generateX25519Identity();
  return { name, identity, recipient: await identityToRecipient(identity) };
}

/** The same person without their private key at hand. */
export function withoutKey(person: Person): Person {
  return { ...person, identity: null };
}
