import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Sensitive, type LotseError } from "../../kernel/index.ts";
import { assertNoSecretInArguments, isKeyVariable, openPlace, writeArtefact } from "./index.ts";
import { findPlaces } from "./memory-place.ts";
import { wipeDirectory } from "./wipe.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "inject-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("writeArtefact", () => {
  const artefact = { path: "a/.env", content: new Sensitive("A=1\n"), mode: 0o600 };

  test("writes 0600, makes directories 0700, and replaces what was there", async () => {
    const root = join(directory, "new");
    for (const content of ["A=1\n", "A=2\n"]) {
      const path = await writeArtefact(root, { ...artefact, content: new Sensitive(content) });
      expect(readFileSync(path, "utf8")).toBe(content);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    expect(statSync(join(root, "a")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(root, "a"))).toEqual([".env"]);
  });

  test("a file that was open to others is closed", async () => {
    mkdirSync(join(directory, "a"));
    writeFileSync(join(directory, "a/.env"), "old", { mode: 0o644 });
    await writeArtefact(directory, artefact);
    expect(statSync(join(directory, "a/.env")).mode & 0o777).toBe(0o600);
  });

  test.each(["../x", "/etc/x", "a/../../x", "", ".", "a/"])("refuses the path %j", async (path) => {
    await expect(writeArtefact(directory, { ...artefact, path })).rejects.toMatchObject({
      code: "file.outside",
    });
  });

  test("refuses to go through a link that leads out, and to replace a link or directory", async () => {
    const outside = join(directory, "outside");
    const root = join(directory, "root");
    mkdirSync(outside);
    mkdirSync(join(root, "directory"), { recursive: true });
    writeFileSync(join(outside, "victim"), "untouched");
    symlinkSync(outside, join(root, "a"));
    symlinkSync(join(root, "nowhere"), join(root, "dangling"));
    symlinkSync(join(outside, "victim"), join(root, "link"));
    for (const path of ["a/.env", "dangling/.env", "link", "directory"]) {
      await expect(writeArtefact(root, { ...artefact, path })).rejects.toMatchObject({
        code: "file.outside",
      });
    }
    expect(readdirSync(outside)).toEqual(["victim"]);
    expect(readFileSync(join(outside, "victim"), "utf8")).toBe("untouched");
  });

  test("a link that stays inside is followed, and the directory itself may be one", async () => {
    const root = join(directory, "root");
    mkdirSync(join(root, "real"), { recursive: true });
    symlinkSync("real", join(root, "a"));
    symlinkSync("root", join(directory, "alias"));
    await writeArtefact(join(directory, "alias"), artefact);
    expect(existsSync(join(root, "real/.env"))).toBe(true);
  });

  test("a secret is not written where others can read it", async () => {
    await expect(writeArtefact(directory, { ...artefact, mode: 0o640 })).rejects.toMatchObject({
      code: "secret.leak",
    });
    await writeArtefact(directory, { path: "public.yml", content: "x", mode: 0o644 });
    expect(statSync(join(directory, "public.yml")).mode & 0o777).toBe(0o644);
  });
});

describe("assertNoSecretInArguments", () => {
  const long = "s3cret/value+1";
  const bytes = Buffer.from(long);
  const secrets = [
    { name: "PIN", value: "1234", secret: true },
    { name: "LONG", value: new Sensitive(long), secret: true },
    { name: "EMPTY", value: "", secret: true },
    { name: "PUBLIC", value: "visible-value", secret: false },
  ];
  test.each([
    long,
    `postgres://u:${long}@h/db`,
    bytes.toString("base64"),
    `Basic ${bytes.toString("base64url")}`,
    `?q=${encodeURIComponent(long)}`,
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    "1234",
    "--pin=1234",
    "pin:1234",
  ])("refuses %s", (argument) => {
    const act = (): void => assertNoSecretInArguments(["program", "-v", argument], secrets);
    expect(act).toThrowError(expect.objectContaining({ code: "secret.leak" }));
    try {
      act();
    } catch (error) {
      expect((error as LotseError).message).toContain("argument 2");
      expect(inspect(error)).not.toContain(argument);
    }
  });

  test.each(["12345", "port=12340", "visible-value", "s3cret", ""])("lets %j pass", (argument) => {
    expect(() => assertNoSecretInArguments(["program", argument], secrets)).not.toThrow();
  });
});

test.each([
  ["SOPS_AGE_KEY", true],
  ["SOPS_AGE_KEY_CMD", true],
  ["SOPS_EDITOR", false],
  ["VAULT_TOKEN", true],
  ["VAULT_ADDR", false],
  ["BAO_TOKEN", true],
  ["LOTSE_PKCS11_PIN", true],
  ["LOTSE_CONFIG", false],
  ["GITHUB_TOKEN", false],
])("%s opens Lotse's secrets: %s", (name, expected) => {
  expect(isKeyVariable(name)).toBe(expected);
});

describe("private directories", () => {
  test("memory comes first, as the file system says and not the name", () => {
    const places = findPlaces({}, [directory, "/dev/shm", "/no/such"]);
    expect(places.find((place) => place.directory === "/dev/shm")?.inMemory).toBe(true);
    expect(places[0]?.inMemory).toBe(true);
    expect(places.map((place) => place.directory)).not.toContain("/no/such");
    writeFileSync(join(directory, "file"), "");
    expect(findPlaces({}, [join(directory, "file")])).toEqual([]);
  });

  test("one that others can write to, without the sticky bit, is not used", () => {
    const open = join(directory, "open");
    mkdirSync(open);
    expect(findPlaces({}, [open])).toHaveLength(1);
    chmodSync(open, 0o777);
    expect(findPlaces({}, [open])).toEqual([]);
    chmodSync(open, 0o1777);
    expect(findPlaces({}, [open])).toHaveLength(1);
  });

  test("XDG_RUNTIME_DIR is tried first", () => {
    expect(findPlaces({ XDG_RUNTIME_DIR: directory }).map((place) => place.directory)).toContain(directory);
    expect(findPlaces({ XDG_RUNTIME_DIR: "relative" }).map((place) => place.directory)).not.toContain(
      "relative",
    );
  });

  test("is 0700, and is gone with all in it after closing, twice too", async () => {
    const listeners = process.listenerCount("exit");
    const place = await openPlace({ environment: {}, allowDisk: true, candidates: [directory] });
    expect(statSync(place.directory).mode & 0o777).toBe(0o700);
    writeFileSync(join(place.directory, "x"), "secret");
    mkdirSync(join(place.directory, "sub"));
    writeFileSync(join(place.directory, "sub/y"), "secret", { mode: 0o400 });
    place.close();
    place.close();
    expect(readdirSync(directory)).toEqual([]);
    expect(process.listenerCount("exit")).toBe(listeners);
  });

  test.each(["process.exit(3)", 'throw new Error("defect")'])("goes when the process ends by %s", (end) => {
    const module = JSON.stringify(new URL("./private-place.ts", import.meta.url).href);
    const script = `
      import { openPlace } from ${module};
      import { readdirSync } from "node:fs";
      const base = process.argv[1];
      await openPlace({ environment: {}, allowDisk: true, candidates: [base] });
      console.log(readdirSync(base).length);
      ${end};`;
    const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script, directory]);
    expect(stdout.toString()).toBe("1\n");
    expect(status).not.toBe(0);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("wiping overwrites files, also through another name of them, and leaves linked files alone", () => {
    const kept = join(directory, "kept");
    const inside = join(directory, "inside");
    mkdirSync(inside);
    writeFileSync(kept, "must stay");
    writeFileSync(join(inside, "secret"), "x".repeat(100_000));
    // A second name shows what is left in the file after the first is gone.
    linkSync(join(inside, "secret"), join(directory, "second-name"));
    symlinkSync(kept, join(inside, "link"));
    wipeDirectory(inside);
    expect(existsSync(inside)).toBe(false);
    expect(readFileSync(kept, "utf8")).toBe("must stay");
    expect(readFileSync(join(directory, "second-name"))).toEqual(Buffer.alloc(100_000));
    wipeDirectory(inside);
  });
});
