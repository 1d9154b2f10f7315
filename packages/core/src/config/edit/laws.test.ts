import * as fc from "fast-check";
import { expect, test } from "vitest";
import { mapNode, type Node } from "../model/node.ts";
import { nodeAt, type Path } from "../model/path.ts";
import { TextSource } from "../model/source.ts";
import { defaultLimits } from "../parse/limits.ts";
import { parseYaml } from "../parse/yaml.ts";
import { planEdit, type Edit } from "./edit.ts";
import { sameTree, withValue } from "./expected.ts";
import { writeInlineText } from "./write.ts";

/** How one value of a generated document is written. */
type Written =
  | { readonly kind: "scalar"; readonly text: string }
  | { readonly kind: "block"; readonly lines: readonly string[]; readonly header: string }
  | { readonly kind: "map" | "list"; readonly flow: boolean; readonly children: readonly Child[] };
interface Child {
  readonly value: Written;
  readonly comment: string;
  readonly before: string;
}

const word = fc.constantFrom(
  "a",
  "b c",
  "it's",
  "x#y",
  "8080",
  "yes",
  "ü 😀",
  "${a.b}",
  "p: q",
  "-",
  "a,b",
  "http://h:1/x",
);
const scalar: fc.Arbitrary<Written> = fc.oneof(
  fc.constantFrom("1", "1.10", "true", "null", "~", "", "-0", "1e3", "!replace 5", "!delete").map(asScalar),
  word.map((text) => asScalar(writeInlineText(text, true))),
  word.map((text) => asScalar(`'${text.replaceAll("'", "''")}'`)),
  word.map((text) => asScalar(JSON.stringify(text))),
);
const block: fc.Arbitrary<Written> = fc.record({
  kind: fc.constant("block" as const),
  header: fc.constantFrom("|", "|-", "|+", ">", ">-", "| # c"),
  lines: fc.array(fc.constantFrom("one", "", "two # no comment", "- three"), { minLength: 1, maxLength: 4 }),
});

function asScalar(text: string): Written {
  return { kind: "scalar", text };
}

