import type { Files } from "../../kernel/index.ts";
import { canonicalJson, digestOf } from "../../kernel/index.ts";
import { scopeMatches } from "../glob.ts";
import { policyFilesIn, readPolicyFile } from "../read-file.ts";
import type { Fact, FactScope, FactSource, FactValue } from "./fact.ts";
import { recordFile, type PolicyRecord } from "./record-schema.ts";

/** Where records are kept, one a file. */
const recordDirectory = "policy/records";

interface StoredRecord {
  readonly file: string;
  readonly record: PolicyRecord;
}

/**
 * Opens the records of a workspace as facts: of each kind, the newest that counts in a scope.
 *
 * @throws LotseError `policy.check` with the place of what does not fit in a record
 */
export function openRecords(files: Files): FactSource {
  const stored = policyFilesIn(files, recordDirectory)
    .flatMap((file): readonly StoredRecord[] => {
      const read = readPolicyFile(files, file, recordFile, "policy.check");
      return read === undefined ? [] : [{ file, record: read.value }];
    })
    .sort((left, right) => momentOf(right.record) - momentOf(left.record));
  const known = new Map<string, ReadonlyMap<string, Fact>>();
  return {
    name: "records",
    provides: [
      "drill.last",
      "alerts.tests",
      "access.review",
      "keys.rotated_at",
      "purge.last",
      "certificates.expiry",
    ],
    facts: (scope) => {
      const here = stored.map((each) => counts(each.record, scope));
      // Scopes in which the same records count share their facts.
      const key = here.map((yes) => (yes ? "1" : "0")).join("");
      let facts = known.get(key);
      if (facts === undefined) {
        facts = factsOf(stored.filter((_, index) => here[index]));
        known.set(key, facts);
      }
      return facts;
    },
  };
}

function momentOf({ at }: PolicyRecord): number {
  return Date.parse(at);
}

function counts({ scope }: PolicyRecord, { environment, tenant }: FactScope): boolean {
  return scopeMatches(scope, environment, tenant);
}

function factsOf(records: readonly StoredRecord[]): ReadonlyMap<string, Fact> {
  const facts = new Map<string, Fact>();
  const newest = (kind: PolicyRecord["kind"]): StoredRecord | undefined =>
    records.find(({ record }) => record.kind === kind);
  const put = (
    name: string,
    from: StoredRecord | undefined,
    value: (record: PolicyRecord) => FactValue,
  ): void => {
    if (from !== undefined) facts.set(name, recordFact(name, from, value(from.record)));
  };
  put("drill.last", newest("restore-drill"), ({ at, result }) => ({ at, ...(result as object) }));
  put("access.review", newest("access-review"), ({ at, result }) => ({ at, ...(result as object) }));
  put("purge.last", newest("purge"), ({ at, result }) => ({ at, ...(result as object) }));
  put("certificates.expiry", newest("certificates"), ({ result }) =>
    "certificates" in result ? result.certificates : [],
  );
  const rotations = newestOfEachKey(records);
  if (rotations.length > 0) facts.set("keys.rotated_at", listFact("keys.rotated_at", rotations));
  const tests = ["critical", "warning", "info"].flatMap(
    (severity) =>
      records.find(({ record }) => record.kind === "alert-test" && record.result.severity === severity) ?? [],
  );
  if (tests.length > 0) facts.set("alerts.tests", listFact("alerts.tests", tests));
  return facts;
}

/** The newest record of each key; records come newest first. */
function newestOfEachKey(records: readonly StoredRecord[]): readonly StoredRecord[] {
  const seen = new Map<string, StoredRecord>();
  for (const each of records) {
    const { record } = each;
    if (record.kind === "key-rotation" && !seen.has(record.result.key)) seen.set(record.result.key, each);
  }
  return [...seen.values()];
}

/** Several records of one kind as a list; each item has the record's own place. */
function listFact(name: string, records: readonly StoredRecord[]): Fact {
  const value = records.map(({ record }) => ({ at: record.at, ...(record.result as object) }));
  const fact = recordFact(name, records[0] as StoredRecord, value);
  return {
    ...fact,
    part: ([index]) => {
      const stored = records[Number(index)];
      return stored && recordFact(name, stored, value[Number(index)] ?? null).evidence;
    },
  };
}

function recordFact(name: string, { file, record }: StoredRecord, value: FactValue): Fact {
  return {
    value,
    evidence: {
      fact: name,
      path: `record ${record.kind}`,
      valueHash: digestOf(canonicalJson(value)),
      file,
      line: 1,
      at: new Date(record.at).toISOString(),
      source: "records",
    },
  };
}
