import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LotseError, Sensitive } from "../kernel/index.ts";
import { applyOutput, planOutput, type OutputFile } from "./output.ts";

let base = "";
let out = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "lotse-output-"));
  out = join(base, "out");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const put = (name: string, text: string, mode = 0o644): void => {
  mkdirSync(join(out, name, ".."), { recursive: true });
  writeFileSync(join(out, name), text);
  chmodSync(join(out, name), mode);
};
const modeOf = (name: string): number => statSync(join(out, name)).mode & 0o777;
const write = async (...files: OutputFile[]): Promise<readonly string[]> =>
  applyOutput(await planOutput(out, files));

describe("writing", () => {
  test("makes directories and files, and tells what it wrote", async () => {
    expect(await write({ name: "a/b.conf", text: "x\n" }, { name: "c", text: "" })).toEqual([
      "a/b.conf",
      "c",
    ]);
    expect(readFileSync(join(out, "a/b.conf"), "utf8")).toBe("x\n");
    expect(modeOf("a/b.conf")).toBe(0o644);
  });

  test("keeps the mode of a file that changes, and does not touch one that stays", async () => {
    put("run.sh", "old\n", 0o755);
    put("same", "same\n", 0o640);
    const before = statSync(join(out, "same"), { bigint: true });
    expect(await write({ name: "run.sh", text: "new\n" }, { name: "same", text: "same\n" })).toEqual([
      "run.sh",
    ]);
    expect(modeOf("run.sh")).toBe(0o755);
    const after = statSync(join(out, "same"), { bigint: true });
    expect([after.ino, after.mtimeNs, after.ctimeNs]).toEqual([before.ino, before.mtimeNs, before.ctimeNs]);
  });

  test("a secret file gets 0600, also where only the mode is wrong", async () => {
    put("b.env", "A=1\n", 0o644);
    put("c.env", "old\n", 0o644);
    const files = ["a.env", "b.env", "c.env"].map((name) => ({ name, text: new Sensitive("A=1\n") }));
    const plan = await planOutput(out, files);
    expect(plan.files.map(({ status }) => status)).toEqual(["created", "mode", "changed"]);
    await applyOutput(plan);
    expect(["a.env", "b.env", "c.env"].map(modeOf)).toEqual([0o600, 0o600, 0o600]);
    expect((await planOutput(out, files)).files.map(({ status }) => status)).toEqual(
      Array(3).fill("unchanged"),
    );
  });
});

describe("the plan", () => {
  test("writes nothing", async () => {
    await planOutput(out, [{ name: "a", text: "x" }]);
    expect(() => statSync(out)).toThrow("ENOENT");
  });

  test("never shows what a secret file says, nor said", async () => {
    put("a.env", "A=old-hunter2\n");
    const text = new Sensitive("# c\nA=new-hunter2\n");
    const plan = await planOutput(out, [{ name: "a.env", text, originOf: (line) => `(line ${line})` }]);
    expect(plan.files[0]?.diff.map((line) => line.text)).toEqual([
      "--- a.env",
      "+++ a.env",
      "@@ -1 +1,2 @@",
      "-[hidden]",
      "+[hidden] (line 1)",
      "+[hidden] (line 2)",
    ]);
    expect(JSON.stringify(plan)).not.toContain("hunter2");
  });

  test("two bytes that are no UTF-8 are a difference although they read alike", async () => {
    mkdirSync(out);
    writeFileSync(join(out, "a"), Buffer.from([0xff]));
    const plan = await planOutput(out, [{ name: "a", text: "\uFFFD" }]);
    expect(plan.files[0]?.status).toBe("changed");
  });
});

describe("the directory is not left", () => {
  const codeOf = async (...files: OutputFile[]): Promise<string> =>
    write(...files).then(
      () => "written",
      (error: unknown) => (error instanceof LotseError ? error.code : String(error)),
    );
  const file = (name: string): OutputFile => ({ name, text: "x" });

  test.each([["../a"], ["/a"], ["a/../../b"], [""], ["a/"], ["a\0b"]])("by the name %j", async (name) => {
    expect(await codeOf(file(name))).toBe("file.outside");
  });

  test("by a link in the place of a directory or of the file", async () => {
    mkdirSync(out);
    mkdirSync(join(base, "other"));
    writeFileSync(join(base, "other/file"), "safe");
    symlinkSync("../other", join(out, "dir"));
    symlinkSync("../other/file", join(out, "link"));
    expect(await codeOf(file("dir/file"))).toBe("file.outside");
    expect(await codeOf(file("link"))).toBe("file.outside");
    expect(readFileSync(join(base, "other/file"), "utf8")).toBe("safe");
  });

  test("by a link that appears between plan and writing", async () => {
    mkdirSync(out);
    mkdirSync(join(base, "other"));
    const plan = await planOutput(out, [file("dir/file")]);
    symlinkSync("../other", join(out, "dir"));
    await expect(applyOutput(plan)).rejects.toMatchObject({ code: "file.outside" });
    expect(() => statSync(join(base, "other/file"))).toThrow("ENOENT");
  });

  test("two templates for one file are refused, and a directory is not replaced", async () => {
    expect(await codeOf(file("a"), file("a"))).toBe("file.ambiguous");
    mkdirSync(join(out, "b"), { recursive: true });
    expect(await codeOf(file("b"))).toBe("file.outside");
  });
});
