import * as z from "zod";
import type { MetaMap, MetaValue } from "./formats/adapter.ts";
import type { SopsLimits } from "./limits.ts";
import type { SopsMetadata } from "./model.ts";
import { isTime } from "./plain.ts";
import { defaultSuffix, isPattern, ruleNames, rulesInUse, type RuleSet } from "./rules.ts";
import type { SourceText } from "./source-text.ts";

/** One wrapped copy of the data key, or of a share of it. */
export interface KeyEntry {
  /** The list it stands in: `age`, `pgp`, `kms`, `gcp_kms`, `azure_kv`, `hc_vault`, or one this version does not know. */
  readonly kind: string;
  /** Whom it is for, to compare and to name: the age or SSH recipient, the fingerprint, the ARN. */
  readonly id: string;
  /** The wrapped key, in the form of its kind. */
  readonly enc: string;
  /** Every field of it in order, so that what this version does not know is kept. */
  readonly fields: MetaMap;
}

/** Keys of which any one opens the data key, or this group's share of it. */
export interface KeyGroup {
  readonly entries: readonly KeyEntry[];
}

/** The kinds of keys that sops writes, in its order, with the fields that name one. */
const kinds: ReadonlyMap<string, readonly string[]> = new Map([
  ["kms", ["arn"]],
  ["gcp_kms", ["resource_id"]],
  ["azure_kv", ["vault_url", "name", "version"]],
  ["hc_vault", ["vault_address", "engine_path", "key_name"]],
  ["hckms", ["key_id"]],
  ["age", ["recipient"]],
  ["pgp", ["fp"]],
]);

const text = z.string().max(1_048_576);
const scalarFields = {
  shamir_threshold: z.union([z.int().min(0).max(255), z.string().regex(/^\d{1,3}$/u)]).optional(),
  lastmodified: z.string().refine(isTime, "is not a time in RFC 3339"),
  mac: text,
  version: z.union([z.string().max(64), z.number()]).transform(String),
  mac_only_encrypted: z.union([z.boolean(), z.enum(["true", "false"])]).optional(),
  unencrypted_suffix: text.optional(),
  encrypted_suffix: text.optional(),
  unencrypted_regex: text.optional(),
  encrypted_regex: text.optional(),
  unencrypted_comment_regex: text.optional(),
  encrypted_comment_regex: text.optional(),
};
const scalarSchema = z.object(scalarFields);

/**
 * Reads the metadata of a file. What is not known is refused, but for lists of keys of a kind that is not
 * known: those are kept.
 *
 * @throws LotseError `secret.format`, `secret.mac` where there is no MAC
 */
export function readMetadata(
  map: MetaMap,
  source: SourceText,
  limits: SopsLimits,
  offset?: number,
): SopsMetadata {
  const reader = new MetadataReader(source, limits, offset);
  return reader.read(map);
}

class MetadataReader {
  readonly #source: SourceText;
  readonly #limits: SopsLimits;
  readonly #offset: number | undefined;
  #keys = 0;

  constructor(source: SourceText, limits: SopsLimits, offset: number | undefined) {
    this.#source = source;
    this.#limits = limits;
    this.#offset = offset;
  }

