import { readCodeTree } from "./code-tree.ts";
import type { ObjectStore } from "./objects.ts";
import { readRenderedFiles } from "./rendered-files.ts";
import type { Release } from "./release.ts";
import { readSealedSecrets } from "./sealed-secrets.ts";

/** An object that a release names, and what it is for. */
export interface NamedObject {
  readonly digest: string;
  /** Such as `the configuration of prod:acme`, for messages. */
  readonly what: string;
  /** Reads what it names in turn. @throws LotseError `release.corrupt` */
  readonly inner?: (objects: ObjectStore) => Promise<readonly NamedObject[]>;
}

/** Some tenants of an environment. */
export interface SomeTenants {
  readonly environment: string;
  readonly tenants: readonly string[];
}

/**
 * The objects that a release's record names. Each may name further ones: whoever walks them meets all.
 *
 * @param only - leaves out what belongs to other tenants. @defaultValue everything
 */
export function objectsOf(release: Release, only?: SomeTenants): readonly NamedObject[] {
  const { policy, artefact } = release;
  const isWanted = (environment: string, tenant: string): boolean =>
    only === undefined || (only.environment === environment && only.tenants.includes(tenant));
  return [
    { digest: release.code, what: "the list of code files", inner: (objects) => codeFiles(objects, release) },
    ...(artefact === undefined ? [] : [{ digest: artefact.digest, what: `the artefact ${artefact.name}` }]),
    ...(policy === undefined ? [] : [{ digest: policy, what: "the result of the policy" }]),
    ...Object.entries(release.configurations).flatMap(([environment, tenants]) =>
      Object.entries(tenants).flatMap(([tenant, part]) =>
        isWanted(environment, tenant) ? partObjects(part, `${environment}:${tenant}`) : [],
      ),
    ),
  ];
}

function partObjects(part: Release["configurations"][string][string], scope: string): readonly NamedObject[] {
  const { config, variables, secrets, sealed, rendered } = part;
  return [
    { digest: config, what: `the configuration of ${scope}` },
    ...(variables === null ? [] : [{ digest: variables, what: `the variables of ${scope}` }]),
    ...(secrets === undefined ? [] : [{ digest: secrets, what: `the secret handles of ${scope}` }]),
    ...(sealed === undefined
      ? []
      : [
          {
            digest: sealed,
            what: `the secret versions of ${scope}`,
            inner: (objects: ObjectStore) => sealedFiles(objects, sealed),
          },
        ]),
    ...(rendered === undefined
      ? []
      : [
          {
            digest: rendered,
            what: `the list of rendered files of ${scope}`,
            inner: (objects: ObjectStore) => renderedFiles(objects, rendered, scope),
          },
        ]),
  ];
}

async function codeFiles(objects: ObjectStore, { code }: Release): Promise<readonly NamedObject[]> {
  const entries = await readCodeTree(objects, code);
  return entries.flatMap((entry) =>
    entry.type === "file" ? [{ digest: entry.digest, what: entry.path }] : [],
  );
}

async function sealedFiles(objects: ObjectStore, digest: string): Promise<readonly NamedObject[]> {
  const { files } = await readSealedSecrets(objects, digest);
  return files.flatMap(({ file, bytes, manifest }) => [
    { digest: bytes, what: `the secret file ${file}` },
    { digest: manifest, what: `the manifest of ${file}` },
  ]);
}

async function renderedFiles(
  objects: ObjectStore,
  digest: string,
  scope: string,
): Promise<readonly NamedObject[]> {
  const files = await readRenderedFiles(objects, digest);
  return files.map((file) => ({ digest: file.digest, what: `${file.path} of ${scope}` }));
}
