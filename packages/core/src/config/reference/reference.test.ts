import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../kernel/index.ts";
import { SecretReference } from "../model/secret.ts";
import { explainAll } from "../provenance/explain.ts";
import type { Snapshot } from "../resolve/snapshot.ts";
import { engineOf, stack, type Tree } from "../testing/workspace.ts";

interface Settings {
  readonly variables?: Readonly<Record<string, string>>;
  readonly files?: Tree;
  readonly schema?: string;
  readonly references?: string;
  readonly limits?: string;
}

/** Resolves one layer for a tenant, so that every reference has to be bound. */
function resolve(text: string, settings: Settings = {}): Snapshot {
  const engine = engineOf(
    {
      "lotse.yml": `version: 1\nschema: schema.yml\nreferences: ${settings.references ?? "{}"}\nlimits: ${settings.limits ?? "{}"}\n`,
      "schema.yml": settings.schema ?? "{}",
      "environments/dev/dev.yml": text,
      "environments/tenants/acme.yml": "tenant: {id: acme}\n",
      ...settings.files,
    },
    { variables: settings.variables ?? {} },
  );
  return engine.resolve({ environment: "dev", tenant: "acme" });
}

function value(text: string, path: string, settings?: Settings): unknown {
  const snapshot = resolve(text, settings);
  expect(snapshot.diagnostics).toEqual([]);
  return snapshot.get(path);
}

function problems(text: string, settings?: Settings): readonly Diagnostic[] {
  return resolve(text, settings).diagnostics;
}

describe("a reference that is the whole value keeps its type", () => {
  test.each<[string, string, unknown]>([
    ["an integer", "5", 5],
    ["a bigint", "9007199254740993", 9007199254740993n],
    ["a float", "1.5", 1.5],
    ["a boolean", "false", false],
    ["null", "null", null],
    ["a text", "'5'", "5"],
    ["a map", "{b: {c: 1}}", { b: { c: 1 } }],
    ["a list", "[1, {b: 2}]", [1, { b: 2 }]],
    ["an empty map", "{}", {}],
  ])("%s", (_, target, result) => {
    expect(value(`x: "\${a}"\na: ${target}\n`, "x")).toEqual(result);
  });

  test("and how a number was written", () => {
    expect(resolve("x: ${a}\na: 1.10\n").node("x")).toMatchObject({ kind: "float", text: "1.10" });
  });

  test.each<[string, string, string, unknown]>([
    ["through another reference", "x: ${a}\na: ${b}\nb: 5\n", "x", 5],
    ["of a map that holds references", "x: ${a}\na: {b: '${c}'}\nc: 5\n", "x", { b: 5 }],
    ["below a reference to a map", "x: ${a.b.c}\na: ${d}\nd: {b: {c: 5}}\n", "x", 5],
    ["of a list's item", "x: ${a[1]}\na: [1, 2]\n", "x", 2],
    ["of a list's item with a dot", "x: ${a.1.b}\na: [1, {b: 2}]\n", "x", 2],
    ["of a quoted key", 'x: ${a["b.c"]}\na: {"b.c": 5}\n', "x", 5],
    ["in a list", "x: [1, '${a}']\na: 5\n", "x", [1, 5]],
    [
      "to a map, whose relative references stay where they are",
      "x: ${a.m}\na: {m: {p: '${.q}', q: 1}}\nq: 2\n",
      "x",
      { p: 1, q: 1 },
    ],
  ])("%s", (_, text, path, result) => {
    expect(value(text, path)).toEqual(result);
  });
});

