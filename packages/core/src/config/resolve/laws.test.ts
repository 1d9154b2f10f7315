import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeMaps } from "../merge/merge.ts";
import { isScalar, sameValue, type MapNode, type Node } from "../model/node.ts";
import { TextSource } from "../model/source.ts";
import { defaultLimits } from "../parse/limits.ts";
import { parseYaml } from "../parse/yaml.ts";
import { engineOf, stack, type Tree } from "../testing/workspace.ts";
import type { ConfigEngine } from "./engine.ts";
import type { ResolveRequest } from "./request.ts";

/** Texts of YAML in flow form. The key decides the kind, so that layers seldom disagree about it. */
const keys = { map: ["m", "n"], list: ["l", "k"], named: ["items"], scalar: ["a", "b", "c"] } as const;

const scalarText = fc.oneof(
  fc.integer({ min: 0, max: 4 }).map(String),
  fc.constantFrom("null", "1.10", "012", '"x"', '"${a}"', '"v${m.b}"', '"${.b:-7}"', '"${l}"'),
);
const listText = fc
  .array(fc.constantFrom("1", "2", "x", "[1]", "{a: 1}"), { maxLength: 3 })
  .map((items) => `[${items.join(", ")}]`);
const namedText = fc
  .uniqueArray(fc.tuple(fc.constantFrom("p", "q", "r"), fc.integer({ min: 0, max: 3 })), {
    selector: ([name]) => name,
    maxLength: 3,
  })
  .map((items) => `[${items.map(([name, value]) => `{name: ${name}, v: ${value}}`).join(", ")}]`);

interface Shape {
  readonly tags: boolean;
  readonly references: boolean;
}

function tagged(text: fc.Arbitrary<string>, tags: readonly string[], shape: Shape): fc.Arbitrary<string> {
  return shape.tags
    ? fc.tuple(fc.constantFrom("", "", "", ...tags), text).map(([tag, value]) => `${tag}${value}`)
    : text;
}

function mapText(shape: Shape): fc.Arbitrary<string> {
  const scalar = shape.references ? scalarText : fc.integer({ min: 0, max: 4 }).map(String);
  const entry = (depth: number): fc.Arbitrary<readonly [string, string]> =>
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.tuple(
          fc.constantFrom(...keys.scalar),
          tagged(scalar, ["!replace ", "!delete "], shape),
        ),
      },
      {
        weight: 1,
        arbitrary: fc.tuple(
          fc.constantFrom(...keys.list),
          tagged(listText, ["!append ", "!prepend ", "!merge ", "!replace ", "!delete "], shape),
        ),
      },
      {
        weight: 1,
        arbitrary: fc.tuple(
          fc.constantFrom(...keys.named),
          tagged(namedText, ["!merge ", "!append ", "!replace "], shape),
        ),
      },
      ...(depth === 0
        ? []
        : [
            {
              weight: 2,
              arbitrary: fc.tuple(
                fc.constantFrom(...keys.map),
                tagged(body(depth - 1), ["!replace ", "!merge ", "!delete "], shape),
              ),
            },
          ]),
    );
  const body = (depth: number): fc.Arbitrary<string> =>
    fc
      .uniqueArray(entry(depth), { selector: ([key]) => key, maxLength: 5 })
      .map((entries) => `{${entries.map(([key, value]) => `${key}: ${value}`).join(", ")}}`);
  return body(3);
}

const everything = mapText({ tags: true, references: true });
const schema =
  "properties: {items: {x-merge: byKey}, k: {x-merge: union}, m: {properties: {l: {x-merge: prepend}, b: {x-merge: first}}}}";

/** Everything about a node that a merge could change, as plain data. */
function record(node: Node): unknown {
  const own = [node.kind, node.mark, node.offset, node.source.file, node.hasMarks, node.hasReferences];
  if (node.kind === "map") return [...own, [...node.entries].map(([key, child]) => [key, record(child)])];
  if (node.kind === "list") return [...own, node.items.map(record)];
  return [...own, String(node.value), node.text];
}

