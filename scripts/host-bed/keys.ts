import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { programs, run } from "./programs.ts";

/** A key pair of OpenSSH in files. */
export interface KeyFiles {
  readonly privateFile: string;
  /** The public half in one line, such as `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
}

/** Makes an Ed25519 key without a passphrase. */
export async function makeKey(directory: string, name: string): Promise<KeyFiles> {
  const privateFile = join(directory, name);
  await run(programs.sshKeygen, ["-q", "-t", "ed25519", "-N", "", "-C", "lotse-bed", "-f", privateFile]);
  const publicKey = (await readFile(`${privateFile}.pub`, "utf8")).trim();
  return { privateFile, publicKey };
}

/** A host as `ssh_config` and `known_hosts` name it. */
export interface SshPlace {
  readonly name: string;
  readonly address: string;
  readonly hostKey: string;
}

/**
 * Writes `ssh_config` and `known_hosts` for hosts.
 *
 * @returns the path of `ssh_config`
 */
export async function writeSshFiles(
  directory: string,
  places: readonly SshPlace[],
  identity: string,
): Promise<string> {
  const knownHosts = join(directory, "known_hosts");
  await writeFile(knownHosts, places.map(({ address, hostKey }) => `${address} ${hostKey}\n`).join(""), {
    mode: 0o600,
  });
  const config = places.map(({ name, address }) =>
    [
      `Host ${name}`,
      `  HostName ${address}`,
      "  User root",
      `  IdentityFile ${identity}`,
      "  IdentitiesOnly yes",
      `  UserKnownHostsFile ${knownHosts}`,
      "  GlobalKnownHostsFile /dev/null",
      "",
    ].join("\n"),
  );
  const file = join(directory, "ssh_config");
  await writeFile(file, config.join("\n"), { mode: 0o600 });
  return file;
}