const { map } = fc.letrec<{ map: Written; value: Written }>((tie) => {
  const children = fc.array(
    fc.record({
      value: tie("value"),
      comment: fc.constantFrom("", "", " # c", "  # [x, y}"),
      before: fc.constantFrom("", "", "# above", " "),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const of = (kind: "map" | "list") => fc.record({ kind: fc.constant(kind), flow: fc.boolean(), children });
  return {
    map: fc.record({ kind: fc.constant("map" as const), flow: fc.constant(false), children }),
    value: fc.oneof({ depthSize: "small", withCrossShrink: true }, scalar, block, of("map"), of("list")),
  };
});

const keys = ["a", "b-c", "'d e'", '"f"'];

function inFlow(value: Written): string {
  if (value.kind === "scalar") return value.text.startsWith("!") ? `${value.text} ` : value.text;
  if (value.kind === "block") return JSON.stringify(value.lines.join("\n"));
  const parts = value.children.map(({ value: child }, index) =>
    value.kind === "map" ? `${keys[index]}: ${inFlow(child)}` : inFlow(child) || "null",
  );
  return value.kind === "map" ? `{ ${parts.join(", ")} }` : `[${parts.join(", ")}]`;
}

/** Writes a value behind a colon or dash; `own` is the column of what it belongs to. */
function behind(value: Written, own: number, comment: string, afterDash: boolean): readonly string[] {
  if (value.kind === "scalar") return [` ${value.text}${comment}`];
  if (value.kind === "block") {
    const indent = " ".repeat(own + 2);
    return [
      ` ${value.header}`,
      ...value.lines.map((line, index) => (line === "" && index > 0 ? "" : indent + (line || "x"))),
    ];
  }
  if (value.flow) return [` ${inFlow(value)}${comment}`];
  const lines = children(value, own + 2);
  if (!afterDash || lines[0]?.trimStart().startsWith("#") === true || lines[0]?.trim() === "")
    return [comment, ...lines];
  return [` ${lines[0]?.trimStart() ?? ""}`, ...lines.slice(1)];
}

function children(value: Extract<Written, { flow: boolean }>, column: number): readonly string[] {
  const indent = " ".repeat(column);
  return value.children.flatMap(({ value: child, comment, before }, index) => {
    const head = value.kind === "map" ? `${keys[index]}:` : "-";
    const [first = "", ...rest] = behind(child, column, comment, value.kind === "list");
    return [...(before === "" ? [] : [indent + before]), indent + head + first, ...rest];
  });
}

const document = fc
  .record({ root: map, lineBreak: fc.constantFrom("\n", "\r\n"), closed: fc.boolean() })
  .map(({ root, lineBreak, closed }) => {
    const lines = root.kind === "map" ? children(root, 0) : [];
    return lines.join(lineBreak) + (closed ? lineBreak : "");
  });

function parse(text: string): Node {
  const source = new TextSource("a.yml", text);
  return parseYaml(source, defaultLimits) ?? mapNode(new Map(), source, 0);
}

function leaves(node: Node, path: Path = []): readonly Path[] {
  if (node.kind === "map") return [...node.entries].flatMap(([key, child]) => leaves(child, [...path, key]));
  if (node.kind === "list")
    return node.items.flatMap((item, index) => leaves(item, [...path, String(index)]));
  return [path];
}

function plan(text: string, path: Path, edit: Edit) {
  return planEdit({ file: "a.yml", text, path, edit, limits: defaultLimits });
}

const values = fc.constantFrom(
  "1",
  "2.50",
  "false",
  "null",
  "new",
  "'no'",
  "it's",
  '"p, q"',
  "ü",
  "[1, {a: b}]",
  "{}",
  "!delete",
);

test("a replaced single value is all that changes, on its own line, and once is enough", () => {
  fc.assert(
    fc.property(document, values, fc.nat(), fc.boolean(), (text, value, pick, asString) => {
      const root = parse(text);
      const paths = leaves(root);
      const path = paths[pick % paths.length] as Path;
      const result = plan(text, path, { kind: "set", value, asString });
      expect(sameTree(parse(result.text), withValue(root, path, result.after))).toBe(true);
      expect(plan(result.text, path, { kind: "set", value, asString }).text).toBe(result.text);
      const [old, now] = [text.split("\n"), result.text.split("\n")];
      const multi = now.length !== old.length;
      if (multi) expect(/[|>][-+]?/u.test(text)).toBe(true);
      else expect(now.filter((line, index) => line !== old[index]).length).toBeLessThanOrEqual(1);
      const kept = (lines: readonly string[]) => lines.filter((line) => /^\s*#/u.test(line));
      expect(kept(now)).toEqual(kept(old));
    }),
    { numRuns: 1500 },
  );
});

test("a deletion takes only its path away, and a new key only adds one", () => {
  fc.assert(
    fc.property(document, fc.nat(), fc.boolean(), (text, pick, add) => {
      const root = parse(text);
      const paths = leaves(root);
      const leaf = paths[pick % paths.length] as Path;
      const parent = nodeAt(root, leaf.slice(0, -1));
      const fresh = parent?.kind === "list" ? String(parent.items.length) : "new";
      const path = add ? [...leaf.slice(0, -1), fresh] : leaf;
      const edit: Edit = add ? { kind: "set", value: "v, w" } : { kind: "delete" };
      const blockAtEnd = !/[\r\n]$/u.test(text);
      try {
        const result = plan(text, path, edit);
        expect(nodeAt(parse(result.text), path) === undefined).toBe(result.after === undefined);
      } catch (error) {
        // The last line of a block cannot gain or lose its break, and blank lines behind `|+` would join it.
        expect(/\|\+/u.test(text) || (blockAtEnd && /[|>]-?/u.test(text))).toBe(true);
        expect(error).toMatchObject({ code: "edit.unsafe" });
      }
    }),
    { numRuns: 1500 },
  );
});