describe("relative references", () => {
  test.each<[string, string, string, unknown]>([
    ["a sibling", "a: {x: '${.y}', y: 1}\ny: 2\n", "a.x", 1],
    ["a sibling's child", "a: {x: '${.y.z}', y: {z: 1}}\n", "a.x", 1],
    ["an uncle", "a: {b: {x: '${..y}'}, y: 1}\n", "a.b.x", 1],
    ["two levels up", "a: {b: {c: {x: '${...y}'}}, y: 1}\n", "a.b.c.x", 1],
    ["at the top", "x: ${.y}\ny: 1\n", "x", 1],
    ["a sibling in an item of a list", "a: [{x: '${.y}', y: 1}]\n", "a[0].x", 1],
    ["an uncle of an item of a list", "a: {l: [{x: '${...y}'}], y: 1}\n", "a.l[0].x", 1],
    ["inside a text", 'a: {x: "v${.y}", y: 1}\n', "a.x", "v1"],
    ["inside a default", "a: {x: '${.n:-${.y}}', y: 1}\n", "a.x", 1],
  ])("%s", (_, text, path, result) => {
    expect(value(text, path)).toEqual(result);
  });

  test("an item keeps its siblings when layers add items in front of it", () => {
    const engine = engineOf(stack(["x: [{n: a, v: '${.n}'}]", "x: !prepend [{n: b, v: '${.n}'}]"]));
    expect(engine.resolve({ environment: "dev" }).get("x")).toEqual([
      { n: "b", v: "b" },
      { n: "a", v: "a" },
    ]);
  });
});

describe("texts with references", () => {
  test.each<[string, string, unknown]>([
    ["several", '"${a}-${b}"', "1-x"],
    ["numbers as they are written", '"v${c}"', "v1.10"],
    ["a bigint", '"${d}!"', "9007199254740993!"],
    ["a boolean", '"is ${e}"', "is true"],
    ["null, which is nothing", '"<${n}>"', "<>"],
    ["a default", '"<${none:-7}>"', "<7>"],
    ["an empty default", '"<${none:-}>"', "<>"],
    ["a default over an empty text", '"<${s:-x}>"', "<x>"],
    ["a default over null", '"<${n:-x}>"', "<x>"],
    ["a default not used", '"<${a:-x}>"', "<1>"],
    ["nested defaults", '"<${none:-${nothing:-${b}y}}>"', "<xy>"],
    ["a literal", '"$${a} ${a}"', "${a} 1"],
    ["a literal alone", '"$${a}"', "${a}"],
    ["a literal in a default", '"<${none:-$${a}}>"', "<${a}>"],
    ["a dollar", '"$a $ {a} $"', "$a $ {a} $"],
    ["two dollars", '"$$ ${a}"', "$$ 1"],
    ["a colon in a default", '"${none:-http://x:80/}"', "http://x:80/"],
  ])("%s", (_, text, result) => {
    const tree = `x: ${text}\na: 1\nb: x\nc: 1.10\nd: 9007199254740993\ne: true\nn: null\ns: ""\n`;
    expect(value(tree, "x")).toEqual(result);
  });

  test.each<[string, string, unknown]>([
    ["an integer", "${none:-5}", 5],
    ["a boolean", "${none:-true}", true],
    ["a text", "${none:-a b}", "a b"],
    ["a version", "'${none:-1.2.3}'", "1.2.3"],
    ["a leading zero", "${none:-012}", "012"],
    ["another reference, with its type", "${none:-${a}}", { b: 1 }],
  ])("a default alone is read as a plain value: %s", (_, text, result) => {
    expect(value(`x: ${text}\na: {b: 1}\n`, "x")).toEqual(result);
  });

  test("a default is read as the type that the schema gives to its path", () => {
    const schema = "properties: {x: {type: string}, y: {type: integer}}\n";
    expect(value("x: ${none:-5}\ny: ${none:-5}\n", "", { schema })).toMatchObject({ x: "5", y: 5 });
    expect(problems("y: ${none:-five}\n", { schema })).toMatchObject([
      { code: "schema.coercion", where: { line: 1, column: 4, path: "y" } },
    ]);
  });
});

