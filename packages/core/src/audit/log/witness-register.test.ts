import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { event, TestLog } from "../testing/fixtures.ts";
import { cosigningWitness } from "../witness/cosigning-witness.ts";
import { fileWitness } from "../witness/file-witness.ts";
import type { Witness } from "../witness/witness.ts";

let test: TestLog;
beforeEach(async () => {
  test = await TestLog.make();
});
afterEach(() => test.dispose());

/** The witness of a user, whose memory of another directory's log is elsewhere. */
function ofUser(directory: string, user = "ada"): Witness {
  return fileWitness({ directory: join(test.root, user, directory), memory: join(test.root, user) });
}

describe("a witness that was told of a log and remembers nothing", () => {
  it.each<[string, () => Promise<Witness>]>([
    ["as the directory is a copy", () => Promise.resolve(ofUser("copy"))],
    [
      "as its memory was removed",
      async () => {
        await rm(join(test.root, "ada"), { recursive: true });
        return ofUser("original");
      },
    ],
  ])("%s: nothing is appended, and verify tells", async (_, swap) => {
    const log = test.open({ witnesses: [ofUser("original")] });
    await log.append(event("a"));
    await log.close();
    const swapped = test.open({ witnesses: [await swap()] });
    await expect(swapped.append(event("b"), { durability: "process" })).rejects.toMatchObject({
      code: "audit.unavailable",
      hint: expect.stringContaining("lotse audit restart --reason") as string,
    });
    expect(await swapped.verify()).toMatchObject({
      ok: false,
      size: 1,
      firstBadIndex: null,
      fault: "forgotten",
      witnesses: [{ name: "file", status: "disagrees", size: null }],
    });
    // The log itself is as it was.
    expect(await test.open({ witnesses: [] }).verify()).toMatchObject({ ok: true, size: 1 });
  });

  it("is found while its log goes on", async () => {
    const log = test.open();
    await log.append(event("a"));
    await rm(test.witnessDirectory, { recursive: true });
    await expect(log.append(event("b"))).rejects.toMatchObject({ code: "audit.unavailable" });
  });

  it("is found when it is anchored", async () => {
    const cosigner = cosigningWitness({
      keyFile: join(test.root, "second"),
      keyName: "example.com/second",
      file: join(test.root, "cosigned.jsonl"),
      clock: test.clock,
    });
    const log = test.open({ witnesses: [cosigner] });
    await log.append(event("a"));
    expect(await log.anchor()).toMatchObject([{ ok: true }]);
    await rm(join(test.root, "cosigned.jsonl"));
    expect(await log.anchor()).toMatchObject([{ ok: false, error: { code: "audit.witness" } }]);
    expect(await log.verify()).toMatchObject({ ok: false, fault: "forgotten" });
  });
});

describe("a witness that was never told", () => {
  it("begins with the log as it is: another user's, or one that was added", async () => {
    await test.open({ witnesses: [ofUser("original")] }).append(event("a"));
    const both = test.open({ witnesses: [ofUser("original"), ofUser("original", "grace")] });
    await both.append(event("b"));
    expect(await both.verify()).toMatchObject({
      ok: true,
      witnesses: [
        { status: "agrees", size: 2 },
        { status: "agrees", size: 2 },
      ],
    });
  });

  it("of a log that has none yet is no fault", async () => {
    await test.open({ witnesses: [] }).append(event("a"));
    expect(await test.open().verify()).toMatchObject({ ok: true, witnesses: [{ status: "empty" }] });
  });
});

it("a damaged list of witnesses stops the log", async () => {
  await test.open().append(event("a"));
  const path = join(test.directory, "witnesses.json");
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
    format: 1,
    told: [`file:${test.witnessDirectory}`],
  });
  await writeFile(path, "{}");
  await expect(test.open().append(event("b"))).rejects.toMatchObject({ code: "audit.unavailable" });
});
