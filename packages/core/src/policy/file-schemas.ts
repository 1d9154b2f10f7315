import type { z } from "zod";
import { declarationFile } from "./checks/declarative.ts";
import { recordFile } from "./facts/record-schema.ts";
import { frameworkFile } from "./frameworks/framework.ts";
import { profileFile } from "./profiles/profile.ts";
import { settingsSchema } from "./settings.ts";
import { waiverFile } from "./waivers/waiver.ts";

/** The schemas of the files below `policy/`, by the names of their JSON Schemas under `schemas/`. */
export const policyFileSchemas = {
  policy: settingsSchema,
  "policy-waiver": waiverFile,
  "policy-framework": frameworkFile,
  "policy-profile": profileFile,
  "policy-declared-check": declarationFile,
  "policy-record": recordFile,
} as const satisfies Readonly<Record<string, z.ZodType>>;
