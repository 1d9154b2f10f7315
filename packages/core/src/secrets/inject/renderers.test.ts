import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect, parseEnv } from "node:util";
import { parse as parseDotenvPackage } from "dotenv";
import fc from "fast-check";
import { load, YAML11_SCHEMA } from "js-yaml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { LotseError, Sensitive } from "../../kernel/index.ts";
import {
  describeCiPlan,
  maxObjectBytes,
  planGithub,
  planGitlab,
  renderComposeEnvFile,
  renderConfigMap,
  renderDotenv,
  renderExternalSecret,
  renderSecret,
  type Artefact,
  type InjectedVariable,
} from "./index.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "inject-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const secret = (name: string, value: string, more: Partial<InjectedVariable> = {}): InjectedVariable => ({
  name,
  value: new Sensitive(value),
  secret: true,
  ...more,
});
const plain = (name: string, value: string): InjectedVariable => ({ name, value, secret: false });
const textOf = ({ content }: Artefact): string => (content instanceof Sensitive ? content.reveal() : content);
const codeOf = (act: () => unknown): string => {
  try {
    act();
    return "none";
  } catch (error) {
    return error instanceof LotseError ? error.code : `not ours: ${String(error)}`;
  }
};

/** Texts of what tends to break quoting, beside any other character. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom("'", '"', "\\", "$", "`", "#", " ", "\n", "\t", "=", "${X}", "$(id)", "\\n", "!", "~"),
      fc.string({ maxLength: 3, unit: "binary" }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join("").replaceAll("\0", "").replaceAll("\r", ""));

describe("the .env file", () => {
  const portable = (value: string): string | null => {
    try {
      return textOf(renderDotenv([secret("BEFORE", "x"), secret("A", value), secret("Z_AFTER", "y z")]));
    } catch (error) {
      expect(error).toMatchObject({ code: "secret.unrepresentable" });
      return null;
    }
  };

  test("golden", () => {
    const artefact = renderDotenv([
      plain("PORT", "8080"),
      plain("EMPTY", ""),
      secret("DB_PASSWORD", "p4$$ w#rd"),
      secret("QUOTED", "it's"),
      secret("KEY", "-----BEGIN\nline\n-----END"),
    ]);
    expect(artefact).toMatchObject({ path: ".env", mode: 0o600 });
    expect(textOf(artefact)).toBe(
      "PORT=8080\nEMPTY=\nDB_PASSWORD='p4$$ w#rd'\nQUOTED=\"it's\"\nKEY='-----BEGIN\nline\n-----END'\n",
    );
  });

  test("what Node, npm dotenv and Compose read of the portable dialect is what went in", () => {
    let written = 0;
    fc.assert(
      fc.property(nasty, (value) => {
        const text = portable(value);
        if (text === null) return;
        written += 1;
        const expected = { BEFORE: "x", A: value, Z_AFTER: "y z" };
        expect(parseEnv(text)).toEqual(expected);
        expect(parseDotenvPackage(text)).toEqual(expected);
        expect(readLikeCompose(text)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
    expect(written).toBeGreaterThan(100);
  });

  test("what Compose reads of the compose dialect is what went in, whatever it is", () => {
    const any = nasty.chain((text) => fc.constantFrom(text, `${text}\r\n`, `\r${text}`));
    fc.assert(
      fc.property(any, (value) => {
        const { artefact } = renderComposeEnvFile([secret("A", value), plain("Z", "after")]);
        expect(readLikeCompose(textOf(artefact))).toEqual({ A: value, Z: "after" });
      }),
      { numRuns: 500 },
    );
  });

  test("what sh reads is what went in, and nothing is run", () => {
    const values = fc.sample(nasty, { numRuns: 150, seed: 7 });
    const asVariables = (list: readonly string[]): readonly InjectedVariable[] =>
      list.map((value, at) => secret(`V${at}`, value));
    const readWithSh = (text: string): Record<string, string | undefined> => {
      const file = join(directory, "sourced.env");
      writeFileSync(file, text);
      const script = 'set -a; . "$1"; exec "$2" -e "process.stdout.write(JSON.stringify(process.env))"';
      const output = execFileSync("/bin/sh", ["-c", script, "sh", file, process.execPath], { env: {} });
      return JSON.parse(output.toString()) as Record<string, string | undefined>;
    };
    const inSh = readWithSh(textOf(renderDotenv(asVariables(values), { dialect: "sh" })));
    for (const [at, value] of values.entries()) expect(inSh[`V${at}`]).toBe(value);

    const representable = values.filter((value) => portable(value) !== null);
    const inPortable = readWithSh(textOf(renderDotenv(asVariables(representable))));
    for (const [at, value] of representable.entries()) expect(inPortable[`V${at}`]).toBe(value);
  });

  test("node --env-file reads the portable file", () => {
    const file = join(directory, "node.env");
    writeFileSync(file, textOf(renderDotenv([secret("MULTI", "a\nb $X"), secret("B", 'say "hi"')])));
    const script = "process.stdout.write(JSON.stringify([process.env.MULTI, process.env.B]))";
    const output = execFileSync(process.execPath, [`--env-file=${file}`, "-e", script], { env: {} });
    expect(JSON.parse(output.toString())).toEqual(["a\nb $X", 'say "hi"']);
  });

  test.each([
    ["portable", "carriage return\r"],
    ["portable", "it's $5"],
    ["portable", "ends in \\"],
    ["raw", "two\nlines"],
    ["raw", "windows\r"],
    ["raw", "x".repeat(65_536)],
  ] as const)("%s refuses %j, without showing it", (dialect, value) => {
    const act = (): unknown => renderDotenv([secret("A", value, { path: "app.a" })], { dialect });
    expect(act).toThrowError(expect.objectContaining({ code: "secret.unrepresentable" }));
    try {
      act();
    } catch (error) {
      expect(inspect(error)).not.toContain(value);
      expect((error as LotseError).where).toEqual({ path: "app.a" });
    }
  });

  test("the raw format is the value itself, quotes, dollars and spaces too", () => {
    const { artefact, entry } = renderComposeEnvFile([secret("A", ` 'x' "y" $Z #`)], {
      format: "raw",
      path: "acme.env",
    });
    expect(textOf(artefact)).toBe(`A= 'x' "y" $Z #\n`);
    expect(entry).toEqual({ path: "./acme.env", required: true, format: "raw" });
  });

  test("a line writer of the caller is used", () => {
    const artefact = renderDotenv([plain("A", "1")], { formatLine: ({ name }) => `export ${name}` });
    expect(textOf(artefact)).toBe("export A\n");
  });

  test.each([
    [[plain("1A", "x")], "secret.name"],
    [[plain("A-B", "x")], "secret.name"],
    [[plain("A\nB", "x")], "secret.name"],
    [[plain("__proto__", "x")], "secret.name"],
    [[plain("A", "x"), plain("A", "y")], "secret.name"],
    [[secret("A", "x\0y")], "secret.unrepresentable"],
    [[secret("A", "\ud800")], "secret.unrepresentable"],
  ])("variables %# are refused", (variables, code) => {
    expect(codeOf(() => renderDotenv(variables))).toBe(code);
  });

  test("one secret makes the content sensitive, and printing the artefact shows nothing", () => {
    const artefact = renderDotenv([plain("A", "1"), secret("B", "hunter22")]);
    expect(inspect(artefact) + JSON.stringify(artefact)).not.toContain("hunter22");
    expect(renderDotenv([plain("A", "1")]).content).toBe("A=1\n");
  });
});

describe("Kubernetes", () => {
  const secretSchema = z.strictObject({
    apiVersion: z.literal("v1"),
    kind: z.literal("Secret"),
    metadata: z.strictObject({
      name: z.string(),
      namespace: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
    }),
    immutable: z.literal(true).optional(),
    type: z.literal("Opaque"),
    data: z.record(z.string().regex(/^[-._a-zA-Z0-9]+$/u), z.base64()),
  });
  const object = {
    name: "api-env",
    namespace: "acme",
    labels: { "app.kubernetes.io/name": "api", tier: "" },
    immutable: true,
  };

  test("golden Secret", () => {
    const artefact = renderSecret([plain("PORT", "1"), secret("DB", "pässword"), secret("N", "x")], object);
    expect(artefact.content).toBeInstanceOf(Sensitive);
    expect(artefact.mode).toBe(0o600);
    expect(textOf(artefact)).toBe(`apiVersion: "v1"
kind: "Secret"
metadata:
  name: "api-env"
  namespace: "acme"
  labels:
    "app.kubernetes.io/name": "api"
    tier: ""
immutable: true
type: "Opaque"
data:
  DB: "cMOkc3N3b3Jk"
  "N": "eA=="
`);
  });

  test("a Secret read back has the secrets and nothing else", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/u), nasty), (values) => {
        const variables = Object.entries(values).map(([name, value]) => secret(name, value));
        const text = textOf(renderSecret([...variables, plain("not_secret", "visible")], { name: "x" }));
        for (const schema of [undefined, YAML11_SCHEMA]) {
          const parsed = secretSchema.parse(load(text, schema === undefined ? {} : { schema }));
          const decoded = Object.entries(parsed.data).map(([name, value]) => [
            name,
            Buffer.from(value, "base64").toString(),
          ]);
          expect(Object.fromEntries(decoded)).toEqual(values);
        }
      }),
    );
  });

  test("a ConfigMap has what is not secret, and every text stays one", () => {
    const values = ["no", "1e3", "0x10", "null", "", "a: b # c", "~", "\u0085\u2028x", "two\nlines"];
    const variables = values.map((value, at) => plain(`V${at}`, value));
    const artefact = renderConfigMap([...variables, secret("HIDDEN", "hunter22")], { name: "cfg" });
    expect(artefact.content).not.toContain("hunter22");
    for (const schema of [undefined, YAML11_SCHEMA]) {
      expect(load(textOf(artefact), schema === undefined ? {} : { schema })).toEqual({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "cfg" },
        data: Object.fromEntries(values.map((value, at) => [`V${at}`, value])),
      });
    }
  });

  test("a Sensitive value never gets into a ConfigMap, even when it is not marked", () => {
    const artefact = renderConfigMap([{ name: "A", value: new Sensitive("hunter22"), secret: false }], {
      name: "cfg",
    });
    expect(load(textOf(artefact))).toMatchObject({ data: {} });
  });

  test("1 MiB fits, a byte more does not", () => {
    const half = secret("A", "x".repeat(maxObjectBytes / 2));
    expect(codeOf(() => renderSecret([half, { ...half, name: "B" }], { name: "x" }))).toBe("none");
    const more = [half, { ...half, name: "B" }, secret("C", "x")];
    expect(codeOf(() => renderSecret(more, { name: "x" }))).toBe("secret.unrepresentable");
  });

  test.each([
    { name: "Upper" },
    { name: "a..b" },
    { name: "-a" },
    { name: "a".repeat(254) },
    { name: "a", namespace: "a.b" },
    { name: "a", labels: { "x/y/z": "v" } },
    { name: "a", labels: { app: "with space" } },
    { name: "a\nkind: Pod" },
  ])("refuses the object $name %#", (bad) => {
    expect(codeOf(() => renderSecret([], bad))).toBe("secret.name");
    expect(codeOf(() => renderConfigMap([], bad))).toBe("secret.name");
  });

  test("golden ExternalSecret, without plaintext", () => {
    const variables = [
      plain("PORT", "80"),
      secret("DB", "hunter22", { reference: { path: "customers/acme/prod", field: "db_password" } }),
      secret("TOKEN", "hunter33", { reference: { path: "shared/token" } }),
    ];
    const artefact = renderExternalSecret(
      variables,
      { name: "api", namespace: "acme" },
      { store: { name: "vault", kind: "ClusterSecretStore" }, target: "api-env" },
    );
    expect(artefact.content).toBe(`apiVersion: "external-secrets.io/v1"
kind: "ExternalSecret"
metadata:
  name: "api"
  namespace: "acme"
spec:
  refreshInterval: "1h"
  secretStoreRef:
    name: "vault"
    kind: "ClusterSecretStore"
  target:
    name: "api-env"
    creationPolicy: "Owner"
  data:
    - secretKey: "DB"
      remoteRef:
        key: "customers/acme/prod"
        property: "db_password"
    - secretKey: "TOKEN"
      remoteRef:
        key: "shared/token"
`);
    const parsed = load(textOf(artefact)) as { spec: { data: unknown } };
    expect(parsed.spec.data).toEqual([
      { secretKey: "DB", remoteRef: { key: "customers/acme/prod", property: "db_password" } },
      { secretKey: "TOKEN", remoteRef: { key: "shared/token" } },
    ]);
  });

  test("an ExternalSecret needs a reference for each secret, and good options", () => {
    const store = { name: "vault" };
    const rendered = (variables: readonly InjectedVariable[], options: object): string =>
      codeOf(() => renderExternalSecret(variables, { name: "x" }, { store, ...options }));
    expect(rendered([secret("A", "x")], {})).toBe("secret.unrepresentable");
    expect(rendered([], { refreshInterval: "soon" })).toBe("secret.name");
    expect(rendered([], { target: "No" })).toBe("secret.name");
    expect(rendered([], {})).toBe("none");
  });
});

describe("CI plans", () => {
  test("GitHub: secrets and variables, values from standard input", () => {
    const plan = planGithub([secret("DB", "hunter22"), plain("PORT", "8080")], {
      environment: "production eu",
      repository: "acme/app",
    });
    expect(plan.steps.map(({ command }) => command)).toEqual([
      ["gh", "secret", "set", "DB", "--env", "production eu", "--repo", "acme/app"],
      ["gh", "variable", "set", "PORT", "--env", "production eu", "--repo", "acme/app"],
    ]);
    expect(plan.warnings).toEqual([]);
    expect(describeCiPlan(plan)).toEqual([
      "secret DB (masked, environment production eu)",
      "  gh secret set DB --env 'production eu' --repo acme/app   # value from standard input",
      "variable PORT (not masked, environment production eu)",
      "  gh variable set PORT --env 'production eu' --repo acme/app   # value from standard input",
    ]);
    expect(JSON.stringify(plan)).not.toMatch(/hunter22|8080/u);
  });

  test("GitHub: what is cut off or not masked is told", () => {
    const { warnings } = planGithub([secret("KEY", "a\nb\n"), plain("P", "x\n"), secret("OK", "fine")]);
    expect(warnings.map(({ message }) => message)).toEqual([
      "the value of KEY ends in a line end, which gh cuts off",
      "the value of KEY has several lines; GitHub masks each by itself, and short lines not reliably",
      "the value of P ends in a line end, which gh cuts off",
    ]);
  });

  test.each([
    [[plain("GITHUB_X", "1")], {}, "secret.name"],
    [[plain("a", "1"), plain("A", "2")], {}, "secret.name"],
    [[secret("A", "")], {}, "secret.unrepresentable"],
    [[secret("A", "x".repeat(49_153))], {}, "secret.unrepresentable"],
    [[], { repository: "--help" }, "usage.argument"],
    [[], { environment: "-x" }, "usage.argument"],
    [[], { environment: "a\nb" }, "usage.argument"],
  ])("GitHub refuses %#", (variables, target, code) => {
    expect(codeOf(() => planGithub(variables, target))).toBe(code);
  });

  test("GitLab: masked where GitLab can, protected, scoped", () => {
    const plan = planGitlab([secret("DB", "hunter22$x"), secret("PIN", "1234"), plain("PORT", "8080")], {
      environment: "review/*",
      project: "acme/web/app",
    });
    expect(plan.steps).toMatchObject([
      { name: "DB", kind: "secret", masked: true, protected: true, environment: "review/*" },
      { name: "PIN", kind: "secret", masked: false, protected: true },
      { name: "PORT", kind: "variable", masked: false, protected: false },
    ]);
    expect(plan.steps[0]?.command).toEqual(
      "glab variable set DB --raw --masked --protected --scope review/* --repo acme/web/app".split(" "),
    );
    expect(plan.warnings).toMatchObject([
      {
        severity: "warning",
        message: "the value of PIN is shorter than 8 characters, so GitLab does not mask it in job logs",
      },
    ]);
    expect(describeCiPlan(plan)).toContain("secret PIN (not masked, protected, environment review/*)");
    expect(describeCiPlan(plan).at(-1)).toMatch(/^warning: the value of PIN/u);
    expect(JSON.stringify(plan) + describeCiPlan(plan).join("")).not.toMatch(/hunter22|1234|8080/u);
  });

  test.each([
    ["short", "is shorter than 8 characters"],
    ["with a space", "has a space in it"],
    ["two\nlines of it", "has several lines"],
  ])("GitLab cannot mask %j", (value, why) => {
    const plan = planGitlab([secret("A", value)], { protected: false });
    expect(plan.steps[0]).toMatchObject({ masked: false, protected: false, environment: "*" });
    expect(plan.steps[0]?.command).not.toContain("--masked");
    expect(plan.warnings[0]?.message).toContain(why);
  });

  test.each([
    [[secret("A", "x".repeat(10_001))], {}, "secret.unrepresentable"],
    [[], { project: "alone" }, "usage.argument"],
    [[], { environment: "--masked" }, "usage.argument"],
    [[], { environment: "" }, "usage.argument"],
  ])("GitLab refuses %#", (variables, target, code) => {
    expect(codeOf(() => planGitlab(variables, target))).toBe(code);
  });
});

/**
 * Reads a `.env` text by the rules of Docker Compose v2: quotes with escapes of the quote, escapes in double
 * quotes, `$` outside of single quotes. It throws where `$` would be interpolated.
 *
 * @see https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
 */
