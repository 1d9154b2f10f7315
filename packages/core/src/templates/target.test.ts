import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DirectoryFiles } from "../kernel/index.ts";
import { FilesLoader, maxTemplateBytes } from "./loader.ts";
import { listTemplates, targetOf } from "./target.ts";
import { TemplateSet } from "./template-set.ts";

test.each([
  ["nginx.conf.j2", { name: "nginx.conf", secret: false, yaml: false }],
  ["a/b.yml.jinja", { name: "a/b.yml", secret: false, yaml: true }],
  ["b.YAML.jinja2", { name: "b.YAML", secret: false, yaml: true }],
  ["app.env.secret.j2", { name: "app.env", secret: true, yaml: false }],
  ["k8s/secret.yaml.secret.jinja", { name: "k8s/secret.yaml", secret: true, yaml: true }],
  ["secret.j2", { name: "secret", secret: false, yaml: false }],
  ["plain.conf", { name: "plain.conf", secret: false, yaml: false }],
  ["my.secret", { name: "my.secret", secret: false, yaml: false }],
])("%s makes %j", (template, expected) => {
  expect(targetOf(template)).toEqual({ template, ...expected });
});

let base = "";
beforeEach(() => (base = mkdtempSync(join(tmpdir(), "lotse-templates-"))));
afterEach(() => rmSync(base, { recursive: true, force: true }));

const put = (path: string, text: string | Uint8Array = ""): void => {
  mkdirSync(dirname(join(base, path)), { recursive: true });
  writeFileSync(join(base, path), text);
};

describe("listTemplates", () => {
  test("finds templates in all directories but those that are only to be included", () => {
    for (const path of [
      "t/b.j2",
      "t/a/c.jinja",
      "t/README.md",
      "t/_m.j2",
      "t/_lib/x.j2",
      "t/.git/y.j2",
      "t/z.yml",
    ])
      put(path);
    expect(listTemplates(new DirectoryFiles(join(base, "t")))).toEqual(["a/c.jinja", "b.j2"]);
  });

  test("a link that leads back ends with an error", () => {
    put("t/a.j2");
    symlinkSync(".", join(base, "t/again"));
    expect(() => listTemplates(new DirectoryFiles(join(base, "t")))).toThrow(
      expect.objectContaining({ code: "file.too-large" }) as Error,
    );
  });
});

describe("FilesLoader", () => {
  const codeOf = (source: string): string => {
    put("t/main.j2", source);
    const set = new TemplateSet({ loader: new FilesLoader(new DirectoryFiles(join(base, "t"))) });
    try {
      return set.render("main.j2", new Map()).text;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  test("includes what is in the directory", () => {
    put("t/sub/part.j2", "part");
    expect(codeOf("{% include 'sub/part.j2' %}")).toBe("part");
  });

  test.each([
    ["../outside.j2", "template.error"],
    ["/etc/hostname", "template.error"],
    ["sub/../../outside.j2", "template.error"],
    ["link.j2", "file.outside"],
    ["dir/outside.j2", "file.outside"],
    ["sub", "file.not-readable"],
    ["bad.j2", "file.encoding"],
    ["large.j2", "file.too-large"],
    ["none.j2", "template.not-found"],
  ])("include '%s' ends with %s", (name, code) => {
    put("outside.j2", "outside");
    put("t/sub/x", "");
    put("t/bad.j2", Uint8Array.of(0xff, 0xfe));
    put("t/large.j2", "x".repeat(maxTemplateBytes + 1));
    symlinkSync("../outside.j2", join(base, "t/link.j2"));
    symlinkSync("..", join(base, "t/dir"));
    expect(codeOf(`{% include '${name}' %}`)).toBe(code);
  });
});