  read(map: MetaMap): SopsMetadata {
    if ((map.get("mac") ?? "") === "") {
      throw this.#source.fail(
        "secret.mac",
        "the file has no MAC, so nobody can tell whether it was changed",
        {
          offset: this.#offset,
          hint: "take the version before from git, or encrypt the plain file again",
        },
      );
    }
    const scalars = scalarSchema.safeParse(
      Object.fromEntries([...map].filter(([key]) => key in scalarFields)),
    );
    if (!scalars.success) {
      const [issue] = scalars.error.issues;
      throw this.#fail(
        `the sops metadata is broken at ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
      );
    }
    const fields = scalars.data;
    const { groups, grouped } = this.#groups(map);
    const rules = this.#rules(fields);
    return {
      groups,
      grouped,
      shamirThreshold: this.#threshold(Number(fields.shamir_threshold ?? 0), groups.length, grouped),
      lastModified: fields.lastmodified.replace(/\.\d+/u, ""),
      mac: fields.mac,
      version: fields.version,
      rules,
    };
  }

  #fail(message: string): Error {
    return this.#source.fail("secret.format", message, {
      offset: this.#offset,
      hint: "was the file merged or edited by hand?",
    });
  }

  #groups(map: MetaMap): { groups: readonly KeyGroup[]; grouped: boolean } {
    const single = this.#group(map, new Set([...Object.keys(scalarFields), "key_groups"]));
    const listed = map.get("key_groups") ?? [];
    if (!Array.isArray(listed)) throw this.#fail("key_groups is not a list");
    const groups = (listed as readonly MetaValue[]).map((group) => {
      if (!(group instanceof Map)) throw this.#fail("a key group is not a map");
      return this.#group(group as MetaMap, new Set());
    });
    if (single.entries.length > 0 && groups.length > 0)
      throw this.#fail("keys stand both in key_groups and beside it");
    if (groups.length === 0 && single.entries.length === 0) throw this.#fail("the file has no keys");
    return groups.length > 0 ? { groups, grouped: true } : { groups: [single], grouped: false };
  }

  #group(map: MetaMap, others: ReadonlySet<string>): KeyGroup {
    const entries: KeyEntry[] = [];
    for (const [kind, list] of map) {
      if (others.has(kind) || list === null) continue;
      if (!Array.isArray(list)) throw this.#fail(`the metadata field ${JSON.stringify(kind)} is not known`);
      for (const item of list as readonly MetaValue[]) {
        if (!(item instanceof Map)) throw this.#fail(`a key of ${kind} is not a map`);
        entries.push(this.#entry(kind, item as MetaMap));
      }
    }
    return { entries };
  }

  #entry(kind: string, fields: MetaMap): KeyEntry {
    this.#keys += 1;
    if (this.#keys > this.#limits.maxRecipients) {
      throw this.#fail(`the file has more than ${this.#limits.maxRecipients} keys`);
    }
    const enc = fields.get("enc");
    const names =
      kinds.get(kind) ?? [...fields.keys()].filter((key) => key !== "enc" && key !== "created_at");
    const id = names.map((name) => fields.get(name)).filter((part) => typeof part === "string");
    if (typeof enc !== "string" || id.length === 0)
      throw this.#fail(`a key of ${kind} lacks its name or its wrapped key`);
    return { kind, id: id.join("/"), enc, fields };
  }

  #threshold(threshold: number, groups: number, grouped: boolean): number {
    if (!grouped) return 0;
    if (threshold > groups)
      throw this.#fail(`shamir_threshold is ${threshold}, and there are ${groups} key groups`);
    return threshold;
  }

  #rules(fields: z.infer<typeof scalarSchema>): RuleSet {
    const rules: Record<string, string> = {};
    for (const [name, field] of Object.entries(ruleNames)) {
      const value = fields[field];
      if (value !== undefined && value !== "") rules[name] = value;
      if (value !== undefined && field.endsWith("regex") && !isPattern(value)) {
        throw this.#fail(`${field} is not a pattern that RE2 reads`);
      }
    }
    if (rulesInUse(rules).length > 1) throw this.#fail("more than one rule says what is encrypted");
    const macOnly = fields.mac_only_encrypted === true || fields.mac_only_encrypted === "true";
    return macOnly ? { ...rules, macOnlyEncrypted: true } : rules;
  }
}

/** Metadata in the order in which it is written. */
export function metadataMap(metadata: SopsMetadata): MetaMap {
  const map = new Map<string, MetaValue>();
  if (metadata.grouped) {
    if (metadata.shamirThreshold > 0) map.set("shamir_threshold", metadata.shamirThreshold);
    map.set(
      "key_groups",
      metadata.groups.map((group) => groupMap(group)),
    );
  } else {
    for (const [kind, list] of groupMap(metadata.groups[0] ?? { entries: [] })) map.set(kind, list);
  }
  map.set("lastmodified", metadata.lastModified);
  map.set("mac", metadata.mac);
  const [rule] = rulesInUse(metadata.rules);
  if (rule === undefined) map.set(ruleNames.unencryptedSuffix, defaultSuffix);
  else map.set(ruleNames[rule], metadata.rules[rule] ?? "");
  if (metadata.rules.macOnlyEncrypted === true) map.set("mac_only_encrypted", true);
  map.set("version", metadata.version);
  return map;
}

function groupMap(group: KeyGroup): MetaMap {
  const map = new Map<string, MetaValue[]>();
  const order = [...kinds.keys()];
  const sorted = group.entries.toSorted((left, right) => rank(order, left.kind) - rank(order, right.kind));
  for (const entry of sorted) {
    const list = map.get(entry.kind) ?? [];
    list.push(entry.fields);
    map.set(entry.kind, list);
  }
  return map;
}

function rank(order: readonly string[], kind: string): number {
  const at = order.indexOf(kind);
  return at < 0 ? order.length : at;
}

/** All keys of a file, whatever group they are in. */
export function entriesOf(metadata: SopsMetadata): readonly KeyEntry[] {
  return metadata.groups.flatMap((group) => group.entries);
}
