import { z } from "zod";
import { releasedPolicyShape } from "./printed-policy.ts";

/** The shapes of what the commands of releases print. */

const id = z.string().regex(/^[0-9a-f]{64}$/u);
const count = z.int().min(0);
const scopes = z.array(z.string()).describe("each as environment:tenant");
const kind = z.enum(["added", "removed", "changed"]);

const signature = z.strictObject({
  state: z
    .enum(["trusted", "unknown", "unsigned", "wrong"])
    .describe("unknown: by keys that lotse.yml does not list; wrong: it does not fit the release"),
  keys: z.array(z.string()).describe("the public keys that signed"),
  signers: z.array(z.string()).describe("the names of the listed signers among them"),
  problem: z.string().nullable().describe("why the release may not be deployed; null where it may"),
});

const migration = z.strictObject({ path: z.string(), reversible: z.boolean() });

/** `lotse release create | show`, and each of `lotse release list`. */
export const releaseShape = z.strictObject({
  id,
  version: z.string(),
  createdAt: z.string(),
  createdBy: z.string(),
  commit: z.string().nullable(),
  dirty: z.boolean().describe("whether files of the workspace differed from the commit"),
  code: z.strictObject({ digest: z.string(), files: count, bytes: count }),
  image: z.string().nullable().describe("registry/name@sha256:digest"),
  artefact: z.strictObject({ name: z.string(), digest: z.string(), size: count }).nullable(),
  migrations: z
    .array(z.strictObject({ ...migration.shape, digest: z.string() }))
    .nullable()
    .describe("null where lotse.yml names none"),
  target: z.looseObject({ type: z.string() }),
  configurations: z
    .record(z.string(), z.record(z.string(), z.string()))
    .describe("environment, tenant, digest of the resolved configuration"),
  policy: releasedPolicyShape
    .nullable()
    .optional()
    .describe("release show only: what the policy said when it was made; null where it was not asked"),
  signature: signature.optional().describe("release show only"),
  created: z
    .boolean()
    .optional()
    .describe(
      "release create only: false where this very content had been released before, or for a dry run",
    ),
  dryRun: z.boolean().optional().describe("release create only"),
  tag: z
    .string()
    .nullable()
    .optional()
    .describe("release create only: the git tag; null where none was asked for"),
  signed: z.boolean().optional().describe("release create only"),
  warnings: z.array(z.string()).optional().describe("release create only"),
});

/** `lotse release verify` */
export const releaseVerifyShape = z.strictObject({
  ok: z.boolean(),
  releases: z.array(
    z.strictObject({
      id,
      version: z.string().nullable().describe("null where the record cannot be read"),
      ok: z.boolean(),
      checked: count.describe("how many objects were read"),
      signature: signature.nullable(),
      problems: z.array(z.string()),
    }),
  ),
});

const valueChange = z.strictObject({
  path: z.string(),
  kind,
  before: z.unknown().describe("null where there was nothing"),
  after: z.unknown().describe("null where there is nothing"),
});

const secretVersion = z.strictObject({ file: z.string(), version: z.int().min(1) });
const named = z.strictObject({ id, version: z.string() });

/** `lotse release diff` */
export const releaseDiffShape = z.strictObject({
  same: z.boolean(),
  from: named,
  to: named,
  code: z.strictObject({
    commit: valueChange.nullable(),
    image: valueChange.nullable(),
    artefact: valueChange.nullable(),
    files: z.array(
      z.strictObject({
        path: z.string(),
        kind,
        sizeBefore: count.nullable(),
        sizeAfter: count.nullable(),
      }),
    ),
  }),
  tenants: z.strictObject({ added: scopes, removed: scopes }),
  configuration: z.array(z.strictObject({ ...valueChange.shape, scopes })),
  secrets: z
    .array(
      z.strictObject({
        name: z.string(),
        kind: z.enum(["added", "removed", "changed", "re-encrypted"]),
        before: secretVersion.nullable(),
        after: secretVersion.nullable(),
        scopes,
      }),
    )
    .describe("versions, never values"),
  rendered: z.array(
    z.strictObject({ path: z.string(), kind, diff: z.array(z.string()).describe("unified"), scopes }),
  ),
  target: z.array(valueChange),
  policy: z.array(
    z.strictObject({
      check: z.string(),
      before: z.string().describe("a status; good for a pass, and for what does not apply"),
      after: z.string(),
      scopes,
    }),
  ),
  migrations: z.strictObject({
    added: z.array(migration),
    removed: z.array(migration),
    changed: z.array(z.string()),
    irreversible: z.array(z.string()).describe("because of these there is no way back between the two"),
  }),
});

/** `lotse release notes`: one for a range, all for `--changelog`. */
export const releaseNotesShape = z.array(
  z.strictObject({
    from: z.string().nullable().describe("null for the first version"),
    to: z.string().describe("a version, or Unreleased"),
    at: z.string().nullable(),
    breaking: z.array(z.strictObject({ commit: z.string(), scope: z.string().nullable(), text: z.string() })),
    groups: z.array(
      z.strictObject({
        group: z.enum(["features", "fixes", "performance", "reverts", "documentation", "internal", "other"]),
        entries: z.array(
          z.strictObject({ commit: z.string(), scope: z.string().nullable(), subject: z.string() }),
        ),
      }),
    ),
  }),
);

/** `lotse release prune` */
export const releasePruneShape = z.strictObject({
  dryRun: z.boolean(),
  removed: z.array(named),
  kept: z.array(z.strictObject({ ...named.shape, because: z.enum(["in-use", "newest"]) })),
  files: count.nullable().describe("how many files went besides the records; null for a dry run"),
  bytes: count.nullable(),
});

/** `lotse release sign` */
export const releaseSignShape = z.strictObject({ id, version: z.string(), key: z.string() });
