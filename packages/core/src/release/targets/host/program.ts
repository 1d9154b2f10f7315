import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageDirectory } from "../../../kernel/index.ts";

/** Where everything of Lotse's lies on a host. */
export const remoteRoot = "/var/lib/lotse";

/** The program that hosts run. */
export interface RemoteProgram {
  readonly text: string;
  /** SHA-256 of the text, in hexadecimal. */
  readonly digest: string;
  /** Where it lies on a host. */
  readonly path: string;
}

/** Puts the program together from its parts in `data/host`, in order of their names. */
export async function remoteProgram(): Promise<RemoteProgram> {
  const directory = join(packageDirectory("@lotse/core", import.meta.url), "data", "host");
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sh")).sort();
  const parts = await Promise.all(names.map((name) => readFile(join(directory, name), "utf8")));
  const text = parts.join("");
  const digest = createHash("sha256").update(text).digest("hex");
  return { text, digest, path: `${remoteRoot}/bin/lotse-host-${digest}` };
}

/**
 * The command that puts the program, from its standard input, in place on a host. It appears whole or not at
 * all. Nothing in it comes from outside.
 */
export function uploadCommand({ digest, path }: RemoteProgram): string {
  const bin = `${remoteRoot}/bin`;
  return [
    "set -e",
    "umask 022",
    `mkdir -p ${bin}`,
    `cat >${path}.$$`,
    `test "$(sha256sum <${path}.$$)" = "${digest}  -"`,
    `chmod 755 ${path}.$$`,
    `mv -f ${path}.$$ ${path}`,
  ].join("; ");
}
