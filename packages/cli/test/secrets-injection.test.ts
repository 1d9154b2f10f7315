import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SecretDesk } from "./secret-desk.ts";

// Processes start slowly on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const value = "correct horse battery staple";

let desk: SecretDesk;
const begin = async (): Promise<void> => {
  desk = new SecretDesk();
  await desk.good(["secrets", "init"]);
};
const end = (): void => desk.dispose();

describe("exec", () => {
  beforeAll(async () => {
    await begin();
    await desk.set("prod", { "spotify.api_key": value, "db.main.password": "p4ssw0rd of the database" });
    await desk.set("prod", { "extra.token": "extra token value" });
  });
  afterAll(end);
  const exec = (args: readonly string[], variables: Record<string, string> = {}) =>
    desk.spawned(["exec", "prod:acme", ...args], { variables });
  /** Tells by its status whether a condition of the shell holds, so that nothing has to be printed. */
  const holds = (condition: string): readonly string[] => ["--", "sh", "-c", condition];

  it("hands over the variables and not your keys; the exit status is the program's", async () => {
    const check = [
      `[ "$API__KEY" = "${value}" ]`,
      `[ "$API__URL" = "https://u:p4ssw0rd of the database@host" ]`,
      `[ "$LOGGING__LEVEL" = info ]`,
      `[ -z "$SOPS_AGE_KEY$SOPS_AGE_KEY_FILE$VAULT_TOKEN$EXTRA_TOKEN" ]`,
      `[ "$KEPT" = kept ]`,
    ].join(" && ");
    const keyFile = join(desk.home, ".config/sops/age/keys.txt");
    const keys = { SOPS_AGE_KEY_FILE: keyFile, VAULT_TOKEN: "t", KEPT: "kept" };
    // The condition names the value, so it cannot be an argument; a file can be.
    desk.write("check.sh", `${check} && exit 7\nexit 1\n`);
    const { status, stderr } = await exec(["--", "sh", "check.sh"], keys);
    expect(status, stderr).toBe(7);
    const log = await desk.json(["audit", "log", "--action", "secret.exec"]);
    expect(log).toMatchObject([{ outcome: "failure", details: { status: 7 } }, { outcome: "intent" }]);
  });

  it("keeps secrets out of the program's output, raw and encoded", async () => {
    const script = `echo "raw $API__KEY"; echo "err $API__KEY" >&2; printf 'b64 '; printf %s "$API__KEY" | base64`;
    const { status, stdout, stderr } = await exec(["--", "sh", "-c", script]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^raw \[redacted:[^\]]+\]\nb64 \[redacted:[^\]]+\]/u);
    expect(stderr).toMatch(/^err \[redacted:[^\]]+\]\n$/u);
    expect(stdout + stderr).not.toContain("horse");
    expect(stdout).not.toContain(Buffer.from(value).toString("base64").slice(0, 12));
    expect((await exec(["--no-redact", "--", "sh", "-c", 'echo "$API__KEY"'])).stdout).toBe(`${value}\n`);
  });

  it("refuses a secret in an argument, before anything runs", async () => {
    const { status, stdout, stderr } = await exec(["--", "sh", "-c", `echo ${value} > leaked`]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("[secret.leak]");
    expect(stderr).not.toContain("horse");
    expect(existsSync(desk.path("leaked"))).toBe(false);
  });

  it("--fifo keeps them out of the environment, and leaves no file", async () => {
    const script = `[ -z "$API__KEY" ] && [ -p "$LOTSE_ENV_FILE" ] && cat "$LOTSE_ENV_FILE" | grep -c '^API__KEY=.*horse'; echo "$LOTSE_ENV_FILE" > fifo`;
    const { status, stdout, stderr } = await exec(["--fifo", "--", "sh", "-c", script]);
    expect([status, stdout.trim()], stderr).toEqual([0, "1"]);
    expect(existsSync(desk.read("fifo").trim())).toBe(false);
  });

  it("--clean keeps the rest of your environment away, --all-secrets hands over every secret", async () => {
    const clean = await exec(
      ["--clean", ...holds(`[ -z "$KEPT" ] && [ -n "$API__KEY" ] && [ -n "$PATH" ]`)],
      {
        KEPT: "kept",
      },
    );
    expect(clean.status, clean.stderr).toBe(0);
    const all = await exec([
      "--all-secrets",
      ...holds(`[ "\${#EXTRA_TOKEN}" = 17 ] && [ -n "$SPOTIFY_API_KEY" ]`),
    ]);
    expect(all.status, all.stderr).toBe(0);
  });

  it("runs nothing when a secret is missing", async () => {
    const { status, stderr } = await desk.lotse(["exec", "dev", "--", "touch", "ran"]);
    expect([status, stderr]).toEqual([4, expect.stringMatching(/db\.main\.password, spotify\.api_key/u)]);
    expect(existsSync(desk.path("ran"))).toBe(false);
  });
});

