import { join } from "node:path";
import { LotseError, type Clock, type Files, type Sensitive } from "../../kernel/index.ts";
import { manifestPathOf, type Manifest, type SigningKey, type TrustedSigner } from "../manifest/index.ts";
import { openSops, type KeyOpener, type SopsDocument, type SopsLeaf, type SopsPath } from "../sops/index.ts";
import { Journal, type Replacement } from "./journal.ts";
import type { SecretLayer } from "./layer.ts";
import { indexLeaves, leafOf, nameInFile, nameOfLeaf, recordOf, type LeafIndex } from "./leaf-names.ts";
import { leavesOf, type LoadedFile, type LoadedLayer } from "./loaded.ts";
import { formatSecretName, type SecretPath } from "./name.ts";
import { readLayer, type ReadPorts } from "./read.ts";
import { SeenVersions } from "./seen.ts";
import { makeManifest, type NewManifest } from "./write.ts";

/** What the secrets of a workspace are kept with. */
export interface SecretStoreOptions {
  /** The workspace, absolute. */
  readonly directory: string;
  /** Its `.lotse`, absolute. */
  readonly state: string;
  readonly files: Files;
  readonly workspace: string;
  readonly signers: readonly TrustedSigner[];
  /** Refuses a state that is not this working copy's own; called once, before anything is read. */
  readonly checkState: () => Promise<void>;
  /** The private keys at hand; asked for once, when something is opened first. */
  readonly identities: () => Promise<readonly KeyOpener[]>;
  /** The actor's key; asked for when something is written. */
  readonly signingKey: () => Promise<SigningKey>;
  /** Who writes, as manifests name it. */
  readonly who: string;
  readonly clock: Clock;
}

/** One secret as it is listed; nothing of its value. */
export interface ListedSecret {
  readonly name: string;
  readonly file: string;
  readonly version: number;
  /** ISO 8601 in UTC. */
  readonly changedAt: string;
  readonly changedBy: string;
  /** Whether it was written blindly and not taken into the layer's file yet. */
  readonly incoming: boolean;
  readonly encrypted: boolean;
}

/** A secret that was found, still closed. */
export interface FoundSecret {
  readonly name: string;
  readonly file: LoadedFile;
  readonly version: number;
}

/** A file's new content, to be signed by whoever writes it. */
export type NewContent = Omit<NewManifest, "workspace" | "who" | "now" | "key">;

/** Reads and writes the secret files of one workspace. */
export class SecretStore {
  readonly options: SecretStoreOptions;
  readonly journal: Journal;
  readonly reading: ReadPorts;
  readonly #opened = new Map<string, { readonly stamp: string; readonly document: SopsDocument }>();
  readonly #layers = new Map<string, { readonly stamp: string; readonly layer: LoadedLayer }>();
  // Kept for as long as the file or document itself.
  readonly #entries = new WeakMap<LoadedFile, LeafIndex<{ readonly path: SopsPath }>>();
  readonly #leaves = new WeakMap<SopsDocument, LeafIndex<SopsLeaf>>();
  #identities: Promise<readonly KeyOpener[]> | undefined;
  #trusted: Promise<void> | undefined;

  constructor(options: SecretStoreOptions) {
    this.options = options;
    const directory = join(options.state, "secrets");
    this.journal = new Journal(directory, options.directory, options.clock, () => this.trusted());
    this.reading = {
      files: options.files,
      workspace: options.workspace,
      signers: options.signers,
      seen: new SeenVersions(join(directory, "seen")),
      journal: this.journal,
    };
  }

  /** Makes sure, once, that the state is this working copy's own. @throws LotseError `file.outside` */
  trusted(): Promise<void> {
    this.#trusted ??= this.options.checkState();
    return this.#trusted;
  }

  /**
   * A layer's files, checked and closed. They are read again only when they changed.
   *
   * @throws LotseError `secret.manifest`, `secret.signature`, `secret.format`
   */
  async layer(layer: SecretLayer): Promise<LoadedLayer> {
    await this.trusted();
    const stamp = this.#stampOf(layer);
    const known = this.#layers.get(layer.file);
    if (known?.stamp === stamp) return known.layer;
    const loaded = await readLayer(this.reading, layer);
    this.#layers.set(layer.file, { stamp, layer: loaded });
    return loaded;
  }

