import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemExec } from "../../kernel/index.ts";
import { installHook, planHook, planHookRemoval, preCommitConfig, removeHook } from "./index.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "lotse-hook-"));
  git("init", "--quiet");
  git("config", "user.name", "t");
  git("config", "user.email", "t@example.com");
  git("config", "commit.gpgsign", "false");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function git(...args: readonly string[]): string {
  return execFileSync("git", ["-C", root, ...args], { encoding: "utf8" }).trim();
}

const commitStatus = (): number | null =>
  spawnSync("git", ["-C", root, "commit", "--quiet", "--allow-empty", "-m", "x"], { stdio: "ignore" }).status;

describe("the plan", () => {
  const path = "/r/.git/hooks/pre-commit";

  it("makes a hook, and is content with it", () => {
    const made = planHook({ path, content: null });
    expect(made.action).toBe("create");
    expect(made.content).toContain("\nlotse secrets scan --staged || exit $?\n");
    expect(planHook({ path, content: made.content })).toEqual({ ...made, action: "keep" });
    expect(planHookRemoval({ path, content: made.content })).toEqual({
      path,
      action: "remove-file",
      content: null,
    });
  });

  it.each(["#!/bin/sh\nnpm test\n", "#!/usr/bin/env bash\n\nset -e\n./check", "npm test\n"])(
    "keeps what is in %j",
    (content) => {
      const plan = planHook({ path, content });
      expect(plan.action).toBe("extend");
      expect(planHook({ path, content: plan.content }).action).toBe("keep");
      const removed = planHookRemoval({ path, content: plan.content }).content ?? "";
      expect(removed.replace(/^#!\/bin\/sh\n(?=npm test\n$)/u, "")).toBe(
        content.replace(/^#!\/bin\/sh\n/u, ""),
      );
    },
  );

  it("replaces its own block when the command changes, and quotes arguments", () => {
    const old = planHook({ path, content: "#!/bin/sh\nnpm test\n" });
    const next = planHook({ path, content: old.content, command: ["/my tools/lotse", "it's"] });
    expect(next.action).toBe("replace");
    expect(next.content?.match(/lotse secrets scan >>>/gu)).toHaveLength(1);
    expect(next.content).toContain("'/my tools/lotse' 'it'\\''s' || exit $?\n");
  });

  it("leaves a hook alone that is no shell script, and one that it is not in", () => {
    expect(() => planHook({ path, content: "#!/usr/bin/env python3\n" })).toThrow(
      expect.objectContaining({ code: "secret.hook" }),
    );
    expect(planHookRemoval({ path, content: "#!/bin/sh\nnpm test\n" }).action).toBe("keep");
    expect(planHookRemoval({ path, content: null }).action).toBe("keep");
  });

  it("for the framework pre-commit runs the same", () => {
    expect(preCommitConfig()).toContain("entry: lotse secrets scan --staged");
  });
});

describe("in a repository", () => {
  it("stops a commit by its status, runs the hook that was there, and goes again", async () => {
    const hook = join(root, ".git/hooks/pre-commit");
    mkdirSync(join(root, ".git/hooks"), { recursive: true });
    writeFileSync(hook, "#!/bin/sh\necho ran > ran\n");
    chmodSync(hook, 0o755);
    await installHook(systemExec, root, ["false"]);
    expect(statSync(hook).mode & 0o111).toBe(0o111);
    expect(commitStatus()).toBe(1);
    expect(existsSync(join(root, "ran"))).toBe(false);
    expect((await installHook(systemExec, root, ["true"])).action).toBe("replace");
    expect((await installHook(systemExec, root, ["true"])).action).toBe("keep");
    expect(commitStatus()).toBe(0);
    expect(existsSync(join(root, "ran"))).toBe(true);
    await removeHook(systemExec, root);
    expect(readFileSync(hook, "utf8")).toBe("#!/bin/sh\necho ran > ran\n");
  });

  it("lies where core.hooksPath says", async () => {
    git("config", "core.hooksPath", "tools/hooks");
    const plan = await installHook(systemExec, root, ["false"]);
    expect(plan.path).toBe(join(root, "tools/hooks/pre-commit"));
    expect(commitStatus()).toBe(1);
    await removeHook(systemExec, root);
    expect(existsSync(plan.path)).toBe(false);
  });

  it("is shared by worktrees", async () => {
    expect(commitStatus()).toBe(0);
    git("worktree", "add", "--quiet", join(root, "tree"));
    const plan = await installHook(systemExec, join(root, "tree"), ["false"]);
    expect(statSync(join(root, ".git/hooks/pre-commit")).ino).toBe(statSync(plan.path).ino);
    expect(commitStatus()).toBe(1);
  });

  it("outside of one is refused", async () => {
    await expect(installHook(systemExec, "/")).rejects.toMatchObject({ code: "git.failed" });
  });
});
