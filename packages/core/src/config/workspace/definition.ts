import { z } from "zod";

const name = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/u, "use letters, digits, dots, underscores and dashes");

const relativePath = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    (path) => !path.startsWith("/") && !path.split("/").includes(".."),
    "use a path inside the workspace",
  );

const pattern = relativePath.regex(
  /\.(yml|yaml|json|env)$|\.env(\.[^/]*)?$/u,
  "end it in .yml, .yaml, .json or .env",
);

const fileLayer = z.strictObject({
  name: name.describe("how locks, explain and --without call the layer"),
  path: pattern
    .optional()
    .describe("file pattern with {env}, {tenant}, {override}, {tenant.ATTRIBUTE} and *"),
  paths: z.array(pattern).min(1).max(64).optional().describe("several patterns of equal rank"),
  required: z.boolean().default(false).describe("whether a missing file is an error"),
});

const processLayer = z.strictObject({
  name,
  from: z.literal("process-environment"),
  prefix: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*__$/u, "end it in two underscores, such as LOTSE__")
    .default("LOTSE__")
    .describe("variables PREFIX + A__B set the path a.b"),
});

const setLayer = z.strictObject({ name, from: z.literal("set") });

const layer = z.union([
  pattern.describe("short for {path: …}, named after its file"),
  fileLayer,
  processLayer,
  setLayer,
]);

const breakGlass = z.strictObject({
  path: z.string().min(1).max(4096).describe("the locked path, or one above it"),
  environment: name.optional(),
  tenant: name.optional(),
  reason: z.string().trim().min(8, "say why in a few words").max(1000),
  expires: z.iso.date("write the day as YYYY-MM-DD").describe("the last day on which it holds, in UTC"),
});

const positive = z.int().positive();

const limits = z.strictObject({
  "max-file-bytes": positive.max(1024 * 1024 * 1024).default(16 * 1024 * 1024),
  "max-depth": positive.max(500).default(64),
  "max-nodes": positive.max(100_000_000).default(1_000_000),
});

const references = z.strictObject({
  env: z
    .array(z.string().min(1))
    .max(1000)
    .optional()
    .describe("the variables that ${env:…} may read; all if left out"),
  files: z
    .array(relativePath)
    .max(1000)
    .optional()
    .describe("the directories that ${file:…} may read; all but secrets/ if left out"),
});

const artefact = z.strictObject({
  file: relativePath.describe("a file of the workspace, such as a tarball; a release keeps its bytes"),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/u, "write it as 64 hexadecimal digits")
    .optional()
    .describe("what it must be; the file as it is if left out"),
});

const migrations = z.strictObject({
  directory: relativePath.describe("the directory of the migration files; each file is one migration"),
  irreversible: z
    .array(z.string().min(1).max(256))
    .max(10_000)
    .default([])
    .describe("names of files, or patterns, that cannot be undone, besides those that say so themselves"),
});

const app = z
  .strictObject({
    code: relativePath.optional().describe("the directory whose files are the code of a release"),
    exclude: z
      .array(z.string().min(1).max(256))
      .max(256)
      .default([])
      .describe("names or paths left out of the code"),
    image: z
      .string()
      .max(512)
      .regex(/^[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}$/u, "write it as registry/name@sha256:DIGEST")
      .optional()
      .describe("a container image by its digest; a tag would not say which one"),
    artefact: artefact.optional(),
    migrations: migrations.optional(),
    keep: z
      .int()
      .min(1)
      .max(100_000)
      .default(10)
      .describe("how many releases `lotse release prune` keeps, besides those in use"),
    hooks: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("commands before and after the phases of a rollout; see docs/release.md"),
    target: z.record(z.string(), z.unknown()).describe("where and how it runs; see docs/release.md"),
  })
  .refine(
    ({ code, image, artefact: file }) => code !== undefined || image !== undefined || file !== undefined,
    { message: "name what runs: code, image or artefact" },
  );

const secretPattern = relativePath.regex(
  /^(?:[^{}*]|\{env\}|\{tenant\})+\.(?:yml|yaml|json|env|ini)$/u,
  "use {env} and {tenant}, and end it in .yml, .yaml, .json, .env or .ini",
);