  /** The secrets of a scope's layers by name, the highest layer's where several have one. Opens nothing. */
  async list(layers: readonly SecretLayer[]): Promise<readonly ListedSecret[]> {
    const found = new Map<string, ListedSecret>();
    for (const layer of layers) {
      const { main, incoming } = await this.layer(layer);
      for (const file of [...(main === null ? [] : [main]), ...incoming]) {
        for (const secret of listed(file)) found.set(secret.name, secret);
      }
    }
    return [...found.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /**
   * Where a secret is: the highest layer that has it, and there a value that was written beside the file
   * before the file's own.
   *
   * @returns null where no layer has it
   */
  async find(layers: readonly SecretLayer[], name: SecretPath): Promise<FoundSecret | null> {
    for (const layer of layers.toReversed()) {
      const { main, incoming } = await this.layer(layer);
      for (const file of [...incoming, ...(main === null ? [] : [main])]) {
        if (leafOf(this.#entriesOf(file), name, file.format) === undefined) continue;
        const key = nameInFile(name, file.format);
        const version = recordOf(file.manifest.values, key)?.version ?? 1;
        return { name: formatSecretName(name), file, version };
      }
    }
    return null;
  }

  /**
   * Opens a secret that was found.
   *
   * @throws LotseError `secret.no-key`, `secret.mac`, `secret.value`; `secret.name` where a map stands there
   */
  async open(found: FoundSecret, name: SecretPath): Promise<SopsLeaf> {
    const { file } = found;
    const leaf = leafOf(this.#leavesOf(await this.document(file)), name, file.format);
    if (leaf !== undefined) return leaf;
    throw new LotseError({
      code: "secret.not-found",
      message: `${found.name} is not a single value in ${file.file}`,
      hint: `lotse secrets list shows the names there are`,
      where: { file: file.file, path: found.name },
    });
  }

  /** A file with its values, opened once for each content. @throws LotseError as `openSops` */
  async document(file: LoadedFile): Promise<SopsDocument> {
    const known = this.#opened.get(file.file);
    if (known !== undefined && known.stamp === file.manifest.signature) return known.document;
    const document = await openSops({
      bytes: file.bytes,
      format: file.format,
      file: file.file,
      identities: await this.identities(),
    });
    this.#opened.set(file.file, { stamp: file.manifest.signature, document });
    return document;
  }

  /** The private keys at hand. */
  identities(): Promise<readonly KeyOpener[]> {
    this.#identities ??= this.options.identities();
    return this.#identities;
  }

  /** Signs a file's new content and puts both in place as one. To be called while holding the journal. */
  async commit(content: NewContent, further: readonly Replacement[] = []): Promise<number> {
    const [manifest] = await this.commitAll([content], further);
    return manifest?.version ?? 0;
  }

  /**
   * Signs the new content of several files and puts all in place as one. To be called while holding the journal.
   *
   * @returns their manifests, in the same order
   */
  async commitAll(
    contents: readonly NewContent[],
    further: readonly Replacement[] = [],
  ): Promise<readonly Manifest[]> {
    const { options, reading } = this;
    const key = await options.signingKey();
    for (const { layer } of contents) refuseStranger(options.signers, key.publicKey, layer);
    const { workspace, who } = options;
    const now = options.clock.now();
    const signed = contents.map((content) => ({
      content,
      manifest: makeManifest({ ...content, workspace, who, now, key }),
    }));
    const replacements = signed.flatMap(({ content: { file, bytes }, manifest }) => [
      { path: join(options.directory, file), content: bytes },
      { path: join(options.directory, manifestPathOf(file)), content: printed(manifest) },
    ]);
    await this.journal.replace([...replacements, ...further]);
    await Promise.all(
      signed.map(async ({ manifest }) =>
        reading.seen.remember(manifest, await reading.seen.of(manifest.file), options.signers.length > 0),
      ),
    );
    for (const { content, manifest } of signed) {
      if (content.incoming === null) continue;
      const { file } = content.layer;
      const version = manifest.values[content.incoming]?.version ?? 1;
      const known = await reading.seen.beside(file);
      await reading.seen.rememberBeside(file, { ...known, [content.incoming]: version });
    }
    return signed.map(({ manifest }) => manifest);
  }

  /**
   * Takes a layer's present version for the one that was seen last, whatever was seen before; also that it is
   * not there any more.
   *
   * @throws LotseError `secret.manifest`, `secret.signature` for anything else that is wrong with it
   */
  async accept(layer: SecretLayer): Promise<void> {
    const nothing = (): Promise<undefined> => Promise.resolve(undefined);
    const forgetful = {
      of: nothing,
      remember: nothing,
      rememberAs: nothing,
      forget: nothing,
      beside: () => Promise.resolve({}),
      rememberBeside: (file: string, versions: Readonly<Record<string, number>>) =>
        this.reading.seen.rememberBeside(file, versions),
    };
    await this.reading.seen.rememberBeside(layer.file, {});
    const { main, incoming } = await readLayer({ ...this.reading, seen: forgetful }, layer);
    for (const file of [...(main === null ? [] : [main]), ...incoming]) {
      await this.reading.seen.remember(file.manifest, undefined, this.options.signers.length > 0);
    }
    if (main === null) await this.reading.seen.forget(layer.file);
    this.#layers.delete(layer.file);
  }

  /** Removes a file with its manifest, as part of another change. */
  removalOf(file: string): readonly Replacement[] {
    const { directory } = this.options;
    return [file, manifestPathOf(file)].map((path) => ({ path: join(directory, path), content: null }));
  }

  #entriesOf(file: LoadedFile): LeafIndex<{ readonly path: SopsPath }> {
    const known = this.#entries.get(file);
    if (known !== undefined) return known;
    const values = file.parsed.parsed.entries.filter(({ kind }) => kind !== "comment");
    const index = indexLeaves(values, file.format);
    this.#entries.set(file, index);
    return index;
  }

  #leavesOf(document: SopsDocument): LeafIndex<SopsLeaf> {
    const index = this.#leaves.get(document) ?? indexLeaves(document.leaves, document.format);
    this.#leaves.set(document, index);
    return index;
  }

  #stampOf(layer: SecretLayer): string {
    const { files } = this.options;
    const directory = `${layer.file.replace(/\.[a-z]+$/u, "")}.incoming`;
    return [
      files.stamp(layer.file),
      files.stamp(manifestPathOf(layer.file)),
      ...files.list(directory).flatMap((name) => [name, files.stamp(`${directory}/${name}`)]),
    ].join("|");
  }
}

/** Who is not listed would only make a file that everybody refuses. */
function refuseStranger(signers: readonly TrustedSigner[], key: string, layer: SecretLayer): void {
  if (signers.length === 0) return;
  const signer = signers.find((known) => known.key === key);
  const { environment } = layer;
  const environments = signer?.environments;
  if (signer !== undefined && (environments === undefined || environments.includes(environment ?? "")))
    return;
  throw new LotseError({
    code: "secret.denied",
    message: `your key may not sign ${layer.file}: lotse.yml does not list it${signer === undefined ? "" : ` for ${environment ?? "all environments"}`}`,
    hint: `ask for it to be added under secrets.signers: ${key}`,
    where: { file: layer.file },
  });
}

function printed(manifest: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}

function listed(file: LoadedFile): readonly ListedSecret[] {
  return leavesOf(file.parsed).map(({ path, encrypted }) => {
    const name = nameOfLeaf(path.slice(1), file.format);
    const record = recordOf(file.manifest.values, name);
    return {
      name,
      file: file.file,
      version: record?.version ?? 1,
      changedAt: record?.changedAt ?? file.manifest.signedAt,
      changedBy: record?.changedBy ?? file.manifest.signer.name,
      incoming: file.incoming !== null,
      encrypted,
    };
  });
}

/** The text of a value that was opened, as it goes into a variable. @throws LotseError `secret.value` for bytes */
export function textOfLeaf(leaf: SopsLeaf, name: string): Sensitive<string> {
  return leaf.value.map((value) => {
    if (value instanceof Uint8Array) {
      throw new LotseError({
        code: "secret.value",
        message: `${name} is not text`,
        hint: "it is binary; lotse secrets decrypt FILE writes it to a file",
      });
    }
    return value === null ? "" : String(value);
  });
}
