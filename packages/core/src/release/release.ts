import { z } from "zod";
import { canonicalJson, digestOf, LotseError } from "../kernel/index.ts";
import { nameSchema, type TenantScope } from "./names.ts";

const digestSchema = z.string().regex(/^[0-9a-f]{64}$/u);

/** What a release holds for one tenant in one environment: digests of stored objects. */
const tenantPartSchema = z.strictObject({
  /** The resolved configuration, canonical JSON. */
  config: digestSchema,
  /** The process environment variables as canonical JSON map, or null where there are none. */
  variables: digestSchema.nullable(),
  /** The names of the secrets that the process gets, see `SecretHandles`; absent where there are none. */
  secrets: digestSchema.optional(),
});

/** The content that the id is the hash of. */
const contentSchema = z.strictObject({
  schema: z.literal(1),
  version: z.string().min(1).max(256),
  code: digestSchema,
  configurations: z.record(nameSchema, z.record(nameSchema, tenantPartSchema)),
  target: z.looseObject({ type: z.string().min(1).max(64) }),
});

/** The schema of a stored release; `seal` is the digest of the whole record without it. */
export const releaseSchema = z.strictObject({
  id: digestSchema,
  ...contentSchema.shape,
  commit: z.string().max(200).nullable(),
  files: z.int().min(0),
  bytes: z.int().min(0),
  createdAt: z.iso.datetime(),
  createdBy: z.string().max(256),
  /** What the policy said of it when it was made, an object of JSON; absent where there is no policy. */
  policy: digestSchema.optional(),
  seal: digestSchema,
});

/**
 * A release: code, configuration of every tenant and the description of the target, under one hash.
 * It is written once and never changes. Dates are ISO 8601 in UTC, sizes are bytes.
 */
export type Release = z.infer<typeof releaseSchema>;

/** What the id of a release is made of. */
export type ReleaseContent = z.infer<typeof contentSchema>;

/** The part of a release for one tenant. */
export type TenantPart = z.infer<typeof tenantPartSchema>;

/**
 * The id of a release: the SHA-256 of its canonical content. When, by whom and from which commit it was made
 * is not part of it, so that the same content again is the same release.
 */
export function releaseIdOf(content: ReleaseContent): string {
  const { schema, version, code, configurations, target } = content;
  return digestOf(canonicalJson({ schema, version, code, configurations, target }));
}

/** The digest that covers a whole record, also what lies outside the id. */
export function sealOf(record: Omit<Release, "seal">): string {
  const { seal: _, ...rest } = record as Release;
  return digestOf(canonicalJson(rest));
}

/**
 * What a release holds for a tenant.
 *
 * @throws LotseError `rollout.not-in-release` when it holds nothing for it
 */
export function tenantPartOf(release: Release, scope: TenantScope): TenantPart {
  const tenants = Object.hasOwn(release.configurations, scope.environment)
    ? release.configurations[scope.environment]
    : undefined;
  const part =
    tenants !== undefined && Object.hasOwn(tenants, scope.tenant) ? tenants[scope.tenant] : undefined;
  if (part !== undefined) return part;
  throw new LotseError({
    code: "rollout.not-in-release",
    message: `release ${release.version} has nothing for ${scope.environment}:${scope.tenant}`,
    hint:
      tenants === undefined
        ? `it holds the environments ${Object.keys(release.configurations).join(", ")}`
        : "create a release after the tenant was added",
  });
}
