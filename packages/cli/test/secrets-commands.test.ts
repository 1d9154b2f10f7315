import { chmodSync, existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ageKey, SecretDesk } from "./secret-desk.ts";

// Processes start slowly on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const value = "correct horse battery staple";
const tenantFile = "environments/prod/secrets/tenants/acme.yml";
const prodFile = "environments/prod/secrets/prod.yml";

let desk: SecretDesk;
const begin = async (): Promise<void> => {
  desk = new SecretDesk();
  await desk.good(["secrets", "init"]);
};
const end = (): void => desk.dispose();

describe("secrets init", () => {
  beforeEach(() => void (desk = new SecretDesk()));
  afterEach(end);

  it("makes a key and .sops.yaml, and leaves both alone the second time", async () => {
    const made = (await desk.json(["secrets", "init"])) as { readonly recipients: readonly string[] };
    const keyFile = join(desk.home, ".config/sops/age/keys.txt");
    expect(made).toEqual({
      keyFile,
      usedKey: null,
      recipients: [expect.stringMatching(/^age1/u)],
      rulesWritten: true,
      ignored: true,
    });
    expect(desk.read(".gitignore")).toBe(".lotse/\n");
    expect(JSON.parse(desk.read(".sops.yaml.manifest.json"))).toMatchObject({
      version: 1,
      recipients: made.recipients,
    });
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const rules = desk.read(".sops.yaml");
    const key = readFileSync(keyFile, "utf8");
    expect(await desk.json(["secrets", "init"])).toMatchObject({ keyFile: null, rulesWritten: false });
    expect([desk.read(".sops.yaml"), readFileSync(keyFile, "utf8")]).toEqual([rules, key]);
  });

  it("uses the key that is there in a second workspace, and says so", async () => {
    const first = (await desk.json(["secrets", "init"])) as { readonly recipients: readonly string[] };
    for (const file of ["lotse.yml", "environments/dev/dev.yml", "environments/prod/prod.yml"]) {
      desk.writeAt(join(desk.root, "second", file), desk.read(file));
    }
    const keyFile = join(desk.home, ".config/sops/age/keys.txt");
    const key = readFileSync(keyFile, "utf8");
    const { stdout } = await desk.lotse(["secrets", "init"], { cwd: "second" });
    expect(stdout).toContain(
      `your key from ${keyFile} is used: ${String(first.recipients[0])}\nwrote .sops.yaml for age1`,
    );
    expect(readFileSync(keyFile, "utf8")).toBe(key);
    await desk.good(["secrets", "set", "prod", "a"], { cwd: "second", input: value });
    expect(await desk.good(["secrets", "get", "prod", "a"], { cwd: "second" })).toBe(value);
  });

  it("uses the key of a variable, for oneself and whoever else is named", async () => {
    const [own, other] = [await ageKey(desk), await ageKey(desk)];
    const variables = { SOPS_AGE_KEY: own.secret };
    const made = await desk.json(
      ["secrets", "init", "--recipient", other.recipient, "--recipient", own.recipient],
      {
        variables,
      },
    );
    expect(made).toMatchObject({
      keyFile: null,
      usedKey: "SOPS_AGE_KEY",
      recipients: [own.recipient, other.recipient],
    });
    await desk.good(["secrets", "set", "prod", "a"], { variables, input: value });
    for (const { secret } of [own, other]) {
      const by = { SOPS_AGE_KEY: secret };
      expect(await desk.good(["secrets", "get", "prod", "a"], { variables: by })).toBe(value);
    }
  });

  it("uses an SSH key where there is no age key", async () => {
    desk.writeAt(join(desk.home, ".ssh/known_hosts"), "");
    await desk.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(desk.home, ".ssh/id_ed25519")]);
    const made = await desk.json(["secrets", "init"]);
    expect(made).toMatchObject({ keyFile: null, recipients: [expect.stringMatching(/^ssh-ed25519 AAAA/u)] });
    await desk.good(["secrets", "set", "prod", "a"], { input: value });
    expect(await desk.good(["secrets", "get", "prod", "a"])).toBe(value);
  });
});

