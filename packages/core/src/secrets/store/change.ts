import { randomBytes } from "node:crypto";
import { isLotseError, LotseError, type Sensitive } from "../../kernel/index.ts";
import type { Manifest } from "../manifest/index.ts";
import {
  changeSops,
  encryptSops,
  formatOfFile,
  recipientsOf as recipientSetOf,
  type RecipientSet,
  type RuleSet,
  type SealTools,
  type SopsChange,
  type SopsDocument,
  type SopsFormat,
} from "../sops/index.ts";
import { incomingFileOf, type SecretLayer } from "./layer.ts";
import { nameInFile, nameOfLeaf, recordOf, sopsPathOf } from "./leaf-names.ts";
import type { LoadedFile, LoadedLayer } from "./loaded.ts";
import { formatSecretName, isPlainName, type SecretPath } from "./name.ts";
import type { SecretStore } from "./secret-store.ts";

/** Who shall be able to open a new file, and which of its values are encrypted. */
export interface NewFileRule {
  readonly recipients: RecipientSet;
  readonly rules?: RuleSet;
}

/** What changing a secret takes. */
export interface ChangeRequest {
  readonly layer: SecretLayer;
  readonly name: SecretPath;
  /** Undefined removes it. */
  readonly value: Sensitive<string> | undefined;
  /** For a file that does not exist yet: its rule in `.sops.yaml`. */
  readonly ruleFor: (file: string) => Promise<NewFileRule>;
}

/** What changing a secret did. */
export interface Changed {
  readonly name: string;
  readonly file: string;
  /** The version of the value; of the last one where it was removed. */
  readonly version: number;
  /** Whether it was written without being able to read the file. */
  readonly blind: boolean;
  /** Names of values that were written blindly before and are now in the layer's file. */
  readonly takenIn: readonly string[];
}

/**
 * Sets or removes one secret. Who can open the layer's file changes it there, and takes in what others wrote
 * beside it. Who cannot writes the value beside it, for the file's recipients: it counts from then on, and its
 * author can never read it back.
 *
 * @throws LotseError `secret.not-found` for removing what is not there, `secret.no-key` for removing without a
 * key, `secret.unrepresentable`, `secret.rules`, and what reading throws
 */
export async function changeSecret(store: SecretStore, request: ChangeRequest): Promise<Changed> {
  return await store.journal.exclusively(`secrets of ${request.layer.file}`, async () => {
    const loaded = await store.layer(request.layer);
    if (loaded.main === null && request.value !== undefined) return await createFile(store, loaded, request);
    const document = await openOrNull(store, loaded);
    if (document !== null && loaded.main !== null) {
      return await changeFile(store, loaded, loaded.main, document, request);
    }
    if (request.value !== undefined) return await writeBeside(store, loaded, request);
    throw new LotseError({
      code: loaded.main === null ? "secret.not-found" : "secret.no-key",
      message: `${formatSecretName(request.name)} cannot be removed from ${request.layer.file}`,
      hint: "removing a value takes a key that opens the file",
      where: { file: request.layer.file },
    });
  });
}

/** The tools that encryption works with. */
export function sealTools(store: SecretStore): SealTools {
  return { clock: () => store.options.clock.now(), randomBytes };
}

/** The layer's file opened; null where none of the keys at hand opens it. */
async function openOrNull(store: SecretStore, loaded: LoadedLayer): Promise<SopsDocument | null> {
  if (loaded.main === null) return null;
  try {
    return await store.document(loaded.main);
  } catch (error) {
    if (isLotseError(error) && error.code === "secret.no-key") return null;
    throw error;
  }
}

async function createFile(store: SecretStore, loaded: LoadedLayer, request: ChangeRequest): Promise<Changed> {
  const { layer, name, value } = request;
  const format = formatOfFile(layer.file);
  const rule = await request.ruleFor(layer.file);
  const path = sopsPathOf(name, format);
  const empty = await encryptSops({
    bytes: value?.map((text) => plainOf(path.map(String), text, format)).reveal() ?? new Uint8Array(),
    format,
    file: layer.file,
    ...rule,
    ...sealTools(store),
  });
  const replaced = loaded.incoming.find((beside) => isFor(beside, name, format));
  const version = besideVersion(replaced) + 1;
  const seen = await store.reading.seen.of(layer.file);
  await store.commit(
    {
      layer,
      file: layer.file,
      incoming: null,
      format,
      bytes: empty,
      before: null,
      atLeast: version,
      above: seen?.version ?? 0,
    },
    replaced === undefined ? [] : store.removalOf(replaced.file),
  );
  return { name: formatSecretName(name), file: layer.file, version, blind: false, takenIn: [] };
}

