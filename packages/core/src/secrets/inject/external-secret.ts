import { z } from "zod";
import { LotseError } from "../../kernel/index.ts";
import type { Artefact } from "./artefact.ts";
import { metadataOf, objectNameSchema, type KubernetesObject } from "./kubernetes.ts";
import { checkVariables, isSecret, type InjectedVariable, type SecretLocation } from "./variable.ts";
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
 * in the cluster. Where a value has text around a secret, a template puts it together there. The content is no
 * secret and may be committed.
 *
 * @throws LotseError `secret.name` for a name; `secret.unrepresentable` for a secret variable without
 *   `reference` and `parts`
 * @see https://external-secrets.io/latest/api/externalsecret/
 * @see https://external-secrets.io/latest/guides/templating/
 */
export function renderExternalSecret(
  variables: readonly InjectedVariable[],
  object: Omit<KubernetesObject, "immutable">,
  options: ExternalSecretOptions,
): Artefact {
  checkVariables(variables);
  const metadata = metadataOf(object);
  const { store, refreshInterval, target } = parseOptions(options);
  const secrets = variables.filter(isSecret);
  const data = secrets.flatMap(entriesOf);
  const text = toManifest({
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata,
    spec: {
      refreshInterval,
      secretStoreRef: { name: store.name, kind: store.kind },
      target: { name: target ?? metadata.name, creationPolicy: "Owner", ...templateOf(secrets) },
      data,
    },
  });
  return { path: "external-secret.yml", content: text, mode: 0o600 };
}

/** What the operator fetches for a variable: its value, or each secret in it under a name of its own. */
function entriesOf(variable: InjectedVariable): readonly ManifestValue[] {
  const { name, reference, parts } = variable;
  if (reference !== undefined) return [entryOf(name, reference)];
  if (parts === undefined) {
    throw new LotseError({
      code: "secret.unrepresentable",
      message: `${name} has no entry in a secret store that an ExternalSecret could name`,
      hint: "move the secret to a backend that the cluster reaches, or render a Secret",
      where: variable.path === undefined ? {} : { path: variable.path },
    });
  }
  return parts.flatMap((part, index) =>
    typeof part === "string" ? [] : [entryOf(keyOf(name, index), part)],
  );
}

function entryOf(secretKey: string, { path, field }: SecretLocation): ManifestValue {
  return { secretKey, remoteRef: { key: path, ...(field === undefined ? {} : { property: field }) } };
}

/** The name of a part until it is put together. No variable has a dot in its name, so nothing else is called so. */
function keyOf(name: string, index: number): string {
  return `${name}.${index}`;
}

/** The template that puts values together. It replaces what was fetched, so it names every variable. */
function templateOf(secrets: readonly InjectedVariable[]): { template?: ManifestValue } {
  if (secrets.every(({ parts }) => parts === undefined)) return {};
  const data = secrets.map(({ name, parts }): [string, string] => [
    name,
    parts === undefined
      ? valueOf(name)
      : parts
          .map((part, index) => (typeof part === "string" ? literal(part) : valueOf(keyOf(name, index))))
          .join(""),
  ]);
  return { template: { engineVersion: "v2", mergePolicy: "Replace", data: Object.fromEntries(data) } };
}

function valueOf(key: string): string {
  return `{{ index . "${key}" }}`;
}

/**
 * Text as a Go template has to write it so that it comes out as it is. Every brace is made by an action: two of
 * them begin one, also where the second is the action's that follows.
 *
 * @see https://pkg.go.dev/text/template
 */
function literal(text: string): string {
  return text.replaceAll("{", '{{ "{" }}');
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
