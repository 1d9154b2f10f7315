import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Sensitive } from "../../kernel/index.ts";
import { keepText, sweepKeptTexts } from "./kept-text.ts";

const dayMs = 24 * 60 * 60 * 1000;

describe("a text that could not be written", () => {
  let parent: string;
  const now = new Date("2026-11-21T12:00:00Z");
  beforeEach(() => void (parent = mkdtempSync(join(tmpdir(), "lotse-kept-test-"))));
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  const keep = async (ageMs: number): Promise<string> => {
    const path = await keepText(new Sensitive<Uint8Array>(Buffer.from("a: hunter22\n")), false, parent);
    const time = new Date(now.getTime() - ageMs);
    utimesSync(dirname(path), time, time);
    return path;
  };

  it("is kept for this user alone, for a day", async () => {
    const old = await keep(dayMs + 1000);
    const young = await keep(dayMs - 1000);
    expect(readFileSync(old, "utf8")).toBe("a: hunter22\n");
    expect([statSync(old).mode & 0o777, statSync(dirname(old)).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(sweepKeptTexts(now, [parent])).toEqual([dirname(old)]);
    expect([existsSync(dirname(old)), existsSync(young)]).toEqual([false, true]);
  });

  it("is not what others made, is open to others, or leads elsewhere", async () => {
    const elsewhere = await keep(2 * dayMs);
    const open = join(parent, "lotse-kept-open");
    mkdirSync(open);
    chmodSync(open, 0o755);
    const link = join(parent, "lotse-kept-link");
    symlinkSync(dirname(elsewhere), link);
    const other = join(parent, "other");
    mkdirSync(other, { mode: 0o700 });
    for (const path of [open, other]) utimesSync(path, new Date(0), new Date(0));
    expect(sweepKeptTexts(now, [parent, join(parent, "none")])).toEqual([dirname(elsewhere)]);
    expect([existsSync(open), existsSync(other)]).toEqual([true, true]);
  });
});