describe("${env:…}", () => {
  const variables = { HOST: "db", PORT: "5432", EMPTY: "", ODD: "a${x}b $${y}", LIST: "a,b" };
  test.each<[string, string, unknown]>([
    ["a text", "${env:HOST}", "db"],
    ["inside a text", '"${env:HOST}:${env:PORT}"', "db:5432"],
    ["a default over nothing", "${env:NONE:-x}", "x"],
    ["a default over an empty text", "${env:EMPTY:-x}", "x"],
    ["an empty text", "${env:EMPTY}", ""],
    ["a text with ${ in it, which is no reference", "${env:ODD}", "a${x}b $${y}"],
  ])("%s", (_, text, result) => {
    expect(value(`x: ${text}\n`, "x", { variables })).toBe(result);
  });

  test("a text with ${ in it can be referred to", () => {
    const text = 'x: ${env:ODD}\ny: ${x}\nz: "<${x}>"\n';
    expect(value(text, "", { variables })).toMatchObject({ y: "a${x}b $${y}", z: "<a${x}b $${y}>" });
  });

  test("is read as the schema says", () => {
    const schema = "properties: {x: {type: integer}, l: {type: array}}\n";
    expect(value("x: ${env:PORT}\nl: ${env:LIST}\n", "", { variables, schema })).toMatchObject({
      x: 5432,
      l: ["a", "b"],
    });
    expect(problems("x: ${env:HOST}\n", { variables, schema })).toMatchObject([
      { code: "schema.coercion", where: { file: "environments/dev/dev.yml", line: 1, column: 4, path: "x" } },
    ]);
  });

  test("names what is missing and how to give a default", () => {
    expect(problems("a: 1\nx: ${env:NONE}\n")).toMatchObject([
      {
        code: "reference.unresolved",
        message: expect.stringContaining("${env:NONE}"),
        hint: expect.stringContaining("${env:NONE:-…}"),
        where: { file: "environments/dev/dev.yml", line: 2, column: 4, path: "x" },
      },
    ]);
  });

  test("reads only what lotse.yml allows", () => {
    const given = { variables, references: "{env: [HOST]}" };
    expect(value("x: ${env:HOST}\n", "x", given)).toBe("db");
    expect(problems("x: ${env:PORT}\ny: '${env:PORT:-1}'\n", given)).toMatchObject([
      { code: "reference.denied", where: { line: 1 } },
      { code: "reference.denied", where: { line: 2 } },
    ]);
  });

  test("does not reach into JavaScript's objects", () => {
    expect(problems("x: ${env:__proto__}\ny: ${env:constructor}\n").map(({ code }) => code)).toEqual([
      "reference.unresolved",
      "reference.unresolved",
    ]);
  });
});

describe("${file:…}", () => {
  const files = {
    "environments/dev/a.txt": "beside",
    "environments/texts/b.txt": "above ${x}",
    "root.txt": "root",
    "environments/dev/secrets/.env": "PASSWORD=hunter2",
    "other/c.txt": "other",
    "environments/dev/bad.txt": Buffer.from([0xff]),
  };
  test.each<[string, string, unknown]>([
    ["beside the file that refers", "${file:a.txt}", "beside"],
    ["above it", "${file:../texts/b.txt}", "above ${x}"],
    ["from the workspace", "${file:/root.txt}", "root"],
    ["inside a text", '"<${file:a.txt}>"', "<beside>"],
    ["a default", "${file:none.txt:-x}", "x"],
  ])("%s", (_, text, result) => {
    expect(value(`x: ${text}\n`, "x", { files })).toBe(result);
  });

  test.each<[string, string, string]>([
    ["a missing file", "${file:none.txt}", "reference.unresolved"],
    ["out of the workspace", "${file:../../../etc/passwd}", "reference.denied"],
    ["out of the workspace from its root", "${file:/../etc/passwd}", "reference.denied"],
    ["out of the workspace, with a default", "${file:../../../etc/passwd:-x}", "reference.denied"],
    ["secrets", "${file:secrets/.env}", "reference.denied"],
    ["secrets on a way round", "${file:./x/../secrets/.env}", "reference.denied"],
    ["invalid UTF-8", "${file:bad.txt}", "reference.denied"],
  ])("%s is an error with a place", (_, text, code) => {
    expect(problems(`a: 1\nx: ${text}\n`, { files })).toMatchObject([
      { code, where: { file: "environments/dev/dev.yml", line: 2, column: 4, path: "x" } },
    ]);
  });

  test.each([
    ["[other]", "${file:/other/c.txt}", true],
    ["[other/]", "${file:/other/c.txt}", true],
    ["[./other]", "${file:/other/c.txt}", true],
    ["[other/c.txt]", "${file:/other/c.txt}", true],
    ["[.]", "${file:a.txt}", true],
    ["[oth]", "${file:/other/c.txt}", false],
    ["[other]", "${file:a.txt}", false],
    ["[other]", "${file:/other/../root.txt}", false],
    ["[]", "${file:a.txt}", false],
  ])("with references.files %s, %s may be read: %j", (allowed, text, may) => {
    const codes = problems(`x: ${text}\n`, { files, references: `{files: ${allowed}}` }).map(
      ({ code }) => code,
    );
    expect(codes).toEqual(may ? [] : ["reference.denied"]);
  });
});

