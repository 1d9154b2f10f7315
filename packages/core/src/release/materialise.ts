import { mkdir, readdir, rename, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import {
  isSystemError,
  LotseError,
  makePrivateDirectory,
  removeTree,
  writePrivateFile,
} from "../kernel/index.ts";
import { readCodeTree } from "./code-tree.ts";
import type { TenantScope } from "./names.ts";
import { readJsonObject, type ObjectStore } from "./objects.ts";
import { tenantPartOf, type Release } from "./release.ts";

/** Where a release was written to; absolute paths. */
export interface Materialised {
  readonly codeDirectory: string;
  readonly configFile: string;
  readonly variables: Readonly<Record<string, string>>;
  /** The artefact; absent where there is none. */
  readonly artefactFile?: string;
}

const variablesSchema = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/u),
  z.string().refine((value) => !value.includes("\0")),
);

/**
 * Refuses variables that a process cannot be given.
 *
 * @throws LotseError `usage.argument` for a name that is not one, or a value with a zero byte
 */
export function checkVariables(
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const parsed = variablesSchema.safeParse(variables);
  if (parsed.success) return variables;
  throw new LotseError({
    code: "usage.argument",
    message: `${JSON.stringify(String(parsed.error.issues[0]?.path[0]).slice(0, 80))} cannot be a process variable`,
    hint: "names are letters, digits and underscores; values have no zero byte",
  });
}

/**
 * Writes a release's code and what it holds for one tenant into a new directory: `code/`, `config.json`, and
 * `artefact/` with the artefact; each file checked against its digest. The directory appears with all its content or
 * not at all. What was rendered may hold secrets, and is not written: see `fillFiles`.
 *
 * @param directory - absolute; must not exist, or be empty
 * @throws LotseError `rollout.not-in-release`, `release.corrupt`, `file.ambiguous` when it is not empty
 */
export async function materialise(
  objects: ObjectStore,
  release: Release,
  scope: TenantScope,
  directory: string,
): Promise<Materialised> {
  const part = tenantPartOf(release, scope);
  await refuseFull(directory);
  const temporary = `${directory}.partial`;
  await removeTree(temporary);
  await makePrivateDirectory(temporary);
  try {
    const variables = part.variables === null ? {} : await readVariables(objects, part.variables);
    await writeCode(objects, release.code, join(temporary, "code"));
    await writePrivateFile(join(temporary, "config.json"), await objects.get(part.config), { sync: false });
    const artefact = await writeArtefact(objects, release, join(temporary, "artefact"));
    await rename(temporary, directory);
    return {
      codeDirectory: join(directory, "code"),
      configFile: join(directory, "config.json"),
      variables,
      ...(artefact === null ? {} : { artefactFile: join(directory, "artefact", artefact) }),
    };
  } catch (error) {
    await removeTree(temporary);
    throw error;
  }
}

async function writeArtefact(
  objects: ObjectStore,
  { artefact }: Release,
  root: string,
): Promise<string | null> {
  if (artefact === undefined) return null;
  await writePrivateFile(join(root, artefact.name), await objects.get(artefact.digest), { sync: false });
  return artefact.name;
}

async function refuseFull(directory: string): Promise<void> {
  try {
    if ((await readdir(directory)).length === 0) return;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return;
    throw error;
  }
  throw new LotseError({
    code: "file.ambiguous",
    message: `${directory} is not empty`,
    where: { file: directory },
  });
}

async function readVariables(objects: ObjectStore, digest: string): Promise<Record<string, string>> {
  return await readJsonObject(objects, digest, variablesSchema, "the map of variables");
}

async function writeCode(objects: ObjectStore, digest: string, root: string): Promise<void> {
  await mkdir(root, { mode: 0o700 });
  for (const entry of await readCodeTree(objects, digest)) {
    const path = join(root, entry.path);
    if (entry.type === "link") {
      await makePrivateDirectory(dirname(path));
      await symlink(entry.target, path);
    } else {
      const mode = entry.mode === "755" ? 0o700 : 0o600;
      await writePrivateFile(path, await objects.get(entry.digest), { mode, sync: false });
    }
  }
}
