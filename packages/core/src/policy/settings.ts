import { z } from "zod";
import { parsePath } from "../config/index.ts";
import { isLotseError, LotseError, type Files } from "../kernel/index.ts";
import { defaultMaxWaiverDays } from "./engine/run.ts";
import { factCatalogue } from "./facts/catalogue.ts";
import { readPolicyFile, type PolicyFile } from "./read-file.ts";

/** The file of a workspace that says how its policy differs from the default. */
const settingsFile = "policy/policy.yml";

const name = z.string().min(1).max(63);
const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/u, "use lower-case letters, digits and dashes");
const path = z.string().min(1).max(4096);
const host = z.string().min(1).max(253);

/** The schema of `policy/policy.yml`. */
export const settingsSchema = z.strictObject({
  version: z.literal(1),
  facts: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_.]{0,99}$/u, "use lower-case letters, digits, dots and underscores"),
      z.union([path, z.array(path).min(1).max(16)]),
    )
    .default({})
    .describe("configuration paths of facts: of ours that stand elsewhere here, and of your own"),
  frameworks: z
    .strictObject({
      default: z.array(id).max(50).default([]).describe("where neither configuration nor tenant names any"),
      all: z.array(id).max(50).default([]).describe("for every tenant, besides what else applies"),
      path: path.default("compliance.frameworks").describe("the configuration path that lists them"),
      tenants: z.record(name, z.array(id).max(50)).default({}).describe("more of them, by tenant"),
    })
    .default({ default: [], all: [], path: "compliance.frameworks", tenants: {} }),
  profiles: z.record(name, id).default({}).describe("the profile of an environment, by its name"),
  waivers: z
    .strictObject({
      "max-days": z.int().min(1).max(3650).default(defaultMaxWaiverDays).describe("from approval to expiry"),
    })
    .default({ "max-days": defaultMaxWaiverDays }),
  strict: z.boolean().default(false).describe("whether an unknown fails"),
  probes: z
    .array(
      z.strictObject({
        environments: z.array(name).min(1).max(64),
        tenants: z.array(name).min(1).max(1000).default(["*"]),
        tls: z
          .array(z.strictObject({ host, port: z.int().min(1).max(65_535).default(443) }))
          .max(64)
          .default([]),
        http: z
          .array(z.url({ protocol: /^http$/u }))
          .max(64)
          .default([])
          .describe("http:// addresses"),
        ports: z
          .strictObject({ host, database: z.int().min(1).max(65_535).default(5432) })
          .optional()
          .describe("the database as seen from where the check runs"),
        postgresql: z
          .strictObject({
            host,
            port: z.int().min(1).max(65_535).default(5432),
            login: z
              .strictObject({
                user: z.string().min(1).max(63),
                password: z
                  .string()
                  .max(500)
                  .regex(
                    /^\$\{secret:[^#\s{}]+(?:#[^#\s{}]+)?\}$/u,
                    "refer to a secret: ${secret:path#field}",
                  ),
                database: z.string().min(1).max(63).default("postgres"),
                tls: z
                  .enum(["verify-full", "require", "off"])
                  .default("verify-full")
                  .describe("how the server is verified"),
                ca: z.string().min(1).max(1024).optional().describe("a file of the workspace in PEM"),
              })
              .optional()
              .describe("as whom the server is asked for its settings"),
          })
          .optional(),
      }),
    )
    .max(1000)
    .default([])
    .describe("what `--probe` asks the running system"),
});

/** What `policy/policy.yml` says, with its defaults filled in. */
export type PolicySettings = z.infer<typeof settingsSchema>;

/** One entry of `probes`. */
export type ProbeSettings = PolicySettings["probes"][number];

/** What holds where a workspace has no `policy/policy.yml`. */
export function defaultSettings(): PolicySettings {
  return settingsSchema.parse({ version: 1 });
}

/**
 * Reads `policy/policy.yml`.
 *
 * @returns `undefined` where there is none
 * @throws LotseError `policy.profile` with a place for what does not fit, `parse.*`
 */
export function readSettings(files: Files): PolicyFile<PolicySettings> | undefined {
  const read = readPolicyFile(files, settingsFile, settingsSchema, "policy.profile");
  if (read === undefined) return undefined;
  for (const [fact, paths] of Object.entries(read.value.facts)) {
    for (const text of [paths].flat()) checkPath(text, () => read.where(["facts", fact]));
    if (Object.hasOwn(factCatalogue, fact) || fact.includes(".")) continue;
    throw new LotseError({
      code: "policy.profile",
      message: `the fact ${fact} has no dot in its name`,
      hint: "name facts by subject and property, such as queue.encrypted",
      where: read.where(["facts", fact]),
    });
  }
  return read;
}

function checkPath(text: string, where: () => NonNullable<LotseError["where"]>): void {
  try {
    parsePath(text);
  } catch (error) {
    if (!isLotseError(error)) throw error;
    throw new LotseError({
      code: "policy.profile",
      message: error.message,
      hint: error.hint,
      where: where(),
    });
  }
}

/** The paths of facts, each as a list. */
export function ownPaths(settings: PolicySettings): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(settings.facts).map(([fact, paths]) => [fact, [paths].flat()]));
}
