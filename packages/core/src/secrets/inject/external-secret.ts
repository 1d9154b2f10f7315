import { z } from "zod";
import { LotseError } from "../../kernel/index.ts";
import type { Artefact } from "./artefact.ts";
import { metadataOf, objectNameSchema, type KubernetesObject } from "./kubernetes.ts";
import { checkVariables, isSecret, type InjectedVariable } from "./variable.ts";
import { toManifest, type ManifestValue } from "./yaml-text.ts";

/** Where the External Secrets operator fetches from, and what it makes of it. */
const externalSecretSchema = z.strictObject({
  store: z.strictObject({
    name: objectNameSchema,
    kind: z.enum(["SecretStore", "ClusterSecretStore"]).default("SecretStore"),
  }),
  /** How often the operator looks, as a Go duration such as `1h`. @defaultValue "1h" */
  refreshInterval: z
    .string()
    .max(32)
    .regex(/^(?:\d+(?:h|m|s))+$/u)
    .default("1h"),
  /** The name of the Secret that the operator makes. @defaultValue the name of the object itself */
  target: objectNameSchema.optional(),
});

/** What a caller may leave out of {@link externalSecretSchema} has its default. */
export type ExternalSecretOptions = z.input<typeof externalSecretSchema>;

/**
 * Renders an `ExternalSecret`, which names secrets and holds none: the External Secrets operator fetches them
 * in the cluster. The content is no secret and may be committed.
 *
 * @throws LotseError `secret.name` for a name; `secret.unrepresentable` for a secret variable without
 *   `reference`
 * @see https://external-secrets.io/latest/api/externalsecret/
 */
export function renderExternalSecret(
  variables: readonly InjectedVariable[],
  object: Omit<KubernetesObject, "immutable">,
  options: ExternalSecretOptions,
): Artefact {
  checkVariables(variables);
  const metadata = metadataOf(object);
  const { store, refreshInterval, target } = parseOptions(options);
  const data = variables.filter(isSecret).map(entryOf);
  const text = toManifest({
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata,
    spec: {
      refreshInterval,
      secretStoreRef: { name: store.name, kind: store.kind },
      target: { name: target ?? metadata.name, creationPolicy: "Owner" },
      data,
    },
  });
  return { path: "external-secret.yml", content: text, mode: 0o600 };
}

function entryOf(variable: InjectedVariable): ManifestValue {
  const { name, reference } = variable;
  if (reference === undefined) {
    throw new LotseError({
      code: "secret.unrepresentable",
      message: `${name} has no entry in a secret store that an ExternalSecret could name`,
      hint: "move the secret to a backend that the cluster reaches, or render a Secret",
      where: variable.path === undefined ? {} : { path: variable.path },
    });
  }
  const remoteRef = {
    key: reference.path,
    ...(reference.field === undefined ? {} : { property: reference.field }),
  };
  return { secretKey: name, remoteRef };
}

function parseOptions(options: ExternalSecretOptions): z.output<typeof externalSecretSchema> {
  const parsed = externalSecretSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  throw new LotseError({
    code: "secret.name",
    message: `the External Secrets operator does not take this ${parsed.error.issues[0]?.path.join(".") ?? "option"}`,
    hint: "names are DNS names in lower case; an interval is a duration such as 1h or 30m",
  });
}
