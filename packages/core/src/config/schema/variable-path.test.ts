import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Policy } from "./policy.ts";
import { pathOfVariable, variableName } from "./variable-path.ts";

/** The policy of a schema in which each path of keys has a place. */
function policyOf(path: readonly string[]): Policy {
  const schema = path.reduceRight<object>(
    (inner, key) => ({ type: "object", additionalProperties: false, properties: { [key]: inner } }),
    { type: "string" },
  ) as Record<string, unknown>;
  return new Policy(schema, [schema]);
}

describe("the path of a variable", () => {
  test.each<[string, readonly string[], string]>([
    ["dashes", ["max-replicas"], "MAX_REPLICAS"],
    ["capitals", ["maxReplicas"], "MAXREPLICAS"],
    ["dots and spaces", ["app.kubernetes.io/name", "a b"], "APP_KUBERNETES_IO_NAME__A_B"],
    ["a first digit", ["2fa"], "_2FA"],
    ["a later digit", ["a", "2-b"], "A__2_B"],
    ["the key as it is written", ["a", "B-c"], "a__B-c"],
  ])("is found by the schema's keys: %s", (_, path, name) => {
    expect(pathOfVariable(name, policyOf(path))).toMatchObject({ path, known: true });
  });

  test("comes back from every name that a path is given", () => {
    const key = fc
      .stringMatching(/^[a-z0-9](?:[.-]?[a-zA-Z0-9]){0,5}$/u)
      .filter((text) => text !== "constructor" && text !== "prototype");
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 5 }), (path) => {
        expect(pathOfVariable(variableName(path), policyOf(path))).toMatchObject({ path, known: true });
      }),
    );
  });

  test("has no place in a schema that does not know it, and is lower case", () => {
    expect(pathOfVariable("A__OTHER", policyOf(["a", "b"]))).toMatchObject({
      path: ["a", "other"],
      known: false,
      policy: undefined,
    });
    expect(pathOfVariable("A__B", undefined)).toEqual({ path: ["a", "b"], known: true, policy: undefined });
  });

  test.each(["", "A__", "__A", "A__CONSTRUCTOR", "A".padEnd(900, "__A")])("%j is none", (name) => {
    expect(() => pathOfVariable(name, undefined)).toThrow(expect.objectContaining({ code: "parse.path" }));
  });
});