describe("secrets", () => {
  const text = `
password: \${secret:db/main#password}
token: \${secret:api-token}
url: "pg://app:\${password}@\${host}/x?t=\${secret:api-token}"
copy: \${url}
tricky: "$\${not:a-reference} \${token}"
host: db
`;

  test.each([
    ["password", "${secret:db/main#password}"],
    ["token", "${secret:api-token}"],
    ["url", "pg://app:${secret:db/main#password}@db/x?t=${secret:api-token}"],
    ["copy", "pg://app:${secret:db/main#password}@db/x?t=${secret:api-token}"],
    ["tricky", "$${not:a-reference} ${secret:api-token}"],
  ])("%s stays a handle that shows what was written", (path, shown) => {
    const handle = value(text, path);
    expect(handle).toBeInstanceOf(SecretReference);
    expect(String(handle)).toBe(shown);
    expect(JSON.stringify(handle)).toBe(JSON.stringify(shown));
    expect(inspect(handle)).toBe(`SecretReference(${shown})`);
  });

  test("a handle names all its secrets", () => {
    expect((value(text, "url") as SecretReference).secrets).toEqual([
      { kind: "secret", path: "db/main", field: "password" },
      { kind: "secret", path: "api-token", field: undefined },
    ]);
  });

  test("a handle is never looked up in variables, files or the configuration", () => {
    const variables = { "db/main": "hunter2", password: "hunter2", "api-token": "hunter2" };
    const snapshot = resolve(text, {
      variables,
      files: { "environments/dev/db/main": "hunter2", "db/main": "hunter2" },
    });
    const everything = [
      snapshot.get(""),
      snapshot.diagnostics,
      explainAll(snapshot, "").map(({ path, reference, through }) => [path, reference, through]),
    ];
    expect(JSON.stringify(everything)).not.toContain("hunter2");
    expect(inspect(everything, { depth: 20 })).not.toContain("hunter2");
  });

  test("two layers may name different secrets", () => {
    const snapshot = engineOf(stack(["x: ${secret:a}", "x: ${secret:b}"])).resolve({ environment: "dev" });
    expect([String(snapshot.get("x")), snapshot.diagnostics]).toEqual(["${secret:b}", []]);
  });
});