describe("one secret", () => {
  beforeEach(begin);
  afterEach(end);

  it("is set from standard input, with nothing of it in arguments or output", async () => {
    const setting = desk.start(["secrets", "set", "prod:acme", "spotify.api_key", "-o", "json"]);
    setting.write(value);
    const commandLine = readFileSync(`/proc/${setting.pid}/cmdline`, "utf8");
    setting.end();
    const { status, stdout, stderr } = await setting.ended;
    expect(status, stderr).toBe(0);
    expect(commandLine).toContain("spotify.api_key");
    expect(commandLine + stdout + stderr).not.toContain("horse");
    expect(JSON.parse(stdout)).toEqual({
      name: "spotify.api_key",
      file: tenantFile,
      version: 1,
      blind: false,
      takenIn: [],
    });
    const got = await desk.spawned(["secrets", "get", "prod:acme", "spotify.api_key"]);
    expect(got).toEqual({ status: 0, stdout: value, stderr: "" });
  });

  it("is asked for at a terminal, twice, and not shown", async () => {
    const command = "lotse secrets set dev spotify.api_key";
    const asking = desk.startProgram("script", ["-qec", command, "/dev/null"], {
      variables: { TERM: "xterm" },
    });
    await asking.says("value of spotify.api_key: ");
    asking.write(`${value}\r`);
    await asking.says("again: ");
    asking.write(`${value}\r`);
    const { status, stdout, stderr } = await asking.ended;
    expect(status, stdout).toBe(0);
    expect(stdout + stderr).toContain("version 1");
    expect(stdout + stderr).not.toContain("horse");
    expect(await desk.good(["secrets", "get", "dev", "spotify.api_key"])).toBe(value);
  });

  it("is not set where the person types two different values", async () => {
    const { status, stderr } = await desk.lotse(["secrets", "set", "dev", "a"], {
      answers: [value, "horse"],
    });
    expect([status, stderr]).toEqual([2, expect.stringContaining("not the same")]);
    expect(stderr).not.toContain("horse");
    expect(existsSync(desk.path("environments/dev/secrets/dev.yml"))).toBe(false);
  });

  it("keeps a line break only when it is told to", async () => {
    await desk.good(["secrets", "set", "dev", "a"], { input: "x\n" });
    expect(await desk.good(["secrets", "get", "dev", "a"])).toBe("x");
    await desk.good(["secrets", "set", "dev", "a", "--keep-newline"], { input: "x\n" });
    expect(await desk.good(["secrets", "get", "dev", "a"])).toBe("x\n");
  });

  it("is named by environment, alias, environment:tenant or --tenant", async () => {
    await desk.set("production", { a: "for all" });
    await desk.good(["secrets", "set", "production", "b", "--tenant", "acme"], { input: "for acme" });
    for (const scope of [["prod:acme"], ["production:acme"], ["prod", "--tenant", "acme"]]) {
      const [environment = "", ...tenant] = scope;
      expect(await desk.good(["secrets", "get", environment, "a", ...tenant])).toBe("for all");
      expect(await desk.good(["secrets", "get", environment, "b", ...tenant])).toBe("for acme");
    }
    expect((await desk.lotse(["secrets", "get", "prod:globex", "b"])).status).toBe(4);
    expect(existsSync(desk.path(tenantFile))).toBe(true);
  });

  it("is printed as JSON, listed without its value, and removed", async () => {
    await desk.set("prod:acme", { "spotify.api_key": value, other: "x" });
    expect(await desk.json(["secrets", "get", "prod:acme", "spotify.api_key"])).toEqual({
      name: "spotify.api_key",
      value,
      version: 1,
      file: tenantFile,
      fingerprint: expect.stringMatching(/^[0-9a-f]{24}$/u),
    });
    const listed = await desk.good(["secrets", "list", "prod:acme", "-o", "json"]);
    expect(JSON.parse(listed)).toMatchObject([
      {
        name: "other",
        version: 1,
        changedBy: "user:ada",
        file: tenantFile,
        encrypted: true,
        incoming: false,
      },
      { name: "spotify.api_key", version: 1 },
    ]);
    expect(listed).not.toContain("horse");
    await desk.good(["secrets", "remove", "prod:acme", "spotify.api_key"]);
    expect((await desk.lotse(["secrets", "get", "prod:acme", "spotify.api_key"])).status).toBe(4);
    expect(await desk.good(["secrets", "get", "prod:acme", "other"])).toBe("x");
  });

  it.each<[what: string, args: string[], status: number, code: string, input?: string]>([
    ["a name that is not there", ["get", "prod", "a.c"], 4, "secret.not-found"],
    ["an environment that is not there", ["get", "nowhere", "a.b"], 4, "config.unknown-environment"],
    ["a tenant that is not there", ["get", "prod:nobody", "a.b"], 4, "config.unknown-tenant"],
    ["a name that is no name", ["get", "prod", "../a"], 2, "secret.name"],
    ["no value", ["set", "prod", "a.b"], 2, "usage.argument"],
    ["a value under a value", ["set", "prod", "a.b.c"], 3, "secret.unrepresentable", "x"],
    ["removing what is not there", ["remove", "prod", "a.c"], 4, "secret.not-found"],
    ["a file that is no secret file", ["sign", "lotse.yml"], 4, "secret.not-found"],
    ["rekey without a file", ["rekey"], 2, "usage.argument"],
    ["a recipient that is none", ["add-recipient", "age1nope", "--recursive"], 3, "secret.recipient"],
  ])("is refused with code, hint and status for %s", async (_what, args, status, code, input) => {
    await desk.set("prod", { "a.b": value });
    const before = desk.read(prodFile);
    const ended = await desk.lotse(["secrets", ...args, "-o", "json"], input === undefined ? {} : { input });
    expect([ended.status, ended.stdout]).toEqual([status, ""]);
    const { error } = JSON.parse(ended.stderr) as { error: { code: string; message: string; hint?: string } };
    expect(error.code).toBe(code);
    expect(error.hint, error.message).toMatch(/\w/u);
    expect(ended.stderr).not.toContain("horse");
    expect(desk.read(prodFile)).toBe(before);
  });

  it("is refused to whoever has no key, and before there are rules", async () => {
    await desk.set("prod", { a: value });
    const stranger = { variables: { HOME: join(desk.root, "stranger") } };
    const got = await desk.lotse(["secrets", "get", "prod", "a"], stranger);
    expect([got.status, got.stdout, got.stderr]).toEqual([6, "", expect.stringContaining("[secret.no-key]")]);
    rmSync(desk.path(".sops.yaml"));
    const set = await desk.lotse(["secrets", "set", "dev", "a"], { input: value });
    expect([set.status, set.stderr]).toEqual([3, expect.stringContaining("lotse secrets init")]);
  });

  it("is kept whoever else writes at the same moment", async () => {
    const names = ["n1", "n2", "n3", "n4", "n5", "n6"];
    const all = await Promise.all(
      names.map((name) => desk.spawned(["secrets", "set", "prod", name], { input: `the value of ${name}` })),
    );
    expect(all.map(({ status, stderr }) => [status, stderr])).toEqual(names.map(() => [0, ""]));
    for (const name of names) {
      expect(await desk.good(["secrets", "get", "prod", name])).toBe(`the value of ${name}`);
    }
    expect(await desk.json(["secrets", "verify"])).toMatchObject({ ok: true, files: [{ version: 6 }] });
    expect(await desk.json(["audit", "verify"])).toMatchObject({ ok: true, openIntents: 0 });
  });
});

