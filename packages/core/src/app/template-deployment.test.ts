import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SecretReference } from "../config/index.ts";
import { digestOf, isLotseError, Sensitive, type LotseError } from "../kernel/index.ts";
import { openSession } from "./session.ts";
import { renderedFiles, type DeployedFile } from "./template-deployment.ts";
import { fillSecrets, secretsOfFile } from "./template-fill.ts";
import { formatPieces, parsePieces } from "./template-references.ts";
import { renderForScope } from "./templates.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lotse-deployed-"));
  put("environments/base.yml", base);
  put("environments/dev/dev.yml", "");
  put("environments/prod/prod.yml", "service: { port: 443 }\n");
  put("environments/tenants/acme.yml", "tenant: { id: acme }\n");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const base = `service: { name: web, port: 8080 }
database:
  password: \${secret:postgresql#password}
  url: "postgresql://app:\${secret:postgresql#password}@db/$\${x}"
cache: { password: "\${secret:redis#password}" }
`;

function put(path: string, text: string): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), text);
}

function declare(...entries: readonly object[]): void {
  put("lotse.yml", `version: 1\nname: shop\ntemplates: ${JSON.stringify(entries)}\n`);
}

const acme = { environment: "prod", tenant: "acme" };

function files(scope: { environment: string; tenant?: string } = acme): readonly DeployedFile[] {
  return renderedFiles(openSession({ directory, variables: {} }), scope);
}

