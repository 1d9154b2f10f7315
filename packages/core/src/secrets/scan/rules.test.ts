import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadPreset, scanText, type Finding } from "./index.ts";

// Every secret below is made here, so that no scanner finds one in this file.
const bech32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
const base62 = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Characters that look random and are the same in every run. */
function made(length: number, alphabet = base62, seed = "1"): string {
  let text = "";
  for (let block = 0; text.length < length; block++) {
    for (const byte of createHash("sha256").update(`${seed}${block}`).digest())
      text += alphabet[byte % alphabet.length];
  }
  return text.slice(0, length);
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = `${base64url({ alg: "HS256", typ: "JWT" })}.${base64url({ sub: "4711" })}.${made(43)}`;
const body = `${made(64)}\n${made(64, base62, "2")}\n${made(40, base62, "3")}`;
const pem = (kind: string, text = body): string => `-----BEGIN ${kind}-----\n${text}\n-----END ${kind}-----`;
const year = 2031;
const postgres = "postgres";
const hex = (length: number): string => made(length, "0123456789abcdef");

const found = async (text: string, file: string): Promise<readonly Finding[]> => scanText({ text, file });
const rulesOf = async (text: string, file: string): Promise<readonly string[]> =>
  (await found(text, file)).map(({ rule }) => rule);

describe("secrets that must be found", () => {
  it.each<[rule: string, file: string, text: string]>([
    ["age-secret-key", "keys.txt", `# created\nAGE-SECRET-KEY-1${made(58, bech32)}\n`],
    ["age-secret-key", "package-lock.json", `AGE-SECRET-KEY-1${made(58, bech32)}`],
    ["age-plugin-identity", "keys.txt", `AGE-PLUGIN-YUBIKEY-1${made(40, bech32)}`],
    ["private-key", "key.pem", pem("PRIVATE KEY")],
    ["private-key", "key.pem", pem("RSA PRIVATE KEY")],
    [
      "private-key",
      "key.pem",
      pem("EC PRIVATE KEY", `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,${hex(32)}\n\n${body}`),
    ],
    ["private-key", "id_ed25519", pem("OPENSSH PRIVATE KEY")],
    ["private-key", "key.asc", pem("PGP PRIVATE KEY BLOCK", `\n${body}\n=abcd`)],
    ["private-key", "account.json", JSON.stringify({ private_key: pem("PRIVATE KEY") })],
    ["private-key", "values.yaml", `tls:\n  key: |\n    ${pem("PRIVATE KEY").replaceAll("\n", "\n    ")}\n`],
    ["private-key", "cut.txt", `-----BEGIN PRIVATE KEY-----\n${made(64)}`],
    [
      "putty-private-key",
      "key.ppk",
      `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\n${made(48)}\n`,
    ],
    ["vault-token", "a.txt", `token hvs.${made(90)}`],
    ["vault-token", "a.txt", `hvb.${made(120)}`],
    ["vault-legacy-token", "a.txt", `VAULT=s.${made(24)}`],
    ["jwt", "request.http", `Authorization: Bearer ${jwt}`],
    ["connection-string", "app.yml", `url: postgres://app:${made(12)}@db.internal:5432/app`],
    ["connection-string", "app.env", `DATABASE_URL=postgresql+asyncpg://app:Sommer${year}!@db.acme.de/app`],
    ["connection-string", "a.py", `"mysql://root:${made(9)}@10.0.0.3/x"`],
    ["connection-string", "a.py", `"redis://:${made(20)}@cache.acme.de:6379/0"`],
    ["connection-string", "a.py", `"mongodb+srv://u:${made(14)}@cluster0.ab12c.mongodb.net"`],
    ["connection-string", "a.py", `"amqps://u:${made(14)}@mq.acme.de/vhost"`],
    ["connection-string", "yarn.lock", `resolved "https://ci:${made(30)}@npm.acme.de/x.tgz"`],
    ["connection-string", "a.yml", `postgres://postgres:${postgres}@db.acme.de/app`],
    ["aws-access-key-id", "a.tf", `access_key = "AKIA${made(16, upper)}"`],
    ["google-api-key", "a.js", `key: "AIza${made(35)}"`],
    ["azure-storage-key", "a.config", `AccountName=x;AccountKey=${made(86)}==;EndpointSuffix=core`],
    ["digitalocean-token", "a.sh", `export DO=dop_v1_${hex(64)}`],
    ["terraform-token", ".terraformrc", `${made(14)}.atlasv1.${made(67)}`],
    ["telegram-bot-token", "a.txt", `bot${made(0)} 1234567890:AA${made(33)}`],
    ["pypi-token", ".pypirc", `pypi-AgE${made(80)}`],
    ["mailgun-key", "a.txt", `key-${hex(32)}`],
    ["named-value", "values.yaml", `spotify:\n  client_secret: ${hex(32)}\n`],
    ["named-value", "values.yaml", `password: "Winter!${year}x"`],
    ["named-value", "values.yaml", `datenbank_passwort: Gr0ße-Katze9`],
    ["named-value", "config.json", `{"apiKey": "${made(40)}"}`],
    ["named-value", "config.json", `{"api_key":"${made(24)}"}`],
    ["named-value", ".env", `API_TOKEN=${made(32)}\n`],
    ["named-value", ".env", `export SESSION_SECRET='${made(24)}'\n`],
    ["named-value", "app.ini", `[db]\npassword = ${made(16)}\n`],
    ["named-value", "app.properties", `service.access.key=${made(32)}`],
    ["named-value", "main.ts", `const accessToken: string = "${made(36)}";`],
    ["named-value", "main.py", `SECRET_KEY = b'${made(50)}'`],
    ["named-value", "main.go", "signingKey := `" + made(32) + "`"],
    ["named-value", "main.rb", `{ "token" => "${made(32)}" }`],
    ["named-value", "settings.yml", `dsn: https${made(30)}`],
  ])("%s in %s", async (rule, file, text) => {
    expect(await rulesOf(text, file)).toEqual([rule]);
  });

  it.each(["github", "slack", "npm", "sendgrid"])("what secretlint knows: %s", async (name) => {
    const samples: Readonly<Record<string, string>> = {
      github: `ghp_${made(36)}`,
      slack: `xoxb-${made(12, "123456789")}-${made(13, "123456789")}-${made(24)}`,
      npm: `//registry.npmjs.org/:_authToken=npm_${made(36)}`,
      sendgrid: `SG.${made(22)}.${made(43)}`,
    };
    const findings = await scanText(
      { text: samples[name] ?? "", file: ".npmrc" },
      { preset: await loadPreset() },
    );
    expect(findings.map(({ rule }) => rule)).toEqual([`secretlint/${name}`]);
  });
});

describe("look-alikes that must pass", () => {
  it.each<[file: string, text: string]>([
    ["a.yml", "password: change-me"],
    ["a.yml", "password: ${secret:db.password}"],
    ["a.yml", "password: <your password here>"],
    ["a.yml", 'token: "{{ .Values.token }}"'],
    ["a.yml", "api_key: xxxxxxxxxxxxxxxxxxxxxxxx"],
    ["a.yml", "api_key: 0123456789abcdef0123456789abcdef"],
    ["a.yml", "secret:"],
    [
      "a.yml",
      "client_secret: ENC[AES256_GCM,data:Zm9vYmFyYmF6,iv:MTIzNDU2Nzg5MDEy,tag:MTIzNDU2Nzg5MDEyMzQ1Ng==,type:str]",
    ],
    [
      "a.yml",
      "    enc: |\n      -----BEGIN AGE ENCRYPTED FILE-----\n      YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBxR\n      -----END AGE ENCRYPTED FILE-----",
    ],
    ["a.env", "sops_mac=ENC[AES256_GCM,data:abcDEF123456,iv:abc,tag:def,type:str]"],
    ["a.yml", "age: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"],
    ["a.env", "PASSWORD=$DB_PASSWORD"],
    ["a.env", "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE"],
    ["a.env", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
    ["a.sh", "password=$(cat /run/secrets/db)"],
    [
      "a.md",
      "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    ],
    ["a.md", `eyJ${made(30)}.eyJ${made(30)}.${made(20)}`],
    ["a.md", "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----"],
    ["a.ts", 'if (text.includes("-----BEGIN RSA PRIVATE KEY-----")) return pemOf(text);'],
    ["a.pem", pem("PUBLIC KEY")],
    ["a.pem", pem("CERTIFICATE")],
    ["a.yml", "url: postgres://app:${DB_PASSWORD}@db.acme.de/app"],
    ["a.yml", "url: postgres://app:password@db/app"],
    ["a.md", "parse('postgres://someuser:somepassword@somehost:381/somedatabase')"],
    ["a.yml", "url: postgres://app:app@localhost:5432/app"],
    ["docker-compose.yml", "DATABASE_URL: postgres://lotse:lotse@db:5432/lotse"],
    ["a.md", "https://example.com:8443/path@2x.png and git@github.com:a/b.git"],
    ["a.js", 'import x from "https://esm.sh/react@18.2.0";'],
    ["a.txt", `commit ${hex(40)}`],
    ["a.yml", `token_commit: ${hex(40)}`],
    ["a.yml", `secret_sha256: ${hex(64)}`],
    ["a.yml", `token_id: ${randomBytesOf(16)}`],
    ["a.yml", "token: 3f2504e0-4f89-41d3-9a0c-0305e82c3301"],
    ["a.json", `{"integrity": "sha512-${made(86)}=="}`],
    ["package-lock.json", `{"token": "${made(40)}", "integrity": "sha512-${made(86)}=="}`],
    ["a.css", ".token { color: #a1b2c3d4; background: #ff00ff }"],
    ["a.html", `<img data-token="data:image/png;base64,${made(200)}">`],
    ["a.ts", "const passwordResetTokenExpiresInMilliseconds = computeExpirationFromConfiguration;"],
    ["a.ts", 'const token = await readSecretFromVaultBackend("spotify.api_key");'],
    ["a.ts", 'const secretName = "spotify/production/api-key-2";'],
    ["a.ts", 'token: "secrets.baseline.expired.entries",'],
    ["a.ts", "password: z.string().min(12).max(128),"],
    ["a.py", 'token = os.environ["SPOTIFY_TOKEN_2024"]'],
    ["a.py", "api_key=settings.SPOTIFY_API_KEY_V2"],
    ["a.yml", "passwordPolicy: mindestens-zwölf-Zeichen"],
    ["a.yml", "secret: Donaudampfschifffahrtsgesellschaft"],
    ["a.yml", "passwordHint: Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"],
    ["a.yml", "secretKeyRef:\n  name: spotify-credentials\n  key: client-secret"],
    ["a.yml", "tokenUrl: https://accounts.spotify.com/api/token"],
    ["a.yml", "tokenEndpoint: https://a.de/oauth2/v2.0/token?x=1a2b3c4d5e6f7a8b9c0d"],
    ["a.yml", "passwordFile: /run/secrets/db_password_v2"],
    ["a.tf", "password = random_password.db.result"],
    ["a.tf", 'secret = data.vault_generic_secret.spotify.data["client_secret_v2"]'],
    ["min.js", "var e={token:t,secret:n};function o(e){return e.password===r.a1b2c3d4e5f6g7h8}"],
    ["a.sql", "ALTER ROLE app PASSWORD NULL;"],
    ["a.txt", "s.toLowerCaseAndTrimTheText"],
    ["a.js", "s.replaceAllWithFunctionCal(x)"],
  ])("%s: %s", async (file, text) => {
    expect(await rulesOf(text, file)).toEqual([]);
  });

  function randomBytesOf(count: number): string {
    return randomBytes(count).toString("hex");
  }
});

describe("a finding", () => {
  it("says where, and nothing of the secret", async () => {
    const secret = made(40);
    const text = `# ö\nname: x\n  api_key: "${secret}"\n`;
    const [finding] = await found(text, "a.yml");
    expect(finding).toMatchObject({
      rule: "named-value",
      severity: "error",
      file: "a.yml",
      line: 3,
      column: 13,
      endLine: 3,
      endColumn: 53,
    });
    expect(finding?.message).toContain("(40 characters)");
    const shown = JSON.stringify(finding);
    for (let from = 0; from + 4 <= secret.length; from++)
      expect(shown).not.toContain(secret.slice(from, from + 4));
  });

  it("keeps its fingerprint when lines move, and has another with another value, file or salt", async () => {
    const fingerprint = async (text: string, file: string, salt: string): Promise<string> =>
      (await scanText({ text, file }, { salt }))[0]?.fingerprint ?? "";
    const one = await fingerprint(`token: ${made(30)}`, "a.yml", "s");
    expect(await fingerprint(`\n\n  token: "${made(30)}"`, "a.yml", "s")).toBe(one);
    const others = [
      await fingerprint(`token: ${made(30, base62, "9")}`, "a.yml", "s"),
      await fingerprint(`token: ${made(30)}`, "b.yml", "s"),
      await fingerprint(`token: ${made(30)}`, "a.yml", "t"),
    ];
    expect(new Set([one, ...others]).size).toBe(4);
  });

  it.each<[alphabet: string, length: number]>([
    ["0123456789abcdef", 32],
    ["0123456789abcdef", 64],
    [base62, 20],
    [base62, 24],
    [base62, 43],
    [`${base62}-_`, 32],
    [`${base62}+/`, 40],
  ])(
    "nearly all keys of the alphabet %s and length %i are found behind a telling name",
    async (alphabet, length) => {
      const keys = Array.from({ length: 300 }, (_, seed) => made(length, alphabet, `key ${seed}`));
      const counts = await Promise.all(
        keys.map(async (key) => (await rulesOf(`api_token: "${key}"`, "a.yml")).length),
      );
      expect(counts.filter((count) => count === 1).length).toBeGreaterThanOrEqual(290);
    },
  );

  it("any text is scanned without an error, and places lie within it", () =>
    fc.assert(
      fc.asyncProperty(
        fc.string({
          unit: fc.constantFrom(
            "password",
            "=",
            '"',
            ":",
            " ",
            "\n",
            "://",
            "a:",
            "@",
            "eyJ",
            ".",
            "-----BEGIN ",
            "PRIVATE KEY-----",
            "A1b2C3d4E5f6G7h8",
            "ö",
            "\ud800",
          ),
          maxLength: 60,
        }),
        async (text) => {
          const lines = text.split("\n");
          for (const { line, column, endLine, endColumn } of await found(text, "a.yml")) {
            expect(column).toBeGreaterThan(0);
            expect(endColumn - 1).toBeLessThanOrEqual(lines[endLine - 1]?.length ?? -1);
            expect(line).toBeLessThanOrEqual(endLine);
          }
        },
      ),
      { numRuns: 300 },
    ));

  // Each would keep a pattern busy for hours that tries every way to split it.
  it.each([
    ["vowels", `password: "${"a".repeat(300)}bcdfghjklm1A!"`],
    ["a body without an end", `-----BEGIN PRIVATE KEY-----${"A1b2".repeat(20_000)}:`],
    ["many headers", "-----BEGIN PRIVATE KEY-----\n".repeat(5000)],
    ["many schemes", "http://a:".repeat(20_000)],
    ["many names", "token:token=".repeat(20_000)],
    ["quotes", `secret="${"\\".repeat(100_000)}`],
    ["token parts", `eyJ${"eyJ.".repeat(50_000)}`],
    ["templates", `password: ${"${{<a".repeat(20_000)}`],
    ["letters with marks", `secret: ${"aB".repeat(100_000)}`],
  ])("is decided in time for %s", async (_name, text) => {
    expect(await found(text, "a.yml")).toBeInstanceOf(Array);
  });
});
