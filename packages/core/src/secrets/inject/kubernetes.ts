import { z } from "zod";
import { LotseError, Sensitive } from "../../kernel/index.ts";
import type { Artefact } from "./artefact.ts";
import { checkVariables, isSecret, revealValue, type InjectedVariable } from "./variable.ts";
import { toManifest } from "./yaml-text.ts";

const dnsLabel = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const labelPart = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/u;

/** The name of an object of Kubernetes: a DNS subdomain. */
export const objectNameSchema = z
  .string()
  .max(253)
  .regex(new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`, "u"));

/** A label's key: a name, behind a DNS prefix and a slash where there is one. */
const labelKeySchema = z
  .string()
  .max(317)
  .refine((key) => {
    const parts = key.split("/");
    const name = parts.pop() ?? "";
    const prefixFits =
      parts.length === 0 || (parts.length === 1 && objectNameSchema.safeParse(parts[0]).success);
    return prefixFits && labelPart.test(name);
  });

/**
 * What the objects that are rendered are called.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
 */
const objectSchema = z.strictObject({
  name: objectNameSchema,
  namespace: z
    .string()
    .regex(new RegExp(`^${dnsLabel}$`, "u"))
    .optional(),
  labels: z
    .record(
      labelKeySchema,
      z.string().refine((value) => value === "" || labelPart.test(value)),
    )
    .optional(),
  /** Kubernetes refuses any change of the content then, so a change needs another name. */
  immutable: z.boolean().optional(),
});

/** The type of {@link objectSchema}. */
export type KubernetesObject = z.infer<typeof objectSchema>;

/** The API server takes at most this many bytes of values in a Secret or ConfigMap. */
export const maxObjectBytes = 1024 * 1024;

/**
 * Renders the secret variables as a `Secret`, type `Opaque`, for `envFrom` or a volume. Others are left out.
 * base64 is no protection: the manifest is as secret as its values.
 *
 * @throws LotseError `secret.name`, also for a name or label of the object; `secret.unrepresentable` for more
 *   than {@link maxObjectBytes}
 * @see https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/
 */
export function renderSecret(variables: readonly InjectedVariable[], object: KubernetesObject): Artefact {
  checkVariables(variables);
  const own = variables.filter(isSecret);
  checkSize(own, "Secret");
  const data = own.map((variable) => [variable.name, Buffer.from(revealValue(variable)).toString("base64")]);
  const text = toManifest({
    apiVersion: "v1",
    kind: "Secret",
    ...common(object),
    type: "Opaque",
    data: Object.fromEntries(data) as Record<string, string>,
  });
  return { path: "secret.yml", content: new Sensitive(text), mode: 0o600 };
}

/**
 * Renders the variables that are not secret as a `ConfigMap`. Secret ones are left out.
 *
 * @throws LotseError as {@link renderSecret}
 * @see https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/config-map-v1/
 */
export function renderConfigMap(variables: readonly InjectedVariable[], object: KubernetesObject): Artefact {
  checkVariables(variables);
  const own = variables.filter((variable) => !isSecret(variable));
  checkSize(own, "ConfigMap");
  const data = own.map((variable) => [variable.name, revealValue(variable)]);
  const text = toManifest({
    apiVersion: "v1",
    kind: "ConfigMap",
    ...common(object),
    data: Object.fromEntries(data) as Record<string, string>,
  });
  return { path: "config-map.yml", content: text, mode: 0o600 };
}

/**
 * The part of a manifest about the object itself.
 *
 * @throws LotseError `secret.name` when the name, namespace or a label is not one that Kubernetes takes
 */
export function metadataOf(object: KubernetesObject): {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
} {
  const parsed = objectSchema.safeParse(object);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new LotseError({
      code: "secret.name",
      message: `Kubernetes does not take the ${issue?.path.join(".") ?? "name"} of ${JSON.stringify(object.name)}`,
      hint: "names are DNS names in lower case; labels are up to 63 letters, digits, - _ and .",
    });
  }
  const { name, namespace, labels } = parsed.data;
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined || Object.keys(labels).length === 0 ? {} : { labels }),
  };
}

function common(object: KubernetesObject): { metadata: ReturnType<typeof metadataOf>; immutable?: true } {
  const metadata = metadataOf(object);
  return object.immutable === true ? { metadata, immutable: true } : { metadata };
}

function checkSize(variables: readonly InjectedVariable[], kind: string): void {
  const bytes = variables.reduce((sum, variable) => sum + Buffer.byteLength(revealValue(variable)), 0);
  if (bytes <= maxObjectBytes) return;
  throw new LotseError({
    code: "secret.unrepresentable",
    message: `the values are ${bytes} bytes, and a ${kind} takes ${maxObjectBytes}`,
    hint: "split them over several objects",
  });
}