async function changeFile(
  store: SecretStore,
  loaded: LoadedLayer,
  main: LoadedFile,
  document: SopsDocument,
  request: ChangeRequest,
): Promise<Changed> {
  const { layer, name, value } = request;
  const path = sopsPathOf(name, main.format);
  const key = nameOfLeaf(path, main.format);
  const taking = loaded.incoming.filter((beside) => !isFor(beside, name, main.format));
  const replaced = loaded.incoming.find((beside) => isFor(beside, name, main.format));
  const taken = await takeIn(store, taking, main);
  const known = recordOf(main.manifest.values, key);
  if (value === undefined && replaced === undefined && !hasBelow(main, key)) {
    throw new LotseError({
      code: "secret.not-found",
      message: `there is no ${formatSecretName(name)} in ${layer.file}`,
      hint: "a value is removed from the scope that it was set for; lotse secrets list shows each one's file",
      where: { file: layer.file },
    });
  }
  const onlyBeside = value === undefined && replaced !== undefined && known === undefined;
  const own: SopsChange[] = onlyBeside
    ? []
    : [value === undefined ? { path, delete: true } : { path, value: value.reveal() }];
  const bytes = changeSops(document, [...taken.changes, ...own], sealTools(store));
  const before = main.manifest;
  await store.commit(
    {
      layer,
      file: main.file,
      incoming: null,
      format: main.format,
      bytes,
      before,
      atLeast: besideVersion(replaced) + 1,
      taken: taken.records,
    },
    loaded.incoming.flatMap(({ file }) => store.removalOf(file)),
  );
  const after = (await store.layer(layer)).main?.manifest;
  return {
    name: formatSecretName(name),
    file: main.file,
    version:
      recordOf(after?.values ?? {}, key)?.version ??
      recordOf(after?.removed ?? {}, key) ??
      known?.version ??
      besideVersion(replaced),
    blind: false,
    takenIn: taking.map(({ incoming }) => incoming ?? ""),
  };
}

/** Whether a file that was written beside another holds the value of this name. */
function isFor({ incoming }: LoadedFile, name: SecretPath, format: SopsFormat): boolean {
  return incoming !== null && nameInFile(incoming.split("."), format) === nameInFile(name, format);
}

function besideVersion(file: LoadedFile | undefined): number {
  return file === undefined ? 0 : (recordOf(file.manifest.values, file.incoming ?? "")?.version ?? 0);
}

/** Whether a file has a value of this name, or values below it. */
function hasBelow({ manifest }: LoadedFile, key: string): boolean {
  return Object.keys(manifest.values).some((name) => name === key || name.startsWith(`${key}.`));
}

/** Opens what was written beside a file, as changes of the file. */
export async function takeIn(
  store: SecretStore,
  incoming: readonly LoadedFile[],
  main: LoadedFile,
): Promise<{ readonly changes: readonly SopsChange[]; readonly records: Manifest["values"] }> {
  const changes: SopsChange[] = [];
  const records: Manifest["values"] = {};
  for (const file of incoming) {
    const name = (file.incoming ?? "").split(".");
    const document = await store.document(file);
    const [leaf] = document.leaves;
    if (leaf === undefined || document.leaves.length !== 1) throw notOne(file.file);
    const path = sopsPathOf(name, main.format);
    changes.push({ path, value: leaf.value.reveal() });
    const record = recordOf(file.manifest.values, file.incoming ?? "");
    if (record !== undefined) records[nameOfLeaf(path, main.format)] = record;
  }
  return { changes, records };
}

async function writeBeside(
  store: SecretStore,
  loaded: LoadedLayer,
  request: ChangeRequest,
): Promise<Changed> {
  const { layer, name, value } = request;
  const { main } = loaded;
  if (!isPlainName(name)) throw quoted(name);
  const text = formatSecretName(name);
  const file = incomingFileOf(layer.file, text);
  const own = nameInFile(name, main?.format ?? "yaml");
  const before = loaded.incoming.find((beside) => beside.incoming === text)?.manifest ?? null;
  const bytes = await encryptSops({
    bytes: value?.map((plain) => plainOf(name, plain, "yaml")).reveal() ?? new Uint8Array(),
    format: "yaml",
    file,
    recipients:
      main === null ? (await request.ruleFor(layer.file)).recipients : recipientSetOf(main.parsed.metadata),
    ...sealTools(store),
  });
  const last =
    recordOf(main?.manifest.values ?? {}, own)?.version ?? recordOf(main?.manifest.removed ?? {}, own) ?? 0;
  const seen = await store.reading.seen.of(file);
  const version = Math.max(last, recordOf(before?.values ?? {}, text)?.version ?? 0) + 1;
  await store.commit({
    layer,
    file,
    incoming: text,
    format: "yaml",
    bytes,
    before,
    atLeast: version,
    above: seen?.version ?? 0,
  });
  return { name: text, file, version, blind: true, takenIn: [] };
}

/** A plain file that holds one text. JSON is YAML, so quoting is JSON's. */
function plainOf(path: readonly string[], text: string, format: string): Uint8Array {
  if (format === "env") return Buffer.from(`${path[0] ?? ""}=${text.replaceAll("\n", "\\n")}\n`);
  if (format === "ini")
    return Buffer.from(`[${path[0] ?? ""}]\n${path[1] ?? ""} = ${JSON.stringify(text)}\n`);
  const nested = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), text);
  if (format === "json") return Buffer.from(`${JSON.stringify(nested, null, "\t")}\n`);
  const lines = path.map((key, depth) => `${"    ".repeat(depth)}${keyOf(key)}:`);
  return Buffer.from(`${lines.join("\n")} ${JSON.stringify(text)}\n`);
}

/** A key of YAML; what an old reader could take for a boolean or a number is put in quotes. */
function keyOf(key: string): string {
  const plain =
    /^[A-Za-z][A-Za-z0-9_-]*$/u.test(key) && !/^(?:y|n|yes|no|on|off|true|false|null)$/iu.test(key);
  return plain ? key : JSON.stringify(key);
}

function quoted(name: SecretPath): LotseError {
  return new LotseError({
    code: "secret.name",
    message: `${formatSecretName(name)} cannot be written without a key that opens the file`,
    hint: "the value would stand in a file of that name: use letters, digits, _ and - only",
  });
}

function notOne(file: string): LotseError {
  return new LotseError({
    code: "secret.manifest",
    message: `${file} should hold one value and holds another number`,
    hint: "remove it with its manifest, and set the value again",
    where: { file },
  });
}