function failure(act: () => unknown): LotseError {
  try {
    act();
  } catch (error) {
    if (isLotseError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

function textOf(file: DeployedFile | undefined): string {
  return Buffer.from(file?.bytes ?? []).toString("utf8");
}

describe("the key `templates`", () => {
  test.each([
    [{ template: "../x.j2", to: "x" }, "inside the workspace"],
    [{ template: "/x.j2", to: "x" }, "inside the workspace"],
    [{ template: "x.j2", to: "../x" }, "inside the workspace"],
    [{ template: "x.j2", to: "a/../../x" }, "inside the workspace"],
    [{ template: "x.j2", to: "/etc/passwd" }, "inside the workspace"],
    [{ template: "x.j2", to: "a\\..\\x" }, "backslashes"],
    [{ template: "x.j2", to: "a//x" }, "//"],
    [{ template: "x.j2", to: "./x" }, "without ."],
    [{ template: "x.j2", to: "x", root: ".." }, "inside the workspace"],
    [{ template: "x.j2", to: "{tenent}/x" }, "placeholder"],
    [{ template: "x.j2", to: "{/x" }, "placeholder"],
    [{ template: "x.j2", to: "x", environments: ["nowhere"] }, "no environment nowhere"],
    [{ template: "x.j2", to: "x", mode: 0o777 }, '"mode" is not known'],
    [{ template: "x.j2", to: "x", format: "toml" }, "format"],
  ])("%j is refused", (entry, message) => {
    declare({ template: "y.j2", to: "y" }, entry);
    const error = failure(() => files());
    expect(error.code).toBe("workspace.invalid");
    expect(error.message).toContain(message);
    expect(error.where).toMatchObject({ file: "lotse.yml", line: 3 });
  });

  test("a list of more than 1,000 entries is refused", () => {
    declare(...Array.from({ length: 1001 }, (_, index) => ({ template: "x.j2", to: `x${index}` })));
    expect(failure(() => files()).code).toBe("workspace.invalid");
  });

  test("paths are filled, and entries hold where they say", () => {
    put("templates/x.j2", "{{ service.port }}\n");
    declare(
      { template: "x.j2", to: "{env}/{tenant}.conf" },
      { template: "x.j2", to: "all.conf" },
      { template: "x.j2", to: "live.conf", environments: ["production"] },
      { template: "x.j2", to: "dev.conf", environments: ["dev"] },
    );
    expect(files().map(({ path }) => path)).toEqual(["prod/acme.conf", "all.conf", "live.conf"]);
    expect(files({ environment: "dev" }).map(({ path }) => path)).toEqual(["all.conf", "dev.conf"]);
    expect(textOf(files()[0])).toBe("443\n");
    expect(files()[0]?.sha256).toBe(digestOf("443\n"));
  });

  test.each([
    ["{tenant}.conf", "acme.conf"],
    ["a", "a/b"],
    ["a/b", "a"],
  ])("%s and %s cannot both be", (first, second) => {
    put("templates/x.j2", "");
    declare({ template: "x.j2", to: first }, { template: "x.j2", to: second });
    expect(failure(() => files())).toMatchObject({ code: "file.ambiguous", where: { file: "lotse.yml" } });
  });

  test("templates come from their root alone, and includes do not leave it", () => {
    put("templates/x.j2", "{% include '../lotse.yml' %}");
    declare({ template: "x.j2", to: "x" });
    expect(failure(() => files()).code).toBe("template.error");
    symlinkSync(join(directory, "lotse.yml"), join(directory, "templates/link.j2"));
    declare({ template: "link.j2", to: "x" });
    expect(failure(() => files()).code).toBe("file.outside");
    symlinkSync(tmpdir(), join(directory, "away"));
    declare({ template: "x.j2", to: "x", root: "away" });
    expect(failure(() => files()).code).toBe("file.outside");
    declare({ template: "x.j2", to: "x", root: "nowhere" });
    expect(failure(() => files())).toMatchObject({
      code: "template.not-found",
      where: { file: "lotse.yml" },
    });
    put("other/x.j2", "{% include 'part.j2' %}");
    put("other/part.j2", "part");
    declare({ template: "x.j2", to: "x", root: "other" });
    expect(textOf(files()[0])).toBe("part");
  });

  test("the map and the findings name the paths of the workspace", () => {
    put("templates/x.yml.j2", "a: 1\nb: {{ service.name }}\nc: {{ database.password }}\nd: {{ '1.10' }}\n");
    declare({ template: "x.yml.j2", to: "x.yml" });
    const [file] = files();
    expect(file?.template).toBe("templates/x.yml.j2");
    expect(file?.map[1]).toMatchObject({
      template: "templates/x.yml.j2",
      templateLine: 2,
      paths: ["service.name"],
    });
    expect(file?.diagnostics).toMatchObject([{ code: "template.yaml", where: { line: 4 } }]);
    declare({ template: "x.yml.j2", to: "x.yml", format: "text" });
    expect(files()[0]?.diagnostics).toEqual([]);
    declare({ template: "x.yml.j2", to: "x.conf", format: "yaml" });
    expect(files()[0]?.diagnostics).toHaveLength(1);
  });
});

const values: Readonly<Record<string, string>> = {
  "postgresql.password": `a"b\\c
d $\${secret:x} 'ü <&`,
  "redis.password": "plain",
};

function reveal(reference: SecretReference): Promise<Sensitive<string>> {
  const text = reference.parts
    .map((part) => (part.kind === "text" ? part.text : (values[`${part.path}.${part.field ?? ""}`] ?? "?")))
    .join("");
  return Promise.resolve(new Sensitive(text));
}

async function filled(): Promise<string> {
  const [file] = files();
  const { bytes } = (await fillSecrets(file?.bytes ?? new Uint8Array(), reveal)).reveal();
  return Buffer.from(bytes).toString("utf8");
}

describe("secret files", () => {
  test("hold references until they are filled", async () => {
    put("templates/app.env.secret.j2", "A={{ cache.password | quote }}\nB={{ database.url }}\nC=$HOME\n");
    declare({ template: "app.env.secret.j2", to: "app.env" });
    const [file] = files();
    expect(file).toMatchObject({
      path: "app.env",
      secret: true,
      secrets: ["${secret:redis#password}", "postgresql://app:${secret:postgresql#password}@db/$${x}"],
    });
    expect(textOf(file)).toBe(
      "A=${secret:redis#password|quote}\nB=postgresql://app:${secret:postgresql#password}@db/${x}\nC=$HOME\n",
    );
    expect(secretsOfFile(file?.bytes ?? new Uint8Array()).map(String)).toEqual([
      "${secret:redis#password}",
      "${secret:postgresql#password}",
    ]);
    expect(await filled()).toBe(
      `A="plain"\nB=postgresql://app:${values["postgresql.password"]}@db/\${x}\nC=$HOME\n`,
    );
    expect(file?.map.map(({ templateLine }) => templateLine)).toEqual([1, 2, 3, 4]);
  });

  test("an ordinary file keeps its references as they are", () => {
    put("templates/app.env.j2", "A={{ cache.password }} {{ '${secret:' }}\n");
    declare({ template: "app.env.j2", to: "app.env" });
    expect(textOf(files()[0])).toBe("A=${secret:redis#password} ${secret:\n");
    expect(files()[0]).toMatchObject({ secret: false, secrets: [] });
    declare({ template: "app.env.j2", to: "app.env", secret: true });
    expect(textOf(files()[0])).toBe("A=${secret:redis#password} $${secret:\n");
  });

  test.each([
    ["{% if database.password %}x{% endif %}", 1],
    ["\n{{ database.password | length }}", 2],
    ["{{ database.password == 'x' }}", 1],
    ["{{ database.password | upper }}", 1],
    ["a\nb{{ cache.password }}\n{{ ('user:' ~ database.password) | b64encode }}", 3],
    ["{{ ('x' ~ database.password)[:4] }}", 1],
    ["{{ database.password | replace('a', 'b') }}", 1],
    ["{{ ('x' ~ cache.password) | length }}", 1],
    ["{{ database | to_yaml }}", 1],
    ["{{ [cache.password] }}", 1],
    ["{{ cache.password | indent(2) }}", 1],
    ["{{ cache.password | string | tojson }}", 1],
    ["{{ cache.password | string | to_yaml }}", 1],
  ])("%j is refused: it computes with a secret", (source, line) => {
    put("templates/x.secret.j2", source);
    declare({ template: "x.secret.j2", to: "x" });
    expect(failure(() => files())).toMatchObject({
      code: "template.secret",
      where: { file: "templates/x.secret.j2", line },
    });
  });

  test("in YAML, a secret that is written as it is, is told", () => {
    put("templates/x.yml.secret.j2", "a: {{ cache.password }}\nb: {{ database.password | quote }}\n");
    declare({ template: "x.yml.secret.j2", to: "x.yml" });
    expect(files()[0]?.diagnostics).toMatchObject([
      { code: "template.yaml", message: "${secret:redis#password} is put into YAML as it is" },
    ]);
  });

  test("each secret is opened once, and bytes of another make are refused", async () => {
    const opened: string[] = [];
    const bytes = Buffer.from("${secret:a} ${secret:a|quote} ${secret:b#c}");
    await fillSecrets(bytes, (reference) => {
      opened.push(String(reference));
      return reveal(reference);
    });
    expect(opened).toEqual(["${secret:a}", "${secret:b#c}"]);
    for (const wrong of ["${secret:}", "${secret:a", "${secret:a|rot13}", "${secret:=%}", "${secret:=text}"])
      await expect(fillSecrets(Buffer.from(wrong), reveal)).rejects.toMatchObject({
        code: "template.secret",
      });
    await expect(fillSecrets(Uint8Array.of(0xff), reveal)).rejects.toMatchObject({ code: "template.secret" });
  });

  const literal = fc
    .stringMatching(/^[${a:]{0,3}$/u)
    .chain((text) =>
      fc.constantFrom(text, `${text}{secret:x}`, `${text}\${secret:`, "$", "\n", "é\u{1f600}", "{secret:"),
    );
  const filter = fc.constantFrom(
    "",
    " | quote",
    " | b64encode",
    " | string | urlencode",
    " | e",
    " | string",
  );
  const value = fc
    .constantFrom("database.password", "database.url", "cache.password")
    .chain((name) => filter.map((applied) => ({ name, applied })));

  test("what is filled is what rendering with the secrets gives", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(literal, value), { maxLength: 8 }), async (parts) => {
        const source = parts
          .map((part) =>
            typeof part === "string" ? `{{ ${JSON.stringify(part)} }}` : `{{ ${part.name}${part.applied} }}`,
          )
          .join("");
        put("templates/x.secret.j2", source);
        declare({ template: "x.secret.j2", to: "x" });
        const request = { ...acme, template: "templates/x.secret.j2", from: directory };
        const direct = await renderForScope(openSession({ directory, variables: {} }), request, reveal);
        const text = direct.files[0]?.text;
        expect(await filled()).toBe(text instanceof Sensitive ? text.reveal() : text);
      }),
      { numRuns: 60 },
    );
  });

  const name = fc.stringMatching(/^[a-z=|/.%$]{1,6}$/u);
  const part = fc.oneof(
    fc.stringMatching(/^[a${}:=|%#]{1,5}$/u).map((text) => ({ kind: "text" as const, text })),
    fc.record({
      kind: fc.constant("secret" as const),
      path: name,
      field: fc.option(name, { nil: undefined }),
    }),
  );
  const hole = fc.record({
    reference: fc
      .array(part, { minLength: 1, maxLength: 3 })
      .filter((parts) => parts.some(({ kind }) => kind === "secret"))
      // Two texts that follow each other are one, and its form is another.
      .filter((parts) =>
        parts.every(({ kind }, index) => kind === "secret" || parts[index - 1]?.kind !== kind),
      )
      .map((parts) => new SecretReference(parts)),
    encoder: fc.constantFrom(undefined, "quote" as const, "b64encode" as const),
  });

  test("pieces come back as they were written", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(hole, literal), { maxLength: 6 }), (pieces) => {
        const shape = (all: typeof pieces): string =>
          all
            .map((piece) => {
              if (typeof piece === "string") return JSON.stringify(Array.from(piece)).slice(1, -1);
              const { encoder, reference } = piece;
              if (encoder !== undefined) return `${encoder}(${String(reference)})`;
              return reference.parts
                .map((each) =>
                  each.kind === "text"
                    ? JSON.stringify(Array.from(each.text)).slice(1, -1)
                    : `(${String(new SecretReference([each]))})`,
                )
                .filter((text) => text !== "")
                .join();
            })
            .filter((text) => text !== "")
            .join();
        expect(shape(parsePieces(formatPieces(pieces)) as typeof pieces)).toBe(shape(pieces));
      }),
      { numRuns: 500 },
    );
  });
});