const secrets = z.strictObject({
  layers: z
    .array(secretPattern)
    .min(1)
    .max(16)
    .default(["{env}/secrets/{env}.yml", "{env}/secrets/tenants/{tenant}.yml"])
    .describe(
      "the sops files of a scope, lowest first; a pattern with {tenant} binds its file to the tenant",
    ),
  signers: z
    .array(
      z.strictObject({
        name,
        key: z
          .string()
          .regex(/^ed25519:[A-Za-z0-9+/]{43}=$/u, "write it as `lotse secrets signer` prints it")
          .describe("the public key that signs manifests"),
        environments: z.array(name).max(64).optional().describe("only for these; all if left out"),
      }),
    )
    .max(1000)
    .default([])
    .describe("whose manifests count; the first signer of each file is remembered if none is listed"),
});

const witness = z.union([
  z.strictObject({
    type: z.literal("file"),
    path: z.string().min(1).max(4096).describe("a directory outside the workspace, absolute or with ~/"),
  }),
  z.strictObject({
    type: z.literal("git"),
    remote: z.string().min(1).max(2048).describe("a remote's name or address that checkpoints are pushed to"),
    ref: z.string().min(1).max(256).default("refs/lotse/audit"),
  }),
  z.strictObject({
    type: z.literal("key"),
    path: z.string().min(1).max(4096).describe("a second Ed25519 key, absolute or with ~/"),
  }),
]);

const audit = z.strictObject({
  witnesses: z
    .array(witness)
    .max(16)
    .default([])
    .describe("who else remembers how far the log was; a file in the user's state directory always does"),
  "retention-days": z
    .record(name, z.int().min(1).max(36_500))
    .default({})
    .describe("how long the content of entries is kept, by environment; for ever if left out"),
});

const plainPath = relativePath
  // A template's path is written into a release and onto hosts: it has one form only.
  .regex(/^[^\\\p{Cc}]+$/u, "use a path without backslashes and control characters")
  .refine(
    (path) => path.split("/").every((part) => part !== "" && part !== "."),
    "write the path without // and without .",
  );

const deployedTemplate = z.strictObject({
  template: plainPath.describe("the template, below `root`"),
  to: plainPath.describe(
    "the file that it makes, below the directory of a release's files; with {env} and {tenant}",
  ),
  root: plainPath
    .default("templates")
    .describe("the directory that template, include, import and extends look in"),
  environments: z
    .array(name)
    .min(1)
    .max(64)
    .optional()
    .describe("only in these; in all environments if left out"),
  secret: z
    .boolean()
    .optional()
    .describe("whether it holds the content of secrets; by the template's name, *.secret.j2, if left out"),
  format: z
    .enum(["text", "yaml"])
    .optional()
    .describe("yaml looks for values that change the structure; by the ending of `to` if left out"),
});

/** The schema of `lotse.yml`. It gives the types, the errors, `schemas/lotse.json` and the documentation. */
export const workspaceFile = z.strictObject({
  version: z.literal(1),
  name: name.optional(),
  root: relativePath.default("environments").describe("the directory that layer paths start from"),
  schema: relativePath
    .optional()
    .describe("the JSON Schema (2020-12) of a resolved environment, in JSON or YAML"),
  environments: z
    .record(name, z.strictObject({ aliases: z.array(name).max(16).default([]) }).nullable())
    .default({
      dev: { aliases: ["development"] },
      staging: { aliases: [] },
      prod: { aliases: ["production"] },
    }),
  layers: z
    .array(layer)
    .min(1)
    .max(64)
    .optional()
    .describe("lowest first; the tree of the documentation if left out"),
  references: references.default({}),
  limits: limits.default({ "max-file-bytes": 16 * 1024 * 1024, "max-depth": 64, "max-nodes": 1_000_000 }),
  "break-glass": z.array(breakGlass).max(1000).default([]),
  secrets: secrets.prefault({}),
  audit: audit.prefault({}),
  templates: z
    .array(deployedTemplate)
    .max(1000)
    .default([])
    .describe("the files that are rendered for each tenant; a release holds them"),
  app: app.optional(),
});

/** The content of `lotse.yml` after its defaults were filled in. */
export type WorkspaceFile = z.infer<typeof workspaceFile>;

/** An entry that lifts a lock for a while. */
export type BreakGlass = z.infer<typeof breakGlass>;

/** What a release is made of and where it runs, as `lotse.yml` says it. */
export type AppDefinition = z.infer<typeof app>;

/** Where the secrets of a scope are and whose signatures count, as `lotse.yml` says it. */
export type SecretsDefinition = z.infer<typeof secrets>;

/** Who witnesses the audit log and how long its entries are kept, as `lotse.yml` says it. */
export type AuditDefinition = z.infer<typeof audit>;

/** A template whose file belongs to what is deployed, as `lotse.yml` says it. */
export type TemplateDefinition = z.infer<typeof deployedTemplate>;
