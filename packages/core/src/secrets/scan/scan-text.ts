import { fingerprintOf, type Finding, type Match } from "./finding.ts";
import type { KnownScan } from "./known.ts";
import { Places } from "./places.ts";
import type { PresetScan } from "./preset.ts";
import type { Rule, Source } from "./rule.ts";
import { ownRules } from "./rules.ts";

/** What a scan looks for. */
export interface ScanRules {
  /** Our own rules. @defaultValue {@link ownRules} */
  readonly rules?: readonly Rule[];
  /** secretlint's rules, from `loadPreset`; `null` goes without. @defaultValue null */
  readonly preset?: PresetScan | null;
  /** The search for values that Lotse keeps, from `searchKnownValues`. */
  readonly known?: KnownScan | undefined;
  /** The baseline's salt; see {@link fingerprintOf}. @defaultValue "" */
  readonly salt?: string;
}

/** Files that package managers write, full of hashes; in them few rules run. */
const lockFile =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|deno\.lock|Cargo\.lock|poetry\.lock|uv\.lock|pdm\.lock|Pipfile\.lock|Gemfile\.lock|composer\.lock|go\.sum|flake\.lock|mix\.lock|pubspec\.lock|\.terraform\.lock\.hcl|packages\.lock\.json)$/u;

/** Whether a file is one that a package manager writes. */
export function isLockFile(file: string): boolean {
  return lockFile.test(file);
}

/**
 * Finds secrets in one file's text, in the order of the text. Where several rules find the same stretch, one
 * finding is left: a value that Lotse keeps comes first, then our own rules for one kind of secret, secretlint's,
 * and last the rules without anchors, which only see that something is random.
 */
export async function scanText(source: Source, rules: ScanRules = {}): Promise<readonly Finding[]> {
  const isLock = isLockFile(source.file);
  const own = rules.rules ?? ownRules;
  const matches: Match[] = [
    ...(rules.known?.(source.text) ?? []),
    ...matchesOf(
      own.filter(({ anchors }) => anchors.length > 0),
      source,
      isLock,
    ),
    ...(isLock ? [] : ((await rules.preset?.(source)) ?? [])),
    ...matchesOf(
      own.filter(({ anchors }) => anchors.length === 0),
      source,
      isLock,
    ),
  ];
  const kept = withoutOverlaps(matches);
  if (kept.length === 0) return [];
  const places = new Places(source.text);
  return kept.map((match) => findingOf(match, source, places, rules.salt ?? ""));
}

function matchesOf(rules: readonly Rule[], source: Source, isLock: boolean): readonly Match[] {
  return rules.flatMap((rule) => {
    if (isLock && !rule.inLockFiles) return [];
    if (rule.anchors.length > 0 && !rule.anchors.some((anchor) => source.text.includes(anchor))) return [];
    const { id, severity, message, hint } = rule;
    return [...rule.find(source)].map(({ start, end }) => ({
      rule: id,
      severity,
      start,
      end,
      message,
      hint,
    }));
  });
}

/** Earlier matches win; the result is in the order of the text. */
function withoutOverlaps(matches: readonly Match[]): readonly Match[] {
  const kept: Match[] = [];
  for (const match of matches) {
    if (kept.some((other) => match.start < other.end && other.start < match.end)) continue;
    kept.push(match);
  }
  return kept.sort((left, right) => left.start - right.start);
}

function findingOf(match: Match, source: Source, places: Places, salt: string): Finding {
  const start = places.at(match.start);
  const end = places.at(match.end);
  const value = source.text.slice(match.start, match.end);
  return {
    rule: match.rule,
    severity: match.severity,
    file: source.file,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    message: `${match.message} (${value.length} characters)`,
    hint: match.hint,
    fingerprint: fingerprintOf(salt, match.rule, source.file, value),
  };
}
