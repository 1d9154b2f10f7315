import { posix } from "node:path";
import { isLotseError, LotseError, type Files } from "../../kernel/index.ts";
import {
  checkManifest,
  manifestPathOf,
  parseManifest,
  type Binding,
  type Manifest,
  type Seen,
  type TrustedSigner,
} from "../manifest/index.ts";
import { formatOfFile, type SopsFormat } from "../sops/index.ts";
import { parseSops, type ParsedSops } from "../sops/open.ts";
import type { Journal } from "./journal.ts";
import { incomingDirectoryOf, type SecretLayer } from "./layer.ts";
import { nameInFile, nameOfLeaf, recordOf } from "./leaf-names.ts";
import { leavesOf, recipientsOf, structureOf, type LoadedFile, type LoadedLayer } from "./loaded.ts";
import { isPlainName } from "./name.ts";
import type { SeenVersions } from "./seen.ts";

/** What secret files are read with. */
export interface ReadPorts {
  /** The workspace's files. */
  readonly files: Files;
  readonly workspace: string;
  readonly signers: readonly TrustedSigner[];
  readonly seen: Pick<
    SeenVersions,
    "of" | "remember" | "rememberAs" | "forget" | "beside" | "rememberBeside"
  >;
  readonly journal: Journal;
}

/**
 * Reads a layer: its own file and what was written beside it, each checked against its manifest.
 *
 * @throws LotseError `secret.manifest`, `secret.signature`, `secret.format`
 */
export async function readLayer(ports: ReadPorts, layer: SecretLayer): Promise<LoadedLayer> {
  try {
    return await readOnce(ports, layer);
  } catch (error) {
    if (!isLotseError(error) || error.code !== "secret.manifest") throw error;
    // Somebody may be between a file and its manifest, or have died there.
    if (!(await ports.journal.isOpen())) throw error;
    await ports.journal.exclusively("a reader", () => Promise.resolve());
    return await readOnce(ports, layer);
  }
}

async function readOnce(ports: ReadPorts, layer: SecretLayer): Promise<LoadedLayer> {
  const main = await readFile(ports, layer, layer.file, null);
  const directory = incomingDirectoryOf(layer.file);
  const incoming: LoadedFile[] = [];
  for (const name of ports.files.list(directory).filter((entry) => entry.endsWith(".yml"))) {
    const file = posix.join(directory, name);
    const loaded = await readFile(ports, layer, file, name.slice(0, -".yml".length));
    if (loaded === null) continue;
    refuseStale(main, loaded);
    incoming.push(loaded);
  }
  if (main === null) await refuseRemoved(ports, layer.file);
  await refuseTakenAway(ports, layer.file, main, incoming);
  return { layer, main, incoming };
}

/** A file that was here and is gone: the environment's values must not stand in for a tenant's unnoticed. */
async function refuseRemoved(ports: ReadPorts, file: string): Promise<void> {
  const seen = await ports.seen.of(file);
  if (seen === undefined) return;
  throw new LotseError({
    code: "secret.manifest",
    message: `${file} was here in version ${seen.version} and was removed`,
    hint: `restore it from git; if that is meant, \`lotse secrets verify --accept ${file}\` accepts it`,
    where: { file },
  });
}

/** A value that was written beside the file must be there, until the file itself has it or a later one. */
async function refuseTakenAway(
  ports: ReadPorts,
  file: string,
  main: LoadedFile | null,
  incoming: readonly LoadedFile[],
): Promise<void> {
  const before = await ports.seen.beside(file);
  const present = Object.fromEntries(
    incoming.map((beside) => {
      const name = beside.incoming ?? "";
      return [name, recordOf(beside.manifest.values, name)?.version ?? 1] as const;
    }),
  );
  for (const [name, version] of Object.entries(before)) {
    if (Object.hasOwn(present, name) || ownVersion(main, name) >= version) continue;
    throw new LotseError({
      code: "secret.manifest",
      message: `version ${version} of ${name} was written beside ${file} and was removed`,
      hint: `restore it from git; if that is meant, \`lotse secrets verify --accept ${file}\` accepts it`,
      where: { file, path: name },
    });
  }
  if (JSON.stringify(before) !== JSON.stringify(present)) await ports.seen.rememberBeside(file, present);
}