describe("decrypt and encrypt, outside a workspace", () => {
  let key: { readonly secret: string; readonly recipient: string };
  let variables: Record<string, string>;
  const plain = {
    "s.yaml": "# kept\na: correct horse\nb:\n    - 1\n    - true\n",
    "s.json": '{\n\t"a": "correct horse"\n}\n',
    "s.env": "A=correct horse\n",
    "s.ini": "[section]\na = correct horse\n",
    "s.bin": "\u0001correct horse\u0000",
  };
  const files = Object.keys(plain) as (keyof typeof plain)[];

  beforeAll(async () => {
    desk = new SecretDesk();
    key = await ageKey(desk);
    desk.writeAt(join(desk.root, "out/keys.txt"), `${key.secret}\n`);
    variables = { SOPS_AGE_KEY_FILE: join(desk.root, "out/keys.txt") };
  });
  afterAll(end);
  const lotse = (args: readonly string[]) => desk.lotse(["secrets", ...args], { cwd: "out", variables });
  const out = (file: string): string => join(desk.root, "out", file);

  it.each(files)("%s comes back byte for byte", async (file) => {
    desk.writeAt(out(file), plain[file]);
    const sealed = await lotse(["encrypt", file, "--age", key.recipient]);
    expect(sealed.status, sealed.stderr).toBe(0);
    expect(sealed.stdout).not.toContain("horse");
    desk.writeAt(out(file), sealed.stdout);
    expect(await lotse(["decrypt", file])).toEqual({ status: 0, stdout: plain[file], stderr: "" });
    expect(existsSync(join(desk.root, "out/.lotse"))).toBe(false);
  });

  it("wraps the data key so that the real age opens it", async () => {
    desk.writeAt(out("real.yaml"), plain["s.yaml"]);
    expect((await lotse(["encrypt", "-i", "real.yaml", "--age", key.recipient])).status).toBe(0);
    const armor = /-----BEGIN AGE[^]*END AGE ENCRYPTED FILE-----/u.exec(
      readFileSync(out("real.yaml"), "utf8"),
    );
    const input = `${(armor?.[0] ?? "").replaceAll(/^ +/gmu, "")}\n`;
    const opened = await desk.run("sh", ["-c", "age -d -i keys.txt | wc -c"], { cwd: "out", input });
    expect([opened.status, opened.stdout.trim()]).toEqual([0, "32"]);
  });

  it("opens what the real age wrapped", async () => {
    // The data key is wrapped by age anew, as `sops updatekeys` would.
    desk.writeAt(out("wrapped.json"), plain["s.json"]);
    await lotse(["encrypt", "-i", "wrapped.json", "--age", key.recipient]);
    const document = JSON.parse(readFileSync(out("wrapped.json"), "utf8")) as {
      sops: { age: { enc: string }[] };
    };
    const [entry] = document.sops.age;
    if (entry === undefined) throw new Error("no recipient");
    const again = `age -d -i keys.txt | age -a -r ${key.recipient}`;
    entry.enc = (await desk.run("sh", ["-c", again], { cwd: "out", input: entry.enc })).stdout;
    desk.writeAt(out("wrapped.json"), `${JSON.stringify(document, null, "\t")}\n`);
    expect((await lotse(["decrypt", "wrapped.json"])).stdout).toBe(plain["s.json"]);
  });

  it("writes to a new private file, and never over one that is there", async () => {
    desk.writeAt(out("o.yaml"), plain["s.yaml"]);
    await lotse(["encrypt", "-i", "o.yaml", "--age", key.recipient]);
    expect(readFileSync(out("o.yaml"), "utf8")).toMatch(/^a: ENC\[/mu);
    expect(await lotse(["decrypt", "o.yaml", "--out", "o.plain"])).toEqual({
      status: 0,
      stdout: "",
      stderr: "",
    });
    expect(statSync(out("o.plain")).mode & 0o777).toBe(0o600);
    expect(readFileSync(out("o.plain"), "utf8")).toBe(plain["s.yaml"]);
    expect((await lotse(["decrypt", "o.yaml", "--out", "o.plain"])).status).toBe(2);
    expect((await lotse(["decrypt", "-i", "o.yaml"])).status).toBe(0);
    expect(readFileSync(out("o.yaml"), "utf8")).toBe(plain["s.yaml"]);
  });

  it("takes the format from --type where the name tells nothing", async () => {
    desk.writeAt(out("noname"), plain["s.json"]);
    await lotse(["encrypt", "-i", "noname", "--type", "json", "--age", key.recipient]);
    expect(Object.keys(JSON.parse(readFileSync(out("noname"), "utf8")) as object)).toEqual(["a", "sops"]);
    expect((await lotse(["decrypt", "noname", "--type", "json"])).stdout).toBe(plain["s.json"]);
  });

  it("decrypts nothing of a file that was changed, and writes nothing", async () => {
    desk.writeAt(out("t.yaml"), "a: correct\nb: horse\n");
    await lotse(["encrypt", "-i", "t.yaml", "--age", key.recipient]);
    const sealed = readFileSync(out("t.yaml"), "utf8");
    const tampered = [
      sealed.replace(/^b: .*\n/mu, ""),
      sealed.replace(/data:./u, (text) => (text.endsWith("A") ? "data:B" : "data:A")),
      sealed.replace(/^a: (.*)\nb: (.*)$/mu, "a: $2\nb: $1"),
    ];
    for (const text of tampered) {
      expect(text).not.toBe(sealed);
      desk.writeAt(out("t.yaml"), text);
      const ended = await lotse(["decrypt", "t.yaml", "--out", "t.plain"]);
      expect([ended.status, ended.stdout]).toEqual([3, ""]);
      expect(ended.stderr).toMatch(/\[secret\.(?:mac|value)\]/u);
      expect((await lotse(["decrypt", "-i", "t.yaml"])).status).toBe(3);
      expect(readFileSync(out("t.yaml"), "utf8")).toBe(text);
    }
    expect(existsSync(out("t.plain"))).toBe(false);
  });
});

describe("edit", () => {
  beforeEach(async () => {
    await begin();
    await desk.set("prod", { a: "old value", b: "stays" });
  });
  afterEach(end);

  /** An editor that notes which file it was given with which mode, and changes it. */
  const editor = (script: string): Record<string, string> => {
    const path = join(desk.root, "editor");
    desk.writeAt(path, `#!/bin/sh\nstat -c '%a %n' "$1" >> '${desk.root}/edited'\n${script}\n`);
    chmodSync(path, 0o755);
    return { EDITOR: path, SOPS_EDITOR: "" };
  };
  const edited = (): readonly string[] =>
    readFileSync(join(desk.root, "edited"), "utf8")
      .trim()
      .split("\n")
      .map((line) => {
        const [mode, path = ""] = line.split(" ");
        expect([mode, existsSync(path)]).toEqual(["600", false]);
        return path;
      });
  const edit = (script: string, answers: readonly string[] = []) =>
    desk.lotse(["secrets", "edit", "prod", "-o", "json"], { variables: editor(script), answers });

  it("writes what was changed, keeps what was not, and leaves nothing behind", async () => {
    const kept = /^b: .*$/mu.exec(desk.read(prodFile))?.[0];
    const { status, stdout, stderr } = await edit(`sed -i 's/^a: .*/a: new value/' "$1"`);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      outcome: "changed",
      file: prodFile,
      version: 3,
      inMemory: existsSync("/dev/shm"),
      kept: null,
    });
    expect(await desk.good(["secrets", "get", "prod", "a"])).toBe("new value");
    expect(desk.read(prodFile)).toContain(kept);
    expect(edited()).toHaveLength(1);
    expect(await desk.json(["secrets", "verify"])).toMatchObject({ ok: true });
  });

  it("writes nothing where nothing was changed", async () => {
    const before = desk.read(prodFile);
    const { status, stdout } = await edit("true");
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { outcome: "unchanged", version: null }]);
    expect(desk.read(prodFile)).toBe(before);
    expect(edited()).toHaveLength(1);
  });

  it("opens again after a mistake, with the text as it is", async () => {
    const script = `if grep -q mistake "$1"; then sed -i 's/^mistake.*/c: third/' "$1"; else echo 'mistake: [' >> "$1"; fi`;
    const { status, stdout, stderr } = await edit(script, [""]);
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { outcome: "changed" }]);
    expect(stderr).toContain("error");
    expect(await desk.good(["secrets", "get", "prod", "c"])).toBe("third");
    expect(await desk.good(["secrets", "get", "prod", "a"])).toBe("old value");
    expect(edited()).toHaveLength(2);
  });

  it("keeps the text of whoever gives up, in a private file", async () => {
    const before = desk.read(prodFile);
    const { status, stdout } = await edit(`echo 'mistake: [' >> "$1"`, ["q"]);
    const { outcome, kept } = JSON.parse(stdout) as { outcome: string; kept: string };
    try {
      expect([status, outcome]).toEqual([3, "given-up"]);
      expect(readFileSync(kept, "utf8")).toContain("mistake: [");
      expect(readFileSync(kept, "utf8")).toContain("old value");
      expect(statSync(kept).mode & 0o777).toBe(0o600);
      expect(desk.read(prodFile)).toBe(before);
      expect(edited()).toHaveLength(1);
    } finally {
      rmSync(join(kept, ".."), { recursive: true, force: true });
    }
  });

  it("changes nothing when the editor fails", async () => {
    const before = desk.read(prodFile);
    const { status, stderr } = await edit("exit 3");
    expect([status, stderr]).toEqual([6, expect.stringContaining("secret.editor")]);
    expect(desk.read(prodFile)).toBe(before);
    expect(edited()).toHaveLength(1);
  });
});
