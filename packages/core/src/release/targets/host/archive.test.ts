import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Payload } from "../../target.ts";
import { fileMembers, packRelease } from "./archive.ts";
import { parseHostSpec } from "./spec.ts";

describe("a release's archive", () => {
  let directory: string;
  const spec = parseHostSpec({ type: "host", command: ["node"], hosts: [{ name: "web-1" }] });
  const payload: Payload = {
    release: "a".repeat(64),
    version: "1.0.0",
    spec,
    materialise: async (work) => {
      await mkdir(join(work, "code"), { recursive: true });
      await writeFile(join(work, "config.json"), "{}");
      return { codeDirectory: join(work, "code"), configFile: join(work, "config.json"), variables: {} };
    },
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "lotse-archive-"));
    vi.stubEnv("TMPDIR", directory);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(directory, { recursive: true });
  });

  it("leaves nothing when it is removed, and takes along what a killed process left long ago", async () => {
    const left = { old: "lotse-release-old", young: "lotse-release-young", other: "somebody-elses" };
    for (const name of Object.values(left)) await mkdir(join(directory, name));
    const longAgo = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const name of [left.old, left.other]) await utimes(join(directory, name), longAgo, longAgo);
    const archive = await packRelease(payload, spec, "blue");
    expect(existsSync(archive.file)).toBe(true);
    await archive.remove();
    expect((await readdir(directory)).sort()).toEqual([left.young, left.other]);
  });

  it("names directories before what is in them, and no directory where nothing was rendered", () => {
    const file = (path: string) => ({ path, bytes: Buffer.from(path) });
    const members = fileMembers({ files: [file("app.env"), file("etc/nginx/site.conf")], secrets: [] });
    expect(members.map(({ path }) => path)).toEqual([
      "files",
      "files/etc",
      "files/etc/nginx",
      "files/app.env",
      "files/etc/nginx/site.conf",
    ]);
    expect(fileMembers({ files: [], secrets: [] })).toEqual([]);
  });
});