function readLikeCompose(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  let rest = text;
  while (rest.trimStart() !== "") {
    const [head = "", name = ""] = /^\s*([A-Za-z_][A-Za-z0-9_]*)=/u.exec(rest) ?? [];
    if (head === "") throw new Error("no name");
    rest = rest.slice(head.length);
    const [quote] = rest;
    if (quote === "'" || quote === '"') {
      const quoted = readQuoted(rest.slice(1), quote);
      values[name] = quote === "'" ? quoted.value : expand(quoted.value);
      rest = quoted.rest;
    } else {
      const [line = ""] = rest.split("\n", 1);
      values[name] = interpolate(line.split(" #", 1)[0]?.trimEnd() ?? "");
      rest = rest.slice(line.length);
    }
  }
  return values;
}

function readQuoted(text: string, quote: string): { value: string; rest: string } {
  let value = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === quote) return { value, rest: text.slice(at + 1) };
    if (character !== "\\") value += character;
    else {
      at += 1;
      value += text.charAt(at) === quote ? quote : `\\${text.charAt(at)}`;
    }
  }
  throw new Error("open quote");
}

function expand(text: string): string {
  const letters: Record<string, string> = { n: "\n", r: "\r", t: "\t", $: "$$", '"': '"', "\\": "\\" };
  return interpolate(text.replaceAll(/\\([nrt$"\\])/gu, (_, letter: string) => letters[letter] ?? ""));
}

function interpolate(text: string): string {
  return text.replaceAll(/\$(\$?)/gu, (_, second: string) => {
    if (second === "") throw new Error("would be interpolated");
    return "$";
  });
}
