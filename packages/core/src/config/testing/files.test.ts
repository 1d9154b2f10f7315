import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { failure, MemoryFiles } from "./workspace.ts";
import { DirectoryFiles, staysInside, type Files } from "../../kernel/index.ts";

const made: string[] = [];
afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

function directoryWith(tree: Readonly<Record<string, string>>): string {
  const base = mkdtempSync(join(tmpdir(), "lotse-files-"));
  made.push(base);
  const root = join(base, "tree");
  mkdirSync(root);
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const tree = { "lotse.yml": "version: 1\n", "a/b/c.yml": "x: 1\n", "a/é.yml": "x: é\n", "a/empty.yml": "" };

interface Editable {
  readonly files: Files;
  readonly write: (path: string, text: string) => void;
}

const implementations: readonly (readonly [string, () => Editable])[] = [
  [
    "MemoryFiles",
    () => {
      const files = new MemoryFiles(tree);
      return { files, write: (path, text) => files.write(path, text) };
    },
  ],
  [
    "DirectoryFiles",
    () => {
      const root = directoryWith(tree);
      return {
        files: new DirectoryFiles(root),
        write: (path, text) => writeFileSync(join(root, path), text),
      };
    },
  ],
];

describe.each(implementations)("the Files port: %s", (_, make) => {
  test.each([
    ["a file", "lotse.yml", "version: 1\n"],
    ["a file in a directory", "a/b/c.yml", "x: 1\n"],
    ["an empty file", "a/empty.yml", ""],
    ["a file beyond ASCII", "a/é.yml", "x: é\n"],
  ])("reads %s", (_, path, text) => {
    const { files } = make();
    expect(Buffer.from(files.read(path) ?? []).toString("utf8")).toBe(text);
    expect(files.size(path)).toBe(Buffer.byteLength(text));
  });

  test.each(["none.yml", "a/none.yml", "none/none.yml", "lotse.yml/inside.yml"])(
    "%s is not there",
    (path) => {
      const { files } = make();
      expect(files.read(path)).toBeUndefined();
      expect(files.stamp(path)).toBeUndefined();
      expect(files.size(path)).toBeUndefined();
    },
  );

  test.each([
    [".", ["a", "lotse.yml"]],
    ["a", ["b", "empty.yml", "é.yml"]],
    ["none", []],
    ["lotse.yml", []],
  ])("lists %s", (directory, names) => {
    expect(make().files.list(directory)).toEqual(names);
  });

  test.each(["../x", "a/../../x", "/etc/passwd", "a\\..\\x", "a\0b", "a/.."])("refuses %j", (path) => {
    const { files } = make();
    expect(failure(() => files.read(path))).toMatchObject({ code: "file.outside", where: { file: path } });
    expect(failure(() => files.list(path)).code).toBe("file.outside");
    expect(failure(() => files.size(path)).code).toBe("file.outside");
  });

  test("a stamp stays as long as the file does and changes with it", () => {
    const { files, write } = make();
    const before = files.stamp("a/b/c.yml");
    expect(files.stamp("a/b/c.yml")).toBe(before);
    write("a/b/c.yml", "x: 22\n");
    expect(files.stamp("a/b/c.yml")).not.toBe(before);
  });
});

describe("DirectoryFiles", () => {
  function linked(links: Readonly<Record<string, string>>): DirectoryFiles {
    const root = directoryWith({ "in/side.yml": "x: 1\n" });
    mkdirSync(join(root, "..", "out"));
    writeFileSync(join(root, "..", "out", "side.yml"), "x: secret\n");
    for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path));
    return new DirectoryFiles(root);
  }

  test("follows links that stay inside", () => {
    const files = linked({ "file.yml": "in/side.yml", directory: "in" });
    expect(Buffer.from(files.read("file.yml") ?? []).toString()).toBe("x: 1\n");
    expect(files.list("directory")).toEqual(["side.yml"]);
    expect(files.read("directory/side.yml")).toBeDefined();
  });

  test.each([
    ["a file", { "link.yml": "../out/side.yml" }, "link.yml"],
    ["a directory", { link: "../out" }, "link/side.yml"],
    ["a link to a link", { "link.yml": "other.yml", "other.yml": "../out/side.yml" }, "link.yml"],
    ["an absolute target", { "link.yml": "/etc/hostname" }, "link.yml"],
    ["a directory whose name only begins alike", { link: "../tree-other" }, "link/side.yml"],
    ["a device", { "link.yml": "/dev/zero" }, "link.yml"],
  ])("refuses links out of the tree: %s", (_, links, path) => {
    const files = linked(links);
    mkdirSync(join(files.label, "..", "tree-other"));
    expect(failure(() => files.read(path))).toMatchObject({ code: "file.outside", where: { file: path } });
    expect(failure(() => files.size(path)).code).toBe("file.outside");
    expect(failure(() => files.list(path)).code).toBe("file.outside");
    expect(failure(() => files.stamp(path)).code).toBe("file.outside");
  });

  test("a link to itself is an error, a dangling link is no file", () => {
    const files = linked({ "loop.yml": "loop.yml", "dangling.yml": "none.yml" });
    expect(failure(() => files.read("loop.yml")).code).toBe("file.outside");
    expect(failure(() => files.stamp("loop.yml")).code).toBe("file.outside");
    expect(files.read("dangling.yml")).toBeUndefined();
    expect(files.stamp("dangling.yml")).toBeUndefined();
  });

  test("a directory that becomes a link out of the tree is noticed", () => {
    const root = directoryWith({});
    const files = new DirectoryFiles(root);
    expect(files.read("later/side.yml")).toBeUndefined();
    mkdirSync(join(root, "..", "out"));
    symlinkSync("../out", join(root, "later"));
    expect(failure(() => files.read("later/side.yml")).code).toBe("file.outside");
  });

  test("a directory in the place of a file cannot be read", () => {
    const files = linked({});
    expect(failure(() => files.read("in"))).toMatchObject({
      code: "file.not-readable",
      where: { file: "in" },
    });
  });

  test("what the operating system refuses is an error with a code", () => {
    const files = linked({});
    const long = `${"x".repeat(5000)}.yml`;
    expect(failure(() => files.read(long))).toMatchObject({
      code: "file.not-readable",
      where: { file: long },
    });
  });

  test("a named pipe is not waited for", () => {
    const files = linked({});
    expect(spawnSync("mkfifo", [join(files.label, "pipe.yml")]).status).toBe(0);
    expect(failure(() => files.read("pipe.yml")).code).toBe("file.not-readable");
  });
});

test.each([
  ["a/b.yml", true],
  ["a..b/c", true],
  ["..", false],
  ["a/../b", false],
  ["/a", false],
  ["a\\b", false],
])("staysInside(%j) is %j", (path, inside) => {
  expect(staysInside(path)).toBe(inside);
});
