import { RE2JS } from "re2js";
import * as z from "zod";
import { canonicalJson, digestOf, LotseError } from "../../kernel/index.ts";
import type { MetaValue } from "./formats/adapter.ts";
import { metaOf, itemAt } from "./formats/tree.ts";
import { toJson } from "./formats/yaml.ts";
import { parseYamlNodes } from "./formats/yaml-parse.ts";
import type { Node } from "./formats/parsed.ts";
import type { RecipientSet } from "./keys/recipients.ts";
import { defaultLimits } from "./limits.ts";
import { isPattern, ruleNames, rulesInUse, type RuleSet } from "./rules.ts";
import { SourceText } from "./source-text.ts";

/** What `.sops.yaml` says of a new file. */
export interface CreationRule {
  readonly recipients: RecipientSet;
  readonly rules: RuleSet;
}

const maxRules = 1000;
/** Nodes of the file, aliases followed. */
const maxNodes = 100_000;
const text = z.string().max(65_536);
const list = z.union([text, z.array(text).max(1000)]).nullish();
const others = {
  pgp: list,
  kms: z.unknown().optional(),
  gcp_kms: z.unknown().optional(),
  azure_keyvault: z.unknown().optional(),
  hc_vault: z.unknown().optional(),
  hckms: z.unknown().optional(),
};
const groupSchema = z.strictObject({ age: list, merge: z.array(z.unknown()).max(100).nullish(), ...others });
const pattern = text.refine(isPattern, "is not a pattern that RE2 reads").optional();
const ruleSchema = z.strictObject({
  path_regex: pattern,
  age: list,
  key_groups: z.array(groupSchema).max(255).nullish(),
  shamir_threshold: z.int().min(0).max(255).optional(),
  unencrypted_suffix: text.optional(),
  encrypted_suffix: text.optional(),
  unencrypted_regex: pattern,
  encrypted_regex: pattern,
  unencrypted_comment_regex: pattern,
  encrypted_comment_regex: pattern,
  mac_only_encrypted: z.boolean().optional(),
  aws_profile: z.unknown().optional(),
  hc_vault_transit_uri: z.unknown().optional(),
  ...others,
});
/** What else stands on top is sops's or a place for anchors, such as `keys:`. */
const fileSchema = z.object({ creation_rules: z.array(ruleSchema).max(maxRules).nullish() });

type Rule = z.infer<typeof ruleSchema>;

/** Keys that only sops itself can wrap for. */
const foreign = [
  "pgp",
  "kms",
  "gcp_kms",
  "azure_keyvault",
  "hc_vault",
  "hckms",
  "hc_vault_transit_uri",
] as const;

/** What `.sops.yaml` says of all new files. */
export interface CreationRules {
  /** The age and SSH recipients of each rule and key group, in their order; layout and comments do not count. */
  readonly lists: readonly (readonly string[])[];
  /** SHA-256 of the rules' canonical form: other digests mean other rules. */
  readonly digest: string;
  /** As {@link creationRuleFor}. @throws LotseError `secret.rules` */
  ruleFor(path: string): CreationRule | null;
}

/**
 * Finds what `.sops.yaml` says of a new file: the first creation rule whose `path_regex` is found in its path,
 * or that has none (https://getsops.io/docs/#using-sopsyaml-conf-to-select-kms-pgp-and-age-for-new-files).
 *
 * @param configText - the content of `.sops.yaml`
 * @param path - relative to the directory of `.sops.yaml`, with forward slashes
 * @returns `null` where no rule fits
 * @throws LotseError `secret.rules` with line and column where the file is broken, or the rule has keys that
 * nothing here can encrypt for
 */
export function creationRuleFor(configText: string, path: string, file = ".sops.yaml"): CreationRule | null {
  return parseCreationRules(configText, file).ruleFor(path);
}

/**
 * Reads all creation rules of a `.sops.yaml`.
 *
 * @throws LotseError `secret.rules` with line and column where the file is broken
 */
export function parseCreationRules(configText: string, file = ".sops.yaml"): CreationRules {
  const source = new SourceText(file, configText);
  const root = parseRoot(source);
  const parsed = root === undefined ? undefined : fileSchema.safeParse(toJson(readAll(root, source)));
  if (root !== undefined && parsed?.success === false) throw schemaError(source, root, parsed.error);
  const rules = parsed?.data?.creation_rules ?? [];
  return {
    lists: rules.flatMap((rule) => {
      const groups = rule.key_groups ?? [];
      return groups.length === 0 ? [listOf(rule.age)] : groups.map(({ age }) => listOf(age));
    }),
    digest: digestOf(canonicalJson(rules.map(plainRule))),
    ruleFor: (path) => {
      for (const [index, rule] of rules.entries()) {
        const regex = rule.path_regex ?? "";
        if (regex !== "" && !RE2JS.compile(regex).matcher(path).find()) continue;
        return ruleOf(rule, source, root === undefined ? 0 : offsetAt(root, ["creation_rules", index]));
      }
      return null;
    },
  };
}