describe("export", () => {
  beforeAll(async () => {
    await begin();
    await desk.set("prod", { "spotify.api_key": value, "db.main.password": "p4ssw0rd of the database" });
  });
  afterAll(end);
  const exported = (format: string, ...args: readonly string[]) =>
    desk.lotse(["secrets", "export", "prod:acme", "--format", format, ...args]);
  const filesIn = (directory: string): readonly string[] =>
    readdirSync(desk.path(directory), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  it.each<[format: string, expected: RegExp]>([
    ["dotenv", /^API__KEY=.*correct horse battery staple/mu],
    ["compose", /^API__KEY=.*correct horse battery staple/mu],
    ["kubernetes", new RegExp(Buffer.from(value).toString("base64"), "u")],
  ])("%s goes to private files, and nowhere without --to or --stdout", async (format, expected) => {
    const refused = await exported(format);
    expect([refused.status, refused.stdout]).toEqual([2, ""]);
    const { status, stdout, stderr } = await exported(format, "--to", `out-${format}`, "-o", "json");
    expect(status, stderr).toBe(0);
    const files = filesIn(`out-${format}`);
    expect((JSON.parse(stdout) as { files: string[] }).files.toSorted()).toEqual(files.toSorted());
    const secret = files.filter((file) => expected.test(readFileSync(file, "utf8")));
    expect(secret).toHaveLength(1);
    for (const file of secret) expect(statSync(file).mode & 0o777, file).toBe(0o600);
    expect(stdout + stderr).not.toMatch(/horse/u);
    expect((await exported(format, "--stdout")).stdout).toMatch(expected);
  });

  it("external-secret holds references and no value, and a template for text around one", async () => {
    const { status, stdout, stderr } = await exported("external-secret", "--stdout");
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('API__URL: "https://u:{{ index . \\"API__URL.1\\" }}@host"');
    expect(stdout).toMatch(
      /secretKey: "API__URL\.1"\n\s+remoteRef:\n\s+key: "db\/main"\n\s+property: "password"/u,
    );
    expect(stdout).toMatch(/kind: "ExternalSecret"/u);
    expect(stdout).toMatch(
      /secretKey: "API__KEY"\n\s+remoteRef:\n\s+key: "spotify"\n\s+property: "api_key"/u,
    );
    expect(stdout).not.toMatch(/horse|p4ssw0rd/u);
  });

  it("external-secret names every secret with --all-secrets, and opens none", async () => {
    const stranger = { HOME: desk.root, XDG_CONFIG_HOME: join(desk.root, "none") };
    const args = ["secrets", "export", "prod", "--format", "external-secret", "--all-secrets", "--stdout"];
    const { status, stdout, stderr } = await desk.lotse(args, { variables: stranger });
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(
      /secretKey: "SPOTIFY_API_KEY"\n\s+remoteRef:\n\s+key: "spotify"\n\s+property: "api_key"/u,
    );
    expect(stdout).toMatch(/secretKey: "DB_MAIN_PASSWORD"\n\s+remoteRef:\n\s+key: "db\/main"/u);
  });

  it.each(["github", "gitlab"])("%s is a plan without values", async (format) => {
    for (const args of [[], ["-o", "json"]]) {
      const { status, stdout, stderr } = await exported(format, ...args);
      expect(status, stderr).toBe(0);
      expect(stdout).toContain("API__KEY");
      expect(stdout).not.toMatch(/horse|p4ssw0rd/u);
      expect(stdout).not.toContain(Buffer.from(value).toString("base64").slice(0, 12));
    }
  });

  it("is in the audit log, with every secret that it opened", async () => {
    await exported("dotenv", "--to", "out-log");
    const [entry] = (await desk.json(["audit", "log", "--action", "secret.export", "--limit", "1"])) as [
      { request: string },
    ];
    expect(entry).toMatchObject({ object: "dotenv", scope: { environment: "prod", tenant: "acme" } });
    const reads = await desk.json(["audit", "log", "--request", entry.request, "--action", "secret.read"]);
    expect((reads as { object: string }[]).map(({ object }) => object).toSorted()).toEqual([
      "db.main.password",
      "spotify.api_key",
    ]);
  });
});
