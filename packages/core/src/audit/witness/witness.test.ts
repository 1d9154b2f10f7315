import { execFileSync } from "node:child_process";
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemExec } from "../../kernel/index.ts";
import { openCheckpoint } from "../note/checkpoint.ts";
import { readKeyFile } from "../note/key-file.ts";
import { parseNote } from "../note/note.ts";
import { describeWitness, updateOf } from "../testing/describe-witness.ts";
import { testClock } from "../testing/fixtures.ts";
import { cosigningWitness } from "./cosigning-witness.ts";
import { fileWitness } from "./file-witness.ts";
import { gitWitness, type GitWitnessOptions } from "./git-witness.ts";

async function inDirectory(): Promise<{ readonly directory: string; readonly dispose: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "lotse-witness-"));
  return { directory, dispose: () => rm(directory, { recursive: true }) };
}

function gitOptions(directory: string, local = "local.git"): GitWitnessOptions {
  return {
    remote: join(directory, "remote.git"),
    directory: join(directory, local),
    exec: systemExec,
    clock: testClock(),
  };
}

function cosigning(directory: string): ReturnType<typeof cosigningWitness> {
  return cosigningWitness({
    keyFile: join(directory, "second-key"),
    keyName: "example.com/second",
    file: join(directory, "cosigned.jsonl"),
    clock: testClock(),
  });
}

describeWitness("files elsewhere", async () => {
  const { directory, dispose } = await inDirectory();
  return { open: () => fileWitness({ directory: join(directory, "memory") }), dispose };
});

describeWitness("a second key", async () => {
  const { directory, dispose } = await inDirectory();
  return { open: () => cosigning(directory), dispose };
});

describeWitness("a git remote", async () => {
  const { directory, dispose } = await inDirectory();
  execFileSync("git", ["init", "--quiet", "--bare", join(directory, "remote.git")]);
  let opened = 0;
  return { open: () => gitWitness(gitOptions(directory, `local-${opened++}.git`)), dispose };
});

describe("what witnesses are made of", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "lotse-witness-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("the second key's signature is on what it remembers, and nothing else counts", async () => {
    const witness = cosigning(directory);
    await witness.accept(updateOf(["a", "b"]));
    const note = (await witness.latest()) as string;
    const second = await readKeyFile(join(directory, "second-key"));
    expect(parseNote(note).signatures.map(({ name }) => name)).toEqual([
      "lotse/test/1",
      "example.com/second",
    ]);
    const key = second?.key as NonNullable<typeof second>["key"];
    expect(openCheckpoint(note, [key]).size).toBe(2);
    // Whoever has the log's key alone writes a line of their own.
    const forged = `${JSON.stringify({ note: updateOf(["x"]).note })}\n`;
    await appendFile(join(directory, "cosigned.jsonl"), forged);
    await expect(witness.latest()).rejects.toMatchObject({ code: "audit.witness" });
  });

  it("a torn last line of the second key's file is not counted, and is cut off", async () => {
    const witness = cosigning(directory);
    await witness.accept(updateOf(["a"]));
    await appendFile(join(directory, "cosigned.jsonl"), '{"note":"half');
    await witness.accept(updateOf(["a", "b"]));
    expect(openCheckpoint((await witness.latest()) as string, [updateOf([]).key]).size).toBe(2);
    expect((await readFile(join(directory, "cosigned.jsonl"), "utf8")).split("\n")).toHaveLength(3);
  });

  it("a checkpoint file that a power cut emptied falls back to the copy", async () => {
    const witness = fileWitness({ directory });
    await witness.accept(updateOf(["a"]));
    await witness.accept(updateOf(["a", "b"]));
    await truncate(join(directory, "checkpoint"));
    expect(openCheckpoint((await witness.latest()) as string, [updateOf([]).key]).size).toBe(1);
    await witness.accept(updateOf(["a", "b", "c"]));
    expect(openCheckpoint((await witness.latest()) as string, [updateOf([]).key]).size).toBe(3);
    await witness.close?.();
  });

  it("leaves without any checkpoint accuse", async () => {
    const witness = fileWitness({ directory });
    await witness.accept(updateOf(["a"]));
    await rm(join(directory, "checkpoint"));
    await rm(join(directory, "checkpoint.copy"));
    await expect(witness.latest()).rejects.toMatchObject({ code: "audit.witness" });
    await witness.close?.();
  });

  it("the git remote keeps every checkpoint as a commit over the last", async () => {
    const options = gitOptions(directory);
    execFileSync("git", ["init", "--quiet", "--bare", options.remote]);
    const witness = gitWitness(options);
    for (const size of [1, 2, 3]) await witness.accept(updateOf(["a", "b", "c"].slice(0, size)));
    const log = execFileSync("git", ["-C", options.remote, "log", "--format=%s|%an|%p", "refs/lotse/audit"], {
      encoding: "utf8",
    }).trimEnd();
    expect(log.split("\n").map((line) => line.split("|").slice(0, 2))).toEqual([
      ["lotse/test/1: 3 entries", "lotse"],
      ["lotse/test/1: 2 entries", "lotse"],
      ["lotse/test/1: 1 entries", "lotse"],
    ]);
    const branches = execFileSync("git", ["-C", options.remote, "branch", "--list"], { encoding: "utf8" });
    expect(branches).toBe("");
  });

  it("of two that push to a git remote at once, one is refused and nothing is lost", async () => {
    const options = gitOptions(directory);
    execFileSync("git", ["init", "--quiet", "--bare", options.remote]);
    await gitWitness(options).accept(updateOf(["a"]));
    const late = gitWitness(gitOptions(directory, "late.git"));
    const racing = gitWitness({
      ...gitOptions(directory, "racing.git"),
      exec: async (program, args, execOptions) => {
        // Somebody else is faster, just before our push.
        if (args[0] === "push") await late.accept(updateOf(["a", "b"]));
        return systemExec(program, args, execOptions);
      },
    });
    await expect(racing.accept(updateOf(["a", "x", "y"]))).rejects.toMatchObject({ code: "audit.witness" });
    expect(openCheckpoint((await late.latest()) as string, [updateOf([]).key]).size).toBe(2);
  });

  it("a git remote that is not there is an error, and shows no address", async () => {
    const witness = gitWitness({ ...gitOptions(directory), remote: join(directory, "s3cret.git") });
    await expect(witness.latest()).rejects.toMatchObject({
      code: "machine.exec",
      retryable: true,
      message: expect.not.stringContaining("s3cret") as string,
    });
  });

  it("an option in place of a remote is no option", async () => {
    await writeFile(join(directory, "proof"), "");
    const witness = gitWitness({ ...gitOptions(directory), remote: "--upload-pack=touch hacked" });
    await expect(witness.latest()).rejects.toMatchObject({ code: "machine.exec" });
  });
});