/** A rule with its recipients as a list, however they are written; what is not said is left out. */
function plainRule(rule: Rule): unknown {
  const known = { ...rule, age: listOf(rule.age) };
  const groups = rule.key_groups?.map((group) => ({ ...group, age: listOf(group.age) }));
  return JSON.parse(JSON.stringify({ ...known, ...(groups === undefined ? {} : { key_groups: groups }) }));
}

function parseRoot(source: SourceText): Node | undefined {
  try {
    return parseYamlNodes(source, { ...defaultLimits, maxEntries: 100_000, maxDocuments: 1 }).documents[0]
      ?.root;
  } catch (error) {
    if (!(error instanceof LotseError)) throw error;
    const { message, hint, where } = error;
    throw new LotseError({ code: "secret.rules", message, hint, where });
  }
}

function readAll(root: Node, source: SourceText): MetaValue {
  try {
    return metaOf(root, source, { nodesLeft: maxNodes });
  } catch (error) {
    if (!(error instanceof LotseError)) throw error;
    const { message, hint, where } = error;
    throw new LotseError({ code: "secret.rules", message, hint, where });
  }
}

function schemaError(source: SourceText, root: Node, error: z.ZodError): LotseError {
  const [issue] = error.issues;
  const path = (issue?.path ?? []).filter((key) => typeof key !== "symbol");
  const name = path.join(".");
  const what =
    issue?.code === "unrecognized_keys"
      ? `${name === "" ? "the file" : name} has the unknown key ${issue.keys.join(", ")}`
      : `${name}: ${issue?.message ?? "is broken"}`;
  return source.fail("secret.rules", what, {
    offset: offsetAt(root, path),
    hint: "see https://getsops.io/docs/ for what .sops.yaml can say",
  });
}

function offsetAt(root: Node, path: readonly (string | number)[]): number {
  let node = root;
  let offset = root.start;
  for (const key of path) {
    const item = itemAt(node, key);
    if (item === undefined) break;
    offset = item.start;
    node = item.value.kind === "alias" ? item.value.target : item.value;
  }
  return offset;
}

function ruleOf(rule: Rule, source: SourceText, offset: number): CreationRule {
  const fail = (message: string, hint: string): LotseError =>
    source.fail("secret.rules", message, { offset, hint });
  const groups = rule.key_groups ?? [];
  const isForeign = (part: Partial<Record<(typeof foreign)[number], unknown>>): string | undefined =>
    foreign.find((name) => !isEmpty(part[name]));
  const kind = [rule, ...groups].map(isForeign).find((name) => name !== undefined);
  if (kind !== undefined) {
    throw fail(
      `the rule names keys of the kind ${kind}, for which only sops can encrypt`,
      "name age or SSH recipients",
    );
  }
  if (groups.some((group) => (group.merge ?? []).length > 0)) {
    throw fail("the rule merges key groups", "write the keys of each group out");
  }
  const rules = rulesOf(rule);
  if (rulesInUse(rules).length > 1)
    throw fail("the rule says in two ways what is encrypted", "keep one of them");
  if (groups.length === 0) {
    const recipients = listOf(rule.age);
    if (recipients.length === 0) throw fail("the rule names no recipient", "add age: with a recipient");
    return { recipients: { recipients }, rules };
  }
  const lists = groups.map((group) => listOf(group.age));
  if (lists.some((recipients) => recipients.length === 0))
    throw fail("a key group is empty", "add age: to it");
  const threshold = rule.shamir_threshold ?? 0;
  if (threshold > lists.length)
    throw fail("shamir_threshold is larger than the number of key groups", "lower it");
  return { recipients: { groups: lists, ...(threshold > 0 ? { shamirThreshold: threshold } : {}) }, rules };
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)
  );
}

function listOf(value: z.infer<typeof list>): readonly string[] {
  const texts = typeof value === "string" ? [value] : (value ?? []);
  return texts
    .flatMap((item) => item.split(","))
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function rulesOf(rule: Rule): RuleSet {
  const rules: Record<string, string | boolean> = {};
  for (const [name, field] of Object.entries(ruleNames)) {
    const value = rule[field];
    if (value !== undefined && value !== "") rules[name] = value;
  }
  if (rule.mac_only_encrypted === true) rules["macOnlyEncrypted"] = true;
  return rules;
}
