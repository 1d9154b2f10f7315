import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLotseError } from "../../kernel/index.ts";
import { creationRuleFor } from "./creation-rules.ts";

const config = `# who may read
keys:
    - &alice age1alice
    - &bob age1bob
creation_rules:
    - path_regex: secrets/prod/.*\\.yaml$
      age: age1ops , age1sec
      encrypted_regex: ^(password|token)$
      mac_only_encrypted: true
    - path_regex: groups
      shamir_threshold: 2
      key_groups:
          - age:
                - *alice
          - age: [*bob]
          - age:
                - ssh-ed25519 AAAA me
    - path_regex: kms
      kms: arn:aws:kms:x
    - age:
          - *alice
          - *bob
`;

describe("a creation rule", () => {
  it.each([
    [
      "the first that fits",
      "secrets/prod/db.yaml",
      { recipients: ["age1ops", "age1sec"] },
      { encryptedRegex: "^(password|token)$", macOnlyEncrypted: true },
    ],
    [
      "anywhere in the path",
      "deep/secrets/prod/x.yaml",
      { recipients: ["age1ops", "age1sec"] },
      { encryptedRegex: "^(password|token)$", macOnlyEncrypted: true },
    ],
    [
      "with key groups",
      "a/groups/b",
      { groups: [["age1alice"], ["age1bob"], ["ssh-ed25519 AAAA me"]], shamirThreshold: 2 },
      {},
    ],
    ["the one without a path", "other.yaml", { recipients: ["age1alice", "age1bob"] }, {}],
  ])("is %s", (_what, path, recipients, rules) => {
    expect(creationRuleFor(config, path)).toEqual({ recipients, rules });
  });

  it.each([
    "",
    "# nothing\n",
    "stores: {}\n",
    "creation_rules: []\n",
    "creation_rules:\n    - path_regex: x\n      age: age1a\n",
  ])("is none in %j", (text) => {
    expect(creationRuleFor(text, "file.yaml")).toBeNull();
  });

  it.each<[string, string, number, number]>([
    ["keys that only sops can use", "creation_rules:\n    - kms: arn\n", 2, 5],
    ["no recipient", "creation_rules:\n    - path_regex: f\n", 2, 5],
    ["a broken pattern", "creation_rules:\n    - path_regex: (\n      age: age1a\n", 2, 7],
    ["an unknown key", "creation_rules:\n    - age: age1a\n      encrypted_regexp: x\n", 2, 5],
    [
      "two rules of what is encrypted",
      "creation_rules:\n    - age: age1a\n      encrypted_regex: x\n      encrypted_suffix: y\n",
      2,
      5,
    ],
    [
      "too high a threshold",
      "creation_rules:\n    - shamir_threshold: 3\n      key_groups:\n          - age: age1a\n          - age: age1b\n",
      2,
      5,
    ],
    [
      "an empty group",
      "creation_rules:\n    - key_groups:\n          - age: age1a\n          - age: []\n",
      2,
      5,
    ],
    ["a text for a list", "creation_rules: x\n", 1, 1],
    ["no YAML", "creation_rules: [\n", 2, 1],
    ["an alias in a circle", "creation_rules: &x\n    - *x\n", 2, 8],
  ])("is refused with %s", (_what, text, line, column) => {
    expect(() => creationRuleFor(text, "file.yaml")).toThrow(
      expect.objectContaining({
        code: "secret.rules",
        where: expect.objectContaining({ file: ".sops.yaml", line, column }) as unknown,
      }) as Error,
    );
  });

  it("of any text is a rule, none or a Lotse error", () => {
    const pieces = fc.array(
      fc.constantFrom(
        "creation_rules:\n",
        "  - ",
        "age: ",
        "path_regex: ",
        "x",
        "&a ",
        "*a",
        "\n",
        "[",
        "]",
        "(",
        "key_groups:",
        "{}",
        ":",
      ),
      { maxLength: 12 },
    );
    const property = fc.property(
      fc.oneof(
        fc.string(),
        pieces.map((list) => list.join("")),
      ),
      (text) => {
        try {
          creationRuleFor(text, "x");
        } catch (error) {
          expect(isLotseError(error) ? error.code : error).toBe("secret.rules");
        }
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});
