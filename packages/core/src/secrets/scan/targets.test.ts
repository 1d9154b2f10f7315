import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemExec } from "../../kernel/index.ts";
import { scanTargets, type ScanResult, type ScanTarget } from "./index.ts";

let root = "";

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "lotse-scan-")));
  git("init", "--quiet", "--initial-branch=main");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function git(...args: readonly string[]): string {
  const identity = [
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@example.com",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "core.hooksPath=/dev/null",
  ];
  return execFileSync("git", ["-C", root, ...identity, ...args], { encoding: "utf8" }).trim();
}

function write(file: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), content);
}

function commit(message = "c"): string {
  git("add", "--all");
  git("commit", "--quiet", "--allow-empty", "-m", message);
  return git("rev-parse", "HEAD");
}

const scan = (...targets: readonly ScanTarget[]): Promise<ScanResult> =>
  scanTargets({ root, targets, exec: systemExec, maxFileBytes: 100_000 });
const where = (result: ScanResult): readonly string[] =>
  result.findings.map(({ file, line }) => `${file}:${line}`).sort();

// Not one secret in this file: each is put together.
const value = (seed: string): string => `Ab9${seed}x7QzR4tY8wK2mN5pL${seed}3vB6`;
const line = (seed: string): string => `token: ${value(seed)}\n`;

describe("the working tree", () => {
  it("is what is tracked or not ignored, with any name, but no links out of it", async () => {
    write(".gitignore", "ignored.yml\n.env\n");
    write("tracked.yml", line("A"));
    write('späte größe\n"neu".yml', line("B"));
    write("sub/dir/a.yml", `\n${line("C")}`);
    write("deleted.yml", line("D"));
    commit();
    unlinkSync(join(root, "deleted.yml"));
    write("new.yml", line("E"));
    write("ignored.yml", line("F"));
    write(".env", `API_TOKEN=${value("G")}\n`);
    symlinkSync("/etc/hostname", join(root, "link"));
    const result = await scan("tree");
    expect(where(result)).toEqual(
      ["new.yml:1", 'späte größe\n"neu".yml:1', "sub/dir/a.yml:2", "tracked.yml:1"].sort(),
    );
    expect(result.skipped).toEqual([{ file: "link", why: "outside" }]);
    expect(where(await scan("env"))).toEqual([".env:1"]);
    expect(where(await scan({ files: ["ignored.yml"] }))).toEqual(["ignored.yml:1"]);
  });

  it("does not hold what is binary or too large, and says so", async () => {
    write("a.bin", Buffer.concat([Buffer.from(line("A")), Buffer.alloc(1)]));
    write("b.yml", line("B") + "#".repeat(100_000));
    const result = await scan("tree");
    expect(result).toMatchObject({ findings: [], scannedFiles: 0 });
    expect(result.skipped).toEqual([
      { file: "a.bin", why: "binary" },
      { file: "b.yml", why: "too large" },
    ]);
  });
});

describe("the staged diff", () => {
  it("before the first commit is all that is staged", async () => {
    write("a.yml", line("A"));
    git("add", "a.yml");
    write("b.yml", line("B"));
    expect(where(await scan("staged"))).toEqual(["a.yml:1"]);
  });

  it("is what is added to the index, not what was there and not what is only in the working tree", async () => {
    write("a.yml", `first: 1\n${line("A")}`);
    commit();
    write("a.yml", `${line("B")}first: 1\n${line("A")}other: 2\n`);
    git("add", "a.yml");
    write("a.yml", `${line("C")}${line("B")}`);
    const result = await scan("staged");
    expect(where(result)).toEqual(["a.yml:1"]);
    expect(result.findings[0]?.column).toBe(8);
  });

  it("is empty when nothing is staged, and has no deletions", async () => {
    write("a.yml", line("A"));
    commit();
    expect((await scan("staged")).findings).toEqual([]);
    git("rm", "--quiet", "a.yml");
    expect((await scan("staged")).findings).toEqual([]);
  });
});

describe("the history", () => {
  it("has each content once, with the commit that brought it in, on any branch and after deletion", async () => {
    write("a.yml", line("A"));
    const first = commit("1");
    write("a.yml", "clean: 1\n");
    write("copy.yml", line("A"));
    commit("2");
    git("switch", "--quiet", "-c", "side", first);
    write("naïve\tname.yml", `x: 1\n${line("B")}`);
    const side = commit("3");
    git("switch", "--quiet", "main");
    git("merge", "--quiet", "--no-edit", "side");
    git("rm", "--quiet", "copy.yml");
    git("switch", "--quiet", "-c", "gone");
    const result = await scan("history");
    expect(result.findings.map(({ commit: id, file, line: at }) => `${id} ${file}:${at}`).sort()).toEqual(
      [`${first} a.yml:1`, `${side} naïve\tname.yml:2`].sort(),
    );
  });

  it("of a repository without commits is empty", async () => {
    expect(await scan("history")).toMatchObject({ findings: [], scannedFiles: 0 });
  });

  it("says what it left out", async () => {
    write("big.yml", line("A") + "#".repeat(100_000));
    const id = commit();
    expect((await scan("history")).skipped).toEqual([{ file: "big.yml", commit: id, why: "too large" }]);
  });
});

it("outside a repository is refused", async () => {
  rmSync(join(root, ".git"), { recursive: true });
  await expect(
    scanTargets({
      root,
      targets: ["tree"],
      exec: (program, args, options) =>
        systemExec(program, args, { ...options, env: { GIT_CEILING_DIRECTORIES: dirname(root) } }),
    }),
  ).rejects.toMatchObject({ code: "git.failed" });
});