describe("what is not well formed", () => {
  test.each([
    ["${a", "not closed"],
    ["x${a", "not closed"],
    ["${a:-b", "not closed"],
    ["${", "not closed"],
    ["${}", "no path"],
    ["${ a }", "no path"],
    ["${.}", "no path"],
    ["${a..b}", "no path"],
    ["${a[}", "no path"],
    ["${__proto__}", "no path"],
    ["${a.constructor.b}", "no path"],
    ["${.prototype}", "no path"],
    ["${${a}}", "inside the name of another"],
    ["${env:}", "no name of a variable"],
    ["${env:A B}", "no name of a variable"],
    ["${env:1A}", "no name of a variable"],
    ["${file:}", "names no file"],
    ["${secret:}", "no name of a secret"],
    ["${secret:a#}", "no name of a secret"],
    ["${secret:a#b#c}", "no name of a secret"],
    ["${vault:a}", '"vault:" is not known'],
    ["${ENV:A}", '"ENV:" is not known'],
    [`${"${a:-".repeat(20)}x${"}".repeat(20)}`, "nested more than 16 deep"],
  ])("%s", (reference, message) => {
    expect(problems(`a: 1\nx: '${reference}'\n`)).toMatchObject([
      {
        code: "reference.syntax",
        message: expect.stringContaining(message),
        where: { file: "environments/dev/dev.yml", line: 2, column: 4, path: "x" },
      },
    ]);
  });
});

describe("what refers to nothing", () => {
  test.each([
    ["${database.portt}", 'there is no "portt" in database: did you mean port?'],
    ["${databse.port}", 'there is no "databse" at the top: did you mean database?'],
    ["${database.port.x}", 'there is no "x" in database.port: there is none'],
    ["${hosts[5]}", 'there is no "5" in hosts: there is none'],
    ["${.nothing}", 'there is no "nothing" at the top'],
  ])("%s suggests what may be meant", (reference, hint) => {
    expect(problems(`database: {port: 1, user: u}\nhosts: [a]\nx: ${reference}\n`)).toMatchObject([
      {
        code: "reference.unresolved",
        message: `${reference} refers to nothing`,
        hint: expect.stringContaining(hint),
        where: { line: 3, column: 4, path: "x" },
      },
    ]);
  });

  test("is told once, and what needs it stays as it is written", () => {
    const snapshot = resolve('x: ${none}\ny: ${x}\nz: "<${x}>"\n');
    expect(snapshot.diagnostics).toHaveLength(1);
    expect(snapshot.get("")).toMatchObject({ x: "${none}", y: "${x}", z: "<${x}>" });
  });

  test("without a tenant, a path that a tenant may supply stays, without a problem", () => {
    const files = {
      "lotse.yml": "version: 1\n",
      "environments/dev/dev.yml": 'x: ${tenant.id}\ny: "<${tenant.id}>"\nz: ${tenant.id:-none}\n',
      "environments/tenants/acme.yml": "tenant: {id: acme}\n",
    };
    const engine = engineOf(files);
    const open = engine.resolve({ environment: "dev" });
    expect([open.get(""), open.diagnostics]).toEqual([
      { x: "${tenant.id}", y: "<${tenant.id}>", z: "none" },
      [],
    ]);
    const bound = engine.resolve({ environment: "dev", tenant: "acme" });
    expect([bound.get(""), bound.diagnostics]).toEqual([
      { x: "acme", y: "<acme>", z: "acme", tenant: { id: "acme" } },
      [],
    ]);
  });

  test.each(["${env:NONE}", "${file:none.txt}", "${", "${vault:x}"])(
    "without a tenant, %s is a problem all the same",
    (reference) => {
      const engine = engineOf({ "environments/dev/dev.yml": `x: '${reference}'\n` });
      expect(engine.resolve({ environment: "dev" }).diagnostics).toHaveLength(1);
    },
  );

  test("a map in the middle of a text is an error", () => {
    expect(problems('a: {b: 1}\nx: "<${a}>"\n')).toMatchObject([
      {
        code: "reference.kind",
        message: expect.stringContaining("${a} is a map"),
        where: { line: 2, column: 4 },
      },
    ]);
  });
});

