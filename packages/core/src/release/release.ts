import { z } from "zod";
import { canonicalJson, digestOf, LotseError } from "../kernel/index.ts";
import { nameSchema, type TenantScope } from "./names.ts";
import { hooksSchema } from "./strategies/hooks.ts";

const digestSchema = z.string().regex(/^[0-9a-f]{64}$/u);

/** A name without a directory. */
const fileNameSchema = z
  .string()
  .max(255)
  .regex(/^(?!\.{0,2}$)[^/\\\0]+$/u);

/** What a release holds for one tenant in one environment: digests of stored objects. */
const tenantPartSchema = z.strictObject({
  /** The resolved configuration, canonical JSON. */
  config: digestSchema,
  /** The process environment variables as canonical JSON map, or null where there are none. */
  variables: digestSchema.nullable(),
  /** The names of the secrets that the process gets, see `SecretHandles`; absent where there are none. */
  secrets: digestSchema.optional(),
  /** The secret files as they were, still encrypted, see `SealedSecrets`; absent where there is no file. */
  sealed: digestSchema.optional(),
  /** The list of rendered files, see `FileList`; absent where there are none. */
  rendered: digestSchema.optional(),
});

/** One migration of the database that the release brings, in the order in which they are applied. */
const migrationSchema = z.strictObject({
  /** The file, relative to the directory of migrations, with forward slashes. */
  path: z.string().min(1).max(1024),
  digest: digestSchema,
  reversible: z.boolean(),
});

/** The content that the id is the hash of. */
const contentShape = {
  /** 1: without what `secondForm` names; no longer written. */
  schema: z.literal([1, 2]),
  version: z.string().min(1).max(256),
  /** The list of code files; of none where the code is an image or an artefact alone. */
  code: digestSchema,
  configurations: z.record(nameSchema, z.record(nameSchema, tenantPartSchema)),
  target: z.looseObject({ type: z.string().min(1).max(64) }),
  commit: z.string().max(200).nullable(),
  /** Present where files of the workspace differed from the commit. */
  dirty: z.literal(true).optional(),
  /** A container image, `registry/name@sha256:…`. */
  image: z.string().max(512).optional(),
  /** A file whose bytes are an object of the store. */
  artefact: z.strictObject({ name: fileNameSchema, digest: digestSchema, size: z.int().min(0) }).optional(),
  /** What the policy said of it when it was made, an object of JSON; absent where there is no policy. */
  policy: digestSchema.optional(),
  /** The commands that belong to rollouts; see `hooksSchema`. Absent where there are none. */
  hooks: hooksSchema.optional(),
  /** Absent where `lotse.yml` names no migrations. */
  migrations: z.array(migrationSchema).max(100_000).optional(),
};

const contentSchema = z.strictObject(contentShape);

/** The schema of a stored release; `seal` is the digest of the whole record without it. */
export const releaseSchema = z.strictObject({
  id: digestSchema,
  ...contentShape,
  files: z.int().min(0),
  bytes: z.int().min(0),
  createdAt: z.iso.datetime(),
  createdBy: z.string().max(256),
  seal: digestSchema,
});

/**
 * A release: code, configuration, secrets and rendered files of every tenant, the policy's result, migrations and
 * the description of the target, under one hash. It is written once and never changes. Dates are ISO 8601 in UTC,
 * sizes are bytes.
 */
export type Release = z.infer<typeof releaseSchema>;

/** What the id of a release is made of. */
export type ReleaseContent = z.infer<typeof contentSchema>;

/** The part of a release for one tenant. */
export type TenantPart = z.infer<typeof tenantPartSchema>;

/** One migration of a release. */
export type Migration = z.infer<typeof migrationSchema>;

const firstForm = ["schema", "version", "code", "configurations", "target"] as const;
const secondForm = [
  ...firstForm,
  "commit",
  "dirty",
  "image",
  "artefact",
  "policy",
  "migrations",
  "hooks",
] as const;

/**
 * The id of a release: the SHA-256 of its canonical content. When and by whom it was made is not part of it, so
 * that the same content again is the same release.
 */
export function releaseIdOf(content: ReleaseContent): string {
  const keys = content.schema === 1 ? firstForm : secondForm;
  const present = keys.flatMap((key) => (content[key] === undefined ? [] : [[key, content[key]] as const]));
  return digestOf(canonicalJson(Object.fromEntries(present)));
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

/** Every tenant in every environment that a release holds, in the order in which it holds them. */
export function scopesOf(release: Release): readonly TenantScope[] {
  return Object.entries(release.configurations).flatMap(([environment, tenants]) =>
    Object.keys(tenants).map((tenant) => ({ environment, tenant })),
  );
}
