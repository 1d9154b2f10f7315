import { join } from "node:path";
import { suggest } from "../config/index.ts";
import { DirectoryFiles, LotseError, packageDirectory, type Files } from "../kernel/index.ts";
import { builtinChecks } from "./checks/builtin.ts";
import { frameworksDescribed } from "./checks/frameworks-described.ts";
import type { Check } from "./checks/check.ts";
import { loadModules, mergeChecks, readDeclaredChecks } from "./checks/load.ts";
import type { FactSource } from "./facts/fact.ts";
import { openRecords } from "./facts/records.ts";
import { mergeFrameworks, readFrameworks, type Framework } from "./frameworks/framework.ts";
import { mergeProfiles, readProfiles, type Profile } from "./profiles/profile.ts";
import { defaultSettings, readSettings, type PolicySettings } from "./settings.ts";
import type { PolicyFile } from "./read-file.ts";
import { readWaivers, type WaiverFiles } from "./waivers/waiver.ts";

/** Where a workspace keeps frameworks and profiles of its own. */
const frameworkDirectory = "policy/frameworks";
const profileDirectory = "policy/profiles";

/** Everything that scopes are judged by. */
export interface PolicyRules {
  readonly settings: PolicySettings;
  /** Whether the workspace has a `policy/policy.yml`: without one, the release gate is not asked. */
  readonly configured: boolean;
  readonly frameworks: readonly Framework[];
  readonly profiles: readonly Profile[];
  readonly checks: readonly Check[];
  /** Those of them that are modules of the workspace. */
  readonly modules: readonly Check[];
  readonly waivers: WaiverFiles;
  readonly sources: readonly FactSource[];
}

/** What rules are read from besides the files. */
export interface RuleOptions {
  /** The absolute path of the workspace; without it, modules in `policy/checks` are not loaded. */
  readonly directory?: string | undefined;
  /** Checks of modules that are loaded already: a revision in git is judged by the code at hand. */
  readonly modules?: readonly Check[] | undefined;
  /** The authors of the waivers; see `authorsOf`. */
  readonly authors?: ReadonlyMap<string, readonly string[]> | undefined;
  /** Further sources; the first that knows a fact is believed, and records come after them. */
  readonly sources?: readonly FactSource[] | undefined;
}

/** The frameworks and profiles that come with the package, as data. */
export function packagedRules(): Pick<PolicyRules, "frameworks" | "profiles"> {
  const files = new DirectoryFiles(join(packageDirectory("@lotse/core", import.meta.url), "data", "policy"));
  return { frameworks: readFrameworks(files, "frameworks"), profiles: readProfiles(files, "profiles") };
}

/**
 * Reads the rules of a workspace: ours, and its own on top.
 *
 * @throws LotseError `policy.*` with the place of what is broken; broken waivers are in the result instead
 */
export async function loadRules(files: Files, options: RuleOptions = {}): Promise<PolicyRules> {
  const packaged = packagedRules();
  const settings = readSettings(files);
  const declared = readDeclaredChecks(files);
  const modules =
    options.directory === undefined ? (options.modules ?? []) : await loadModules(files, options.directory);
  const rules: PolicyRules = {
    settings: settings?.value ?? defaultSettings(),
    configured: settings !== undefined,
    frameworks: mergeFrameworks(packaged.frameworks, readFrameworks(files, frameworkDirectory)),
    profiles: mergeProfiles(packaged.profiles, readProfiles(files, profileDirectory)),
    checks: mergeChecks([...builtinChecks, frameworksDescribed], declared, modules),
    modules,
    waivers: readWaivers(files, options.authors),
    sources: [...(options.sources ?? []), openRecords(files)],
  };
  checkNames(rules);
  if (settings !== undefined) checkFrameworks(settings, rules.frameworks);
  return rules;
}

/** What `policy/policy.yml` puts tenants under has to be there. @throws LotseError `policy.framework` with the place */
function checkFrameworks(settings: PolicyFile<PolicySettings>, frameworks: readonly Framework[]): void {
  const known = frameworks.map(({ id }) => id);
  const { default: fallback, all, tenants } = settings.value.frameworks;
  const demand = (names: readonly string[], path: readonly string[]): void => {
    for (const [index, name] of names.entries()) {
      if (known.includes(name)) continue;
      throw new LotseError({
        code: "policy.framework",
        message: `there is no framework ${name}`,
        hint: `${suggest(name, known)}; one of your own goes to policy/frameworks/${name}.yml`,
        where: settings.where(["frameworks", ...path, index]),
      });
    }
  };
  demand(fallback, ["default"]);
  demand(all, ["all"]);
  for (const [tenant, names] of Object.entries(tenants)) demand(names, ["tenants", tenant]);
}

/** A framework or profile that names a check that does not exist would quietly ask for less. */
function checkNames({ checks, frameworks, profiles }: PolicyRules): void {
  const known = new Set(checks.map(({ id }) => id));
  const demand = (name: string, code: "policy.framework" | "policy.profile", of: string): void => {
    if (known.has(name)) return;
    throw new LotseError({
      code,
      message: `${of} names the check ${name}, which does not exist`,
      hint: suggest(name, [...known]),
    });
  };
  for (const framework of frameworks) {
    for (const { id, checks: named } of framework.requirements)
      for (const name of named) demand(name, "policy.framework", `the framework ${framework.id}, ${id},`);
  }
  for (const profile of profiles) {
    const named = [
      ...profile.checks,
      ...(profile["not-applicable"]?.checks ?? []),
      ...profile.gate.checks,
      ...profile.gate.except,
      ...profile.gate.unknown,
    ];
    for (const name of named) demand(name, "policy.profile", `the profile ${profile.id}`);
  }
}