function everyNode(node: Node): readonly Node[] {
  if (isScalar(node)) return [node];
  return [node, ...(node.kind === "map" ? [...node.entries.values()] : node.items).flatMap(everyNode)];
}

function outcome(engine: ConfigEngine, request: ResolveRequest): unknown {
  const { root, diagnostics } = engine.resolve(request);
  return [record(root), diagnostics];
}

const dev = { environment: "dev" };

describe("layers", () => {
  test("an empty layer changes nothing, wherever it stands", () => {
    fc.assert(
      fc.property(
        fc.array(everything, { minLength: 1, maxLength: 4 }),
        fc.nat(4),
        fc.constantFrom("{}", "", "# nothing\n", "null"),
        (texts, at, empty) => {
          const without = engineOf(stack(texts, schema)).resolve(dev);
          const position = Math.min(at, texts.length);
          const engine = engineOf(stack(texts.toSpliced(position, 0, empty), schema));
          const given = engine.resolve(dev);
          expect(sameValue(given.root, without.root)).toBe(true);
          expect(
            given.diagnostics.map(({ code, where }) => [code, where.line, where.column, where.path]),
          ).toEqual(
            without.diagnostics.map(({ code, where }) => [code, where.line, where.column, where.path]),
          );
        },
      ),
    );
  });

  test("no tag is in any result", () => {
    fc.assert(
      fc.property(fc.array(everything, { minLength: 1, maxLength: 4 }), (texts) => {
        const { root, steps } = engineOf(stack(texts, schema)).resolve(dev);
        for (const node of [root, ...steps.map((step) => step.root)].flatMap(everyNode)) {
          expect([node.mark, node.hasMarks]).toEqual([undefined, false]);
        }
      }),
    );
  });

  test("flags tell what is in a node", () => {
    fc.assert(
      fc.property(fc.array(everything, { minLength: 1, maxLength: 3 }), (texts) => {
        const { steps } = engineOf(stack(texts, schema)).resolve(dev);
        for (const node of steps.flatMap((step) => everyNode(step.root))) {
          expect(node.hasReferences).toBe(
            everyNode(node).some((each) => isScalar(each) && String(each.value).includes("${")),
          );
        }
      }),
    );
  });

  test("no merge and no binding changes what was parsed", () => {
    fc.assert(
      fc.property(fc.array(everything, { minLength: 2, maxLength: 4 }), (texts) => {
        const engine = engineOf(stack(texts, schema));
        const documents = engine.layers(dev).entries.map(({ document }) => document.root);
        const before = structuredClone(documents.map(record));
        const first = engine.resolve(dev);
        const snapshot = structuredClone(record(first.root));
        engine.resolve({ ...dev, set: [{ path: "m.a", text: "9" }] });
        expect(documents.map(record)).toEqual(before);
        expect(record(first.root)).toEqual(snapshot);
      }),
    );
  });

  test("without tags, maps merge the same however they are grouped", () => {
    const plain = mapText({ tags: false, references: false });
    const parse = (text: string): MapNode =>
      parseYaml(new TextSource("a.yml", text), defaultLimits) as MapNode;
    const over = (low: MapNode, high: MapNode): MapNode =>
      mergeMaps(low, high, undefined, {
        path: [],
        report: (problem) => {
          throw new Error(problem.message);
        },
      });
    fc.assert(
      fc.property(plain, plain, plain, (one, two, three) => {
        const [a, b, c] = [parse(one), parse(two), parse(three)];
        expect(sameValue(over(over(a, b), c), over(a, over(b, c)))).toBe(true);
        expect(sameValue(over(a, a), a)).toBe(true);
      }),
    );
  });
});

interface World {
  readonly tree: Tree;
  readonly tenants: readonly string[];
}

