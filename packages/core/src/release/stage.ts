import { canonicalJson } from "../kernel/index.ts";
import { storeArtefact, type ArtefactInput } from "./artefact.ts";
import { storeCodeTree, storeEmptyTree, type CodeLimits } from "./code-tree.ts";
import { checkVariables } from "./materialise.ts";
import { checkScope } from "./names.ts";
import type { ObjectSink } from "./objects.ts";
import { storeRenderedFiles, type RenderedInput } from "./rendered-files.ts";
import { storeSealedSecrets, type SealedInput } from "./sealed-secrets.ts";
import type { Migration, Release, ReleaseContent, TenantPart } from "./release.ts";
import type { SecretHandles } from "./secret-handles.ts";
import type { ReleaseKey } from "./signature/statement.ts";

/** What a release holds for one tenant in one environment. */
export interface TenantInput {
  /** The resolved configuration, canonical JSON; kept and given back byte for byte. */
  readonly configText: string;
  /** Variables for the process; nothing secret, they are kept as they are. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Which secrets the process gets; names, never values. */
  readonly secrets?: SecretHandles;
  /** The secret files as they are, encrypted. */
  readonly sealed?: SealedInput;
  /** Rendered files; of secrets they hold references. */
  readonly rendered?: readonly RenderedInput[];
}

/** Chooses a version for content that is new; `released` are all releases, the highest version first. */
export type VersionChooser = (released: readonly Release[]) => string;

/** What a release is made of. */
export interface ReleaseInput {
  /** A semantic version, of which a leading `v` is dropped; or what chooses one once the content is known. */
  readonly version: string | VersionChooser;
  /** Absolute; none where an image or an artefact is all that runs. */
  readonly codeDirectory?: string | undefined;
  /** Patterns of files to leave out; see `matcherOf`. */
  readonly exclude?: readonly string[];
  readonly commit?: string | undefined;
  /** Whether files of the workspace differ from the commit. */
  readonly dirty?: boolean;
  /** `registry/name@sha256:…` */
  readonly image?: string | undefined;
  readonly artefact?: ArtefactInput | undefined;
  readonly migrations?: readonly Migration[] | undefined;
  /** environment → tenant → configuration. */
  readonly configurations: Readonly<Record<string, Readonly<Record<string, TenantInput>>>>;
  /** The description of the target as `lotse.yml` gives it; JSON values only. */
  readonly target: { readonly type: string } & Readonly<Record<string, unknown>>;
  /** The commands that belong to rollouts. */
  readonly hooks?: Release["hooks"];
  readonly limits?: CodeLimits;
  /** What the policy says of it; a value of JSON. */
  readonly policy?: unknown;
  /** Signs what is made; unsigned if left out. */
  readonly key?: ReleaseKey | undefined;
}

/** A release's content before it has a version, and what is told beside it. */
export interface Staged {
  readonly contentFor: (version: string) => ReleaseContent;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Puts everything that a release is made of into the store of objects.
 *
 * @throws LotseError as `storeCodeTree`, `storeArtefact` and `storeRenderedFiles`; `usage.argument` for a variable
 * that no process can be given
 */
export async function stageRelease(objects: ObjectSink, input: ReleaseInput): Promise<Staged> {
  const code =
    input.codeDirectory === undefined
      ? await storeEmptyTree(objects)
      : await storeCodeTree(objects, input.codeDirectory, input.exclude, input.limits);
  const artefact = input.artefact === undefined ? undefined : await storeArtefact(objects, input.artefact);
  const configurations = await storeConfigurations(objects, input.configurations);
  const target = JSON.parse(canonicalJson(input.target)) as Release["target"];
  const policy = input.policy === undefined ? undefined : await objects.put(canonicalJson(input.policy));
  const { image, migrations, hooks } = input;
  return {
    files: code.files,
    bytes: code.bytes,
    contentFor: (version) => ({
      schema: 2,
      version,
      code: code.digest,
      configurations,
      target,
      commit: input.commit ?? null,
      ...(input.dirty === true ? { dirty: true as const } : {}),
      ...(image === undefined ? {} : { image }),
      ...(artefact === undefined ? {} : { artefact }),
      ...(policy === undefined ? {} : { policy }),
      ...(hooks === undefined || Object.keys(hooks).length === 0 ? {} : { hooks }),
      ...(migrations === undefined ? {} : { migrations: [...migrations] }),
    }),
  };
}

async function storeConfigurations(
  objects: ObjectSink,
  input: ReleaseInput["configurations"],
): Promise<Record<string, Record<string, TenantPart>>> {
  const all: Record<string, Record<string, TenantPart>> = {};
  for (const [environment, tenants] of Object.entries(input)) {
    const parts: Record<string, TenantPart> = {};
    for (const [tenant, given] of Object.entries(tenants)) {
      checkScope({ environment, tenant });
      parts[tenant] = await storePart(objects, given);
    }
    all[environment] = parts;
  }
  return all;
}

async function storePart(objects: ObjectSink, given: TenantInput): Promise<TenantPart> {
  const { secrets, sealed, rendered } = given;
  const variables = given.variables === undefined ? null : checkVariables(given.variables);
  return {
    config: await objects.put(given.configText),
    variables: variables === null ? null : await objects.put(canonicalJson(variables)),
    ...(secrets === undefined ? {} : { secrets: await objects.put(canonicalJson(secrets)) }),
    ...(sealed === undefined ? {} : { sealed: await storeSealedSecrets(objects, sealed) }),
    ...(rendered === undefined || rendered.length === 0
      ? {}
      : { rendered: await storeRenderedFiles(objects, rendered) }),
  };
}
