import type { Snapshot } from "../../config/index.ts";
import { canonicalJson, digestOf, isLotseError, type LotseError, type Where } from "../../kernel/index.ts";
import type { Evidence } from "../model.ts";
import { shortly } from "./configuration.ts";
import type { Fact, FactSource } from "./fact.ts";

/** A file that was rendered for a scope. */
export interface RenderedText {
  /** Below the directory of the release's files. */
  readonly path: string;
  readonly text: string;
  /** SHA-256 of the text, in hex: what is found in a text is found once. */
  readonly sha256: string;
  /** The line of the template that wrote a line of the text. */
  readonly placeOf: (line: number) => Where;
}

/**
 * Renders what is deployed for a scope, without its secret files.
 *
 * @param wanted - tells by a file's path whether anything is looked for in it
 * @throws LotseError where that cannot be done
 */
export type RenderTexts = (snapshot: Snapshot, wanted: (path: string) => boolean) => readonly RenderedText[];

/** What is looked for in rendered files. */
interface Pattern {
  readonly fact: string;
  readonly files: RegExp;
  /** The first group of a match holds the values. */
  readonly line: RegExp;
  readonly valuesOf: (found: string) => readonly string[];
}

const yaml = /\.ya?ml$/iu;

const patterns: readonly Pattern[] = [
  {
    // As Kubernetes and Compose write it, with or without quotes.
    fact: "images.rendered",
    files: yaml,
    line: /^[ \t]*(?:-[ \t]+)?image:[ \t]*["']?([^\s"'#]+)/u,
    valuesOf: (found) => [found],
  },
  {
    // https://kubernetes.io/docs/concepts/security/pod-security-standards/
    fact: "workload.rendered_privileges",
    files: yaml,
    line: /^[ \t]*(?:-[ \t]+)?(privileged|hostNetwork|hostPID|hostIPC|allowPrivilegeEscalation):[ \t]*["']?true\b/u,
    valuesOf: (found) => [found],
  },
  {
    // https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_protocols
    fact: "tls.rendered_protocols",
    files: /\.conf$/iu,
    line: /^[ \t]*ssl_protocols[ \t]+([^;#]+);/u,
    valuesOf: (found) => found.trim().split(/\s+/u),
  },
];

interface Found {
  readonly value: string;
  readonly where: Where;
}

/**
 * Makes facts of rendered files: the images that they name, what they let containers do, the TLS versions that they
 * allow. A scope is rendered when a check first asks; scopes whose files say the same share their facts.
 */
export function templateFacts(render: RenderTexts): FactSource {
  const byScope = new WeakMap<Snapshot, ReadonlyMap<string, Fact>>();
  const byContent = new Map<string, Fact>();
  const byText = new Map<string, readonly (readonly Found[])[]>();
  const find = (file: RenderedText): readonly (readonly Found[])[] => {
    // The place belongs to what is found: the same text of another template is found anew.
    const key = `${file.placeOf(1).file ?? ""} ${file.path} ${file.sha256}`;
    const known = byText.get(key);
    if (known !== undefined) return known;
    const found = patterns.map((pattern) => (pattern.files.test(file.path) ? findIn(file, pattern) : []));
    byText.set(key, found);
    return found;
  };
  const make = (snapshot: Snapshot): ReadonlyMap<string, Fact> => {
    const known = byScope.get(snapshot);
    if (known !== undefined) return known;
    const facts = factsOf(snapshot, render, find, byContent);
    byScope.set(snapshot, facts);
    return facts;
  };
  return {
    name: "templates",
    provides: patterns.map(({ fact }) => fact),
    facts: (_scope, snapshot) => (snapshot === undefined ? new Map<string, Fact>() : make(snapshot)),
  };
}

function findIn({ text, placeOf }: RenderedText, { line: pattern, valuesOf }: Pattern): readonly Found[] {
  return text.split("\n").flatMap((line, index) => {
    const match = pattern.exec(line)?.[1];
    if (match === undefined) return [];
    const where = placeOf(index + 1);
    return valuesOf(match).map((value) => ({ value, where }));
  });
}

function factsOf(
  snapshot: Snapshot,
  render: RenderTexts,
  find: (file: RenderedText) => readonly (readonly Found[])[],
  known: Map<string, Fact>,
): ReadonlyMap<string, Fact> {
  let files: readonly RenderedText[];
  try {
    files = render(snapshot, (path) => patterns.some((pattern) => pattern.files.test(path)));
  } catch (error) {
    if (!isLotseError(error)) throw error;
    return new Map(patterns.map(({ fact }) => [fact, brokenFact(fact, error, known)]));
  }
  const found = files.map(find);
  return new Map(
    patterns.flatMap(({ fact, files: wanted }, index) =>
      // Where no file could say it, nothing is known; where one could and does not, there is none.
      files.some(({ path }) => wanted.test(path))
        ? [
            [
              fact,
              foundFact(
                fact,
                found.flatMap((each) => each[index] ?? []),
                known,
              ),
            ] as const,
          ]
        : [],
    ),
  );
}

function foundFact(name: string, found: readonly Found[], known: Map<string, Fact>): Fact {
  const unique = [
    ...new Map(
      found.map((each) => [`${each.value} ${each.where.file ?? ""}:${each.where.line ?? 0}`, each]),
    ).values(),
  ];
  const content = `${name}\n${unique.map(({ value, where }) => `${value} ${where.file ?? ""}:${where.line ?? 0}`).join("\n")}`;
  const before = known.get(content);
  if (before !== undefined) return before;
  const value = unique.map((each) => each.value);
  const fact: Fact = {
    value,
    evidence: evidenceOf(name, unique[0]?.where, value),
    part: ([index]) => {
      const each = unique[Number(index)];
      return each && evidenceOf(name, each.where, each.value);
    },
  };
  known.set(content, fact);
  return fact;
}

/** A file that cannot be rendered may say anything: what reads the fact gets no verdict. */
function brokenFact(name: string, error: LotseError, known: Map<string, Fact>): Fact {
  const { file, line } = error.where ?? {};
  const content = `${name}\n!${file ?? ""}:${line ?? 0} ${error.message}`;
  const before = known.get(content);
  if (before !== undefined) return before;
  const place = file === undefined ? "" : ` (${file}${line === undefined ? "" : `:${line}`})`;
  const fact: Fact = {
    value: null,
    unknown: `a template cannot be rendered: ${error.message}${place}`,
    evidence: evidenceOf(name, error.where, null),
  };
  known.set(content, fact);
  return fact;
}

function evidenceOf(fact: string, where: Where | undefined, value: Fact["value"]): Evidence {
  return {
    fact,
    path: "rendered files",
    valueHash: digestOf(canonicalJson(value)),
    shown: shortly(value),
    ...(where?.file === undefined ? {} : { file: where.file }),
    ...(where?.line === undefined ? {} : { line: where.line }),
    source: "templates",
  };
}
