import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { z } from "zod";
import { LotseError, type Files } from "../../kernel/index.ts";
import { severities } from "../model.ts";
import { policyFilesIn, readPolicyFile } from "../read-file.ts";
import type { Check } from "./check.ts";
import { checkOfDeclaration, declarationFile } from "./declarative.ts";

/** Where a workspace keeps checks of its own: modules and declarative rules. */
const checkDirectory = "policy/checks";

const names = z.array(z.string().min(1).max(4096)).max(100);
const values = z.record(z.string(), z.json());

/** The shape of a module's `default` export; the rule is called as it is. */
const moduleSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/u, "use lower-case letters, digits and dashes"),
  number: z.int().optional(),
  title: z.string().min(1).max(300),
  severity: z.enum(severities),
  why: z.string().min(1).max(2000),
  remedy: z.string().min(1).max(2000),
  facts: names.min(1),
  optional: names.optional(),
  rule: z.custom<Check["rule"]>((value) => typeof value === "function", "a rule is a function"),
  examples: z.strictObject({ pass: values, fail: values }),
});

/**
 * Loads the modules of a workspace, `policy/checks/*.ts`, `*.mts`, `*.js` and `*.mjs`, by `import()`. A module
 * runs with the rights of the command: it is code of the workspace, as its application is.
 *
 * @param directory - the absolute path of the workspace
 * @param load - imports a module by its URL. @defaultValue `import()`
 * @throws LotseError `policy.check` for a module that cannot be loaded or does not fit
 */
export async function loadModules(
  files: Files,
  directory: string,
  load: (url: string) => Promise<unknown> = async (url) => (await import(url)) as unknown,
): Promise<readonly Check[]> {
  const found: Check[] = [];
  for (const name of files.list(checkDirectory)) {
    if (!/\.m?[jt]s$/u.test(name) || /\.(?:test|d)\.m?[jt]s$/u.test(name)) continue;
    const file = `${checkDirectory}/${name}`;
    // The revision in the address makes a changed file a new module.
    const url = `${pathToFileURL(join(directory, file)).href}?${encodeURIComponent(files.stamp(file) ?? "")}`;
    found.push(checkOfModule(file, await importFrom(file, url, load)));
  }
  return found;
}

/** Reads the declarative checks of a workspace, `policy/checks/*.yml`. @throws LotseError `policy.check` */
export function readDeclaredChecks(files: Files): readonly Check[] {
  return policyFilesIn(files, checkDirectory).flatMap((file) => {
    const read = readPolicyFile(files, file, declarationFile, "policy.check");
    return read === undefined ? [] : [checkOfDeclaration(read)];
  });
}

/**
 * Our checks and a team's as one list. A team's check does not replace one of ours: waive ours, or leave it
 * out of the frameworks.
 *
 * @throws LotseError `policy.check` for two checks of one id
 */
export function mergeChecks(...sets: readonly (readonly Check[])[]): readonly Check[] {
  const all = sets.flat();
  const seen = new Set<string>();
  for (const { id } of all) {
    if (seen.has(id)) {
      throw new LotseError({
        code: "policy.check",
        message: `two checks are called ${id}`,
        hint: "give the check in policy/checks another id",
      });
    }
    seen.add(id);
  }
  return all;
}

async function importFrom(
  file: string,
  url: string,
  load: (url: string) => Promise<unknown>,
): Promise<unknown> {
  try {
    return await load(url);
  } catch (cause) {
    throw new LotseError({
      code: "policy.check",
      message: `${file} cannot be loaded: ${cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "unknown cause"}`,
      hint: "a module uses TypeScript that Node can strip, and exports a check as `default`",
      where: { file },
      cause,
    });
  }
}

function checkOfModule(file: string, module: unknown): Check {
  const exported =
    typeof module === "object" && module !== null && "default" in module ? module.default : undefined;
  const parsed = moduleSchema.safeParse(exported);
  if (parsed.success) return parsed.data as Check;
  const issue = parsed.error.issues[0];
  throw new LotseError({
    code: "policy.check",
    message: `${file}: ${exported === undefined ? "there is no default export" : `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`}`,
    hint: "see docs/policy.md, “Writing a check”",
    where: { file },
  });
}
