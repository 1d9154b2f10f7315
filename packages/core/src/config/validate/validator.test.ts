import { describe, expect, it } from "vitest";
import { engineOf, stack } from "../testing/workspace.ts";
import { Validator } from "./validator.ts";

const schema = `
type: object
additionalProperties: false
required: [port]
properties:
  port: { type: integer, minimum: 1, maximum: 65535 }
  ratio: { type: number }
  level: { type: string, enum: [debug, info, warning] }
  name: { type: string, minLength: 3, pattern: "^[a-z]+$" }
  tags: { type: array, uniqueItems: true, maxItems: 2, items: { type: string } }
  password: { type: string, minLength: 32, x-secret: true }
  pin: { type: integer, minimum: 1000 }
  limits: { type: object }
  channel: { $ref: "#/$defs/channel" }
  channels: { type: array, items: { $ref: "#/$defs/channel" } }
$defs:
  channel:
    oneOf:
      - { type: object, additionalProperties: false, required: [type, webhook], properties: { type: { const: slack }, webhook: { type: string } } }
      - { type: object, additionalProperties: false, required: [type, key], properties: { type: { const: pager }, key: { type: string, minLength: 8 } } }
`;

function findings(...layers: string[]) {
  const engine = engineOf(stack(layers, schema));
  const snapshot = engine.resolve({ environment: "dev" });
  expect(snapshot.diagnostics).toEqual([]);
  if (engine.schema === undefined) throw new Error("no schema");
  return new Validator(engine.schema).validate(snapshot);
}

describe("schema findings", () => {
  it.each([
    ["port: 80\nlevel: inf", "level", 2, 'did you mean "info"?'],
    ["port: 80\nlevl: info", "levl", 2, 'did you mean "level"?'],
    ["prt: 80", "port", 1, '"prt" stands there; did you mean "port"?'],
    ['port: "80"', "port", 1, "write it without quotes"],
    ["port: 80\nlevel: 1", "level", 2, "put it in quotes"],
    ["port: 0", "port", 1, "use 1 or more"],
    ["port: 99999", "port", 1, "use 65535 or less"],
    ["port: 1\nname: ab", "name", 2, "write a longer text"],
    ["port: 1\nname: ABC", "name", 2, "write it in that form"],
    ["port: 1\ntags: [a, a]", "tags", 2, "remove one of the two"],
    ["port: 1\ntags: [a, b, c]", "tags", 2, "remove items"],
    ["port: 1\nlimits: 5", "limits", 2, "write object"],
  ])("%j: %s", (text, path, line, hint) => {
    const found = findings(text).filter(({ where }) => where.path === path);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      code: "schema.violation",
      severity: "error",
      where: { file: "environments/l0.yml", line },
    });
    expect(found[0]?.hint).toContain(hint);
  });

  it("names the layer that set the value, not the one below", () => {
    expect(findings("port: 80", "port: 0")[0]?.where).toMatchObject({
      file: "environments/l1.yml",
      line: 1,
      column: 7,
    });
  });
});

describe("oneOf", () => {
  it.each([
    ["channel: { type: slack, webhok: x }", ["channel.webhook", "channel.webhok"]],
    ["channel: { type: pager, key: short }", ["channel.key"]],
    ["channels:\n  - { type: pager, key: longenough }\n  - { type: slack }", ["channels[1].webhook"]],
  ])("%j tells only what is wrong with the branch that was meant", (text, paths) => {
    expect(findings(`port: 1\n${text}`).map(({ where }) => where.path)).toEqual(paths);
  });
});

describe("secrets", () => {
  it.each([
    "password: ${secret:db#password}",
    "pin: ${secret:db#pin}",
    "channel: { type: pager, key: '${secret:pager#key}' }",
    "name: ${secret:x}-${secret:y}",
  ])("%s validates by its declared type", (text) => expect(findings(`port: 1\n${text}`)).toEqual([]));

  it("a handle is no map", () => {
    expect(findings("port: 1\nlimits: ${secret:a}").map(({ where }) => where.path)).toEqual(["limits"]);
  });

  it("a plain text at the path of a secret is a finding that does not repeat it", () => {
    const found = findings("port: 1\npassword: hunter2hunter2hunter2hunter2hunter2");
    expect(found.map(({ code }) => code)).toEqual(["schema.plain-secret"]);
    expect(JSON.stringify(findings("port: 1\npassword: hunter2"))).not.toContain("hunter2");
  });
});

it("takes integers beyond 2^53 as integers", () => {
  const found = findings("port: 9007199254740993");
  expect(found.map(({ where }) => where.path)).toEqual(["port"]);
  expect(found[0]?.message).toContain("9007199254740993");
});

it.each(["type: objekt", "properties: { a: { type: string, minimum: x } }", "foo: 1"])(
  "the broken schema %j is an error with a place",
  (text) => {
    const engine = engineOf(stack(["a: 1"], text));
    expect(() => new Validator(engine.schema as never)).toThrow(
      expect.objectContaining({
        code: "schema.invalid",
        where: expect.objectContaining({ file: "schema.yml" }) as unknown,
      }),
    );
  },
);