/**
 * Reads one file and checks it.
 *
 * @returns null where there is none
 */
async function readFile(
  ports: ReadPorts,
  layer: SecretLayer,
  file: string,
  incoming: string | null,
): Promise<LoadedFile | null> {
  const bytes = ports.files.read(file);
  if (bytes === undefined) return null;
  const format = formatOfFile(file);
  const parsed = parseSops({ bytes, format, file });
  const written = ports.files.read(manifestPathOf(file));
  if (written === undefined) throw unsigned(file);
  const manifest = parseManifest(written, manifestPathOf(file));
  const seen = await ports.seen.of(file);
  checkManifest({
    manifest,
    binding: bindingOf(ports.workspace, layer, file, incoming),
    structure: structureOf(parsed),
    recipients: recipientsOf(parsed),
    signers: ports.signers,
    seen,
  });
  if (incoming !== null) refuseOthers(parsed, format, file, incoming);
  await ports.seen.remember(manifest, seen, ports.signers.length > 0);
  return { layer, file, incoming, format, bytes, parsed, manifest };
}

/**
 * Refuses a manifest that is not a layer's own, or that nobody signed who may, whatever its file is now and
 * however old it is, unless `seen` is given.
 *
 * @throws LotseError `secret.signature`, `secret.manifest`
 */
export function checkOrigin(
  { workspace, signers }: Pick<ReadPorts, "workspace" | "signers">,
  layer: SecretLayer,
  manifest: Manifest,
  seen?: Seen,
): void {
  const { structure, recipients } = manifest;
  const binding = bindingOf(workspace, layer, layer.file, null);
  checkManifest({ manifest, binding, structure, recipients, signers, seen });
}

/** A value beside a file counts only while it is newer than the file's own: it may have been taken in already. */
function refuseStale(main: LoadedFile | null, { file, incoming, manifest }: LoadedFile): void {
  const name = incoming ?? "";
  const own = ownVersion(main, name);
  const version = recordOf(manifest.values, name)?.version ?? 0;
  if (version > own) return;
  throw new LotseError({
    code: "secret.manifest",
    message: `${file} holds version ${version} of ${name}, and version ${own} was already set`,
    hint: `remove ${file} and its manifest, and set the value again if it is meant`,
    where: { file },
  });
}

/** The version that a file itself has of a value, by the name that stands beside it; 0 where it never had one. */
function ownVersion(main: LoadedFile | null, name: string): number {
  return main === null ? 0 : lastVersion(main, nameInFile(name.split("."), main.format));
}

/** The version of a value in a file, or the last one where it was removed. */
function lastVersion({ manifest }: LoadedFile, name: string): number {
  return recordOf(manifest.values, name)?.version ?? recordOf(manifest.removed, name) ?? 0;
}

/** A file beside another stands for the one value that its own name says, and must not bring any other. */
function refuseOthers(parsed: ParsedSops, format: SopsFormat, file: string, incoming: string): void {
  const names = leavesOf(parsed).map(({ path }) => nameOfLeaf(path.slice(1), format));
  if (names.length === 1 && names[0] === incoming && isPlainName(incoming.split("."))) return;
  throw new LotseError({
    code: "secret.manifest",
    message: `${file} should hold the value of ${incoming} and nothing else`,
    hint: "remove it with its manifest, and set the value again",
    where: { file },
  });
}

/** What a file must be by where it stands. */
export function bindingOf(
  workspace: string,
  layer: SecretLayer,
  file: string,
  incoming: string | null,
): Binding {
  const { environment, tenant } = layer;
  return { workspace, file, environment, tenant, incoming };
}

function unsigned(file: string): LotseError {
  return new LotseError({
    code: "secret.manifest",
    message: `${file} has no manifest, so nothing says that it is the one that belongs here`,
    hint: `if it is, \`lotse secrets sign ${file}\` signs it`,
    where: { file },
  });
}