const world: fc.Arbitrary<World> = fc
  .record({
    base: everything,
    environments: fc.tuple(everything, everything),
    tiers: fc.tuple(everything, everything),
    overrides: fc.tuple(everything, everything),
    tenants: fc.array(
      fc.record({ own: everything, inDev: fc.option(everything), tier: fc.constantFrom("t0", "t1", "none") }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ base, environments, tiers, overrides, tenants }) => {
    const tree: Record<string, string> = {
      "lotse.yml": "version: 1\nschema: schema.yml\nenvironments: {dev: {}, prod: {}}\n",
      "schema.yml": schema,
      "environments/base.yml": base,
      "environments/dev/dev.yml": environments[0],
      "environments/prod/prod.yml": `{extends: dev, ${environments[1].slice(1)}`,
      "environments/tiers/t0.yml": tiers[0],
      "environments/tiers/t1.yml": tiers[1],
      "environments/dev/overrides/o0.yml": overrides[0],
      "environments/dev/overrides/o1.yml": overrides[1],
      "environments/prod/overrides/o0.yml": overrides[1],
      "environments/prod/overrides/o1.yml": overrides[0],
    };
    for (const [index, { own, inDev, tier }] of tenants.entries()) {
      tree[`environments/tenants/c${index}.yml`] = `{tenant: {tier: ${tier}}, ${own.slice(1)}`;
      if (inDev !== null) tree[`environments/dev/tenants/c${index}.yml`] = inDev;
    }
    return { tree, tenants: tenants.map((_, index) => `c${index}`) };
  });

function requestsOf({ tenants }: World): fc.Arbitrary<readonly ResolveRequest[]> {
  const request = fc.record({
    environment: fc.constantFrom("dev", "prod"),
    tenant: fc.constantFrom(undefined, ...tenants),
    overrides: fc.subarray(["o0", "o1"]),
    without: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      fc.subarray(["base", "environment", "tier", "tenant"]),
    ),
    set: fc.constantFrom([], [{ path: "m.n.a", text: "5" }], [{ path: "l", text: "!append [9]" }]),
  });
  return fc.array(request, { minLength: 1, maxLength: 12 });
}

const worldWithRequests = world.chain((each) => fc.tuple(fc.constant(each), requestsOf(each)));

describe("scopes", () => {
  test("what is remembered is what a merge without memory gives", () => {
    fc.assert(
      fc.property(worldWithRequests, ([{ tree }, requests]) => {
        const engine = engineOf(tree);
        for (const request of requests) {
          const last = engine.resolve(request).steps.at(-1);
          const naive = engine.resolveNaively(request);
          expect(record(last?.root as Node)).toEqual(record(naive.root));
          expect([last?.entry?.layer, last?.entry?.rank, last?.problems]).toEqual([
            naive.entry?.layer,
            naive.entry?.rank,
            naive.problems,
          ]);
        }
      }),
    );
  });

  test("the order in which scopes are resolved is irrelevant, and none sees another's values", () => {
    fc.assert(
      fc.property(
        worldWithRequests.chain(([each, requests]) =>
          fc.tuple(
            fc.constant(each),
            fc.constant(requests),
            fc.shuffledSubarray([...requests.keys()], { minLength: requests.length }),
          ),
        ),
        ([{ tree }, requests, order]) => {
          const shared = engineOf(tree);
          const inOrder = requests.map((request) => outcome(shared, request));
          const other = engineOf(tree);
          const shuffled = new Map(
            order.map((index) => [index, outcome(other, requests[index] as ResolveRequest)]),
          );
          for (const [index, request] of requests.entries()) {
            const alone = outcome(engineOf(tree), request);
            expect(inOrder[index]).toEqual(alone);
            expect(shuffled.get(index)).toEqual(alone);
            expect(outcome(shared, request)).toEqual(alone);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test("plain values are frozen all the way down", () => {
    const frozen = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    fc.assert(
      fc.property(everything, (text) => {
        expect(
          frozen(
            engineOf(stack([text]))
              .resolve(dev)
              .get(""),
          ),
        ).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
