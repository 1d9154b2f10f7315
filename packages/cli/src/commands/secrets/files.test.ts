import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { createColors } from "picocolors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Context } from "../../context.ts";
import { main } from "../../main.ts";

const file = "environments/prod/secrets/prod.yml";
const colours = createColors(false);

describe("commands on secret files and values", () => {
  let root: string;
  let workspace: string;
  let identity: string;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "lotse-secret-files-"));
    workspace = join(root, "ws");
    mkdirSync(join(workspace, "environments/prod"), { recursive: true });
    mkdirSync(join(root, "elsewhere"));
    writeFileSync(join(workspace, "lotse.yml"), "version: 1\nname: shop\nenvironments: { prod: {} }\n");
    writeFileSync(join(workspace, "environments/prod/prod.yml"), "name: prod\n");
    identity = await generateX25519Identity();
    const recipient = await identityToRecipient(identity);
    writeFileSync(join(workspace, ".sops.yaml"), `creation_rules:\n  - age: ${recipient}\n`);
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  /** Runs the command line in this process. */
  const run = async (args: readonly string[], given: Partial<Context> & { readonly input?: string } = {}) => {
    const shown: string[] = [];
    const { input = "", ...rest } = given;
    const status = await main(args, {
      out: (text) => void shown.push(text),
      err: (text) => void shown.push(text),
      reveal: (content) => void shown.push(Buffer.from(content).toString("utf8")),
      cwd: workspace,
      variables: { HOME: join(root, "home"), USER: "ada", SOPS_AGE_KEY: identity },
      readInput: () => Promise.resolve(input),
      ask: null,
      live: false,
      stdoutColours: colours,
      stderrColours: colours,
      signal: new AbortController().signal,
      sessions: new Map(),
      ...rest,
    });
    return { status, text: shown.join("") };
  };
  const decryptions = async (): Promise<readonly (readonly [string, string, unknown])[]> => {
    const { text } = await run(["audit", "log", "--action", "secret.decrypt", "-o", "json"]);
    const entries = JSON.parse(text) as { object: string; outcome: string; scope: unknown }[];
    return entries.map(({ object, outcome, scope }) => [object, outcome, scope]);
  };

  it("decrypting a file of a workspace is in its log, wherever the command is called", async () => {
    await run(["secrets", "set", "prod", "a"], { input: "plain" });
    const cwd = join(root, "elsewhere");
    const opened = await run(["secrets", "decrypt", join(workspace, file)], { cwd });
    expect(opened).toEqual({ status: 0, text: "a: plain\n" });
    const variables = { HOME: join(root, "home"), USER: "bob" };
    const refused = await run(["secrets", "decrypt", join(workspace, file)], { cwd, variables });
    expect(refused.status).not.toBe(0);
    expect(await decryptions()).toEqual([
      [file, "denied", { environment: "prod" }],
      [file, "success", { environment: "prod" }],
    ]);
  });

  it("decrypting shows nothing when the log takes no entry", async () => {
    await run(["secrets", "set", "prod", "a"], { input: "plain" });
    rmSync(join(workspace, ".lotse/audit"), { recursive: true });
    const { status, text } = await run(["secrets", "decrypt", file]);
    expect(status).not.toBe(0);
    expect(text).not.toContain("plain");
  });

  it("decrypting in place closes the file to others", async () => {
    await run(["secrets", "set", "prod", "a"], { input: "plain" });
    expect(statSync(join(workspace, file)).mode & 0o777).toBe(0o644);
    await run(["secrets", "decrypt", "-i", file]);
    expect(readFileSync(join(workspace, file), "utf8")).toBe("a: plain\n");
    expect(statSync(join(workspace, file)).mode & 0o777).toBe(0o600);
  });

  it("bytes that are no text are refused, not stored as something else", async () => {
    const input = Buffer.from([0x61, 0xff, 0x62]).toString("utf8");
    const { status, text } = await run(["secrets", "set", "prod", "a"], { input });
    expect([status, text]).toEqual([2, expect.stringContaining("not text in UTF-8")]);
    expect((await run(["secrets", "get", "prod", "a"])).status).not.toBe(0);
  });

  it.each([
    [true, "v\n"],
    [false, "v"],
  ])("a value ends in a line break only at a terminal (%j)", async (isTTY, wanted) => {
    await run(["secrets", "set", "prod", "a"], { input: "v" });
    const before = Object.getOwnPropertyDescriptor(process.stdout, "isTTY");
    Object.defineProperty(process.stdout, "isTTY", { value: isTTY, configurable: true });
    try {
      // Standard error may be a terminal either way.
      expect((await run(["secrets", "get", "prod", "a"], { live: !isTTY })).text).toBe(wanted);
    } finally {
      if (before === undefined) Reflect.deleteProperty(process.stdout, "isTTY");
      else Object.defineProperty(process.stdout, "isTTY", before);
    }
  });
});
