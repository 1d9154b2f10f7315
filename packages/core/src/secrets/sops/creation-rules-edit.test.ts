import { describe, expect, it } from "vitest";
import { editCreationRules } from "./creation-rules-edit.ts";
import { parseCreationRules } from "./creation-rules.ts";

const ada = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const bob = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";
const eve = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJUbd3eC+W7m7NYGwjYQsj7jVh8nyKXTFmbL1JhRv2hN";
const commented = `${eve} eve@example.com`;

/** Each file with the one recipient, and with both. */
const forms: readonly (readonly [form: string, one: string, two: string])[] = [
  [
    "a folded text, as init writes it",
    `# who\ncreation_rules:\n  - path_regex: secrets\n    age: >-\n      ${ada}\n`,
    `# who\ncreation_rules:\n  - path_regex: secrets\n    age: >-\n      ${ada},\n      ${bob}\n`,
  ],
  ["one line", `creation_rules:\n  - age: ${ada} # us\n`, `creation_rules:\n  - age: ${ada},${bob} # us\n`],
  [
    "one line in quotes",
    `creation_rules:\n  - age: "${ada}"\n`,
    `creation_rules:\n  - age: "${ada},${bob}"\n`,
  ],
  [
    "a list",
    `creation_rules:\n  - age:\n      - ${ada}\n    mac_only_encrypted: true\n`,
    `creation_rules:\n  - age:\n      - ${ada}\n      - ${bob}\n    mac_only_encrypted: true\n`,
  ],
  [
    "a list in brackets",
    `creation_rules:\n  - age: ["${ada}"]\n`,
    `creation_rules:\n  - age: ["${ada}", "${bob}"]\n`,
  ],
  [
    "a list in brackets without quotes",
    `creation_rules: [{ age: [${ada}] }]\n`,
    `creation_rules: [{ age: [${ada}, ${bob}] }]\n`,
  ],
  [
    "several rules",
    `creation_rules:\n  - path_regex: prod\n    age: ${ada}\n  - age: ${ada}\n`,
    `creation_rules:\n  - path_regex: prod\n    age: ${ada},${bob}\n  - age: ${ada},${bob}\n`,
  ],
  [
    "an anchor",
    `team: &team ${ada}\ncreation_rules:\n  - path_regex: prod\n    age: *team\n  - age: *team\n`,
    `team: &team ${ada},${bob}\ncreation_rules:\n  - path_regex: prod\n    age: *team\n  - age: *team\n`,
  ],
];

describe("the recipients in .sops.yaml", () => {
  it.each(forms)("are written as %s: one more, one less", (_, one, two) => {
    expect(editCreationRules(one, { what: "add", recipient: bob })).toBe(two);
    expect(editCreationRules(two, { what: "remove", recipient: bob })).toBe(one);
    expect(editCreationRules(two, { what: "add", recipient: bob })).toBe(two);
    expect(editCreationRules(one, { what: "remove", recipient: bob })).toBe(one);
  });

  it("may be SSH keys, whose comments do not count", () => {
    const text = `creation_rules:\n  - age:\n      - ${commented}\n      - ${ada}\n`;
    expect(editCreationRules(text, { what: "add", recipient: eve })).toBe(text);
    expect(editCreationRules(text, { what: "remove", recipient: eve })).toBe(
      `creation_rules:\n  - age:\n      - ${ada}\n`,
    );
  });

  it("the first of several goes, too, and comments stay", () => {
    const text = `creation_rules:\n  # ${ada} is gone soon\n  - age: >-\n      ${ada},\n      ${bob}\n`;
    expect(editCreationRules(text, { what: "remove", recipient: ada })).toBe(
      `creation_rules:\n  # ${ada} is gone soon\n  - age: >-\n      ${bob}\n`,
    );
  });

  it.each([
    ["a rule would have nobody left", `creation_rules:\n  - age: ${ada}\n`],
    ["a rule of several would have nobody left", `creation_rules:\n  - age: ${bob}\n  - age: ${ada}\n`],
    ["it is written with an escape", `creation_rules:\n  - age: "${bob},\\x61${ada.slice(1)}"\n`],
  ])("are left to a person where %s", (_, text) => {
    expect(editCreationRules(text, { what: "remove", recipient: ada })).toBeNull();
  });
});

describe("the digest of creation rules", () => {
  const digest = (text: string): string => parseCreationRules(text).digest;
  const [, one = "", two = ""] = forms[1] ?? [];

  it("is the same for every layout", () => {
    expect(new Set(forms.slice(1, 3).map(([, text]) => digest(text))).size).toBe(1);
    expect(digest(`# a comment\n${one}`)).toBe(digest(one));
  });

  it.each([
    ["recipient", two],
    ["path", one.replace("age:", "path_regex: prod\n    age:")],
    ["rule of what is encrypted", one.replace("age:", "unencrypted_regex: password\n    age:")],
    ["key of a kind that only sops knows", one.replace("age:", "kms: arn:aws:kms:x\n    age:")],
    ["rule before it", one.replace("rules:\n", `rules:\n  - age: ${bob}\n    path_regex: prod\n`)],
  ])("is another with another %s", (_, text) => {
    expect(digest(text)).not.toBe(digest(one));
  });
});