describe("circles", () => {
  test.each<[string, string, string]>([
    ["itself", "x: ${x}\n", "x → x"],
    ["itself in a text", 'x: "<${x}>"\n', "x → x"],
    ["two", "x: ${y}\ny: ${x}\n", "x → y → x"],
    ["three", "a: {x: '${b}'}\nb: ${c[0]}\nc: ['${a.x}']\n", "a.x → b → c[0] → a.x"],
    ["relative", "a: {x: '${.y}', y: '${.x}'}\n", "a.x → a.y → a.x"],
    ["in a default", "x: ${none:-${x}}\n", "x → x"],
    ["a map that holds itself", "a: {b: '${a}'}\n", "a → a.b → a"],
    ["through a map", "x: ${m}\nm: {k: '${x}'}\n", "x → m.k → x"],
  ])("%s is one error that prints the whole way", (_, text, way) => {
    const found = problems(text);
    expect(found).toHaveLength(1);
    expect(found).toMatchObject([{ code: "reference.cycle", message: `references form a circle: ${way}` }]);
    const files = found[0]?.related?.map(({ file, line }) => [file, typeof line]);
    expect(files).toEqual(files?.map(() => ["environments/dev/dev.yml", "number"]));
  });

  test("two circles are two errors", () => {
    expect(problems("a: ${b}\nb: ${a}\nc: ${d}\nd: ${c}\ne: ${a}\n").map(({ code }) => code)).toEqual([
      "reference.cycle",
      "reference.cycle",
    ]);
  });
});

describe("expansions that would not end", () => {
  const doubling = (levels: number, first: string, item: (below: string) => string): string =>
    [
      `a0: ${first}`,
      ...Array.from({ length: levels }, (_, level) => `a${level + 1}: ${item(`\${a${level}}`)}`),
    ].join("\n");

  test.each<[string, string]>([
    ["texts", doubling(60, "x", (below) => `"${below}${below}"`)],
    [
      "texts, asked for from the end",
      doubling(60, "x", (below) => `"${below}${below}"`)
        .split("\n")
        .reverse()
        .join("\n"),
    ],
    ["lists", doubling(60, "[x, y]", (below) => `["${below}", "${below}"]`)],
    ["maps", doubling(60, "{x: y}", (below) => `{l: "${below}", r: "${below}"}`)],
    ["secrets", doubling(60, "${secret:x}", (below) => `"${below}${below}"`)],
    ["secrets with text", doubling(60, "'<${secret:x}>'", (below) => `"${below}-${below}"`)],
    ["maps in maps, one deeper each time", doubling(4000, "{x: y}", (below) => `{m: "${below}"}`)],
    [
      "a chain from the end",
      doubling(20_000, "x", (below) => `"${below}"`)
        .split("\n")
        .reverse()
        .join("\n"),
    ],
    [
      "a chain of maps from the end",
      doubling(4000, "x", (below) => `{m: {n: {o: "${below}"}}}`)
        .split("\n")
        .reverse()
        .join("\n"),
    ],
    [
      "many long texts",
      `a: ${"x".repeat(500_000)}\n${Array.from({ length: 2000 }, (_, key) => `k${key}: "\${a}${key}"`).join("\n")}`,
    ],
  ])("%s", (_, text) => {
    const found = problems(`${text}\n`);
    expect(found).toHaveLength(1);
    expect(found).toMatchObject([
      {
        code: "reference.too-large",
        where: {
          file: "environments/dev/dev.yml",
          line: expect.any(Number),
          column: expect.any(Number),
          path: expect.any(String),
        },
      },
    ]);
  });

  test("a file that many references read", () => {
    const text = Array.from({ length: 2000 }, (_, key) => `k${key}: \${file:big.txt}`).join("\n");
    const found = problems(`${text}\n`, { files: { "environments/dev/big.txt": "x".repeat(1_000_000) } });
    expect(found.map(({ code }) => code)).toEqual(["reference.too-large"]);
  });

  test.each([
    ["a chain in order", doubling(20_000, "x", (below) => `"${below}"`), "a20000", "x"],
    ["texts of nothing that double", doubling(60, '""', (below) => `"${below}${below}"`), "a60", ""],
  ])("%s is no problem", (_, text, path, result) => {
    expect(value(`${text}\n`, path)).toBe(result);
  });
});
