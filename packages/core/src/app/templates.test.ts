import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EnvironmentConfigManager } from "../config/index.ts";
import { LotseError, Sensitive, type AuditEvent, type AuditSink } from "../kernel/index.ts";
import { renderTemplate } from "./render-template.ts";
import { openSession, type Session } from "./session.ts";
import type { SecretRevealer } from "./template-values.ts";
import {
  applyRendering,
  lineOrigins,
  planRendering,
  renderForScope,
  type ScopeRendering,
  type ScopeRenderRequest,
} from "./templates.ts";

const files: Readonly<Record<string, string>> = {
  "lotse.yml": "version: 1\nname: shop\nschema: schema.yml\n",
  "schema.yml":
    "type: object\nproperties:\n  service: {type: object, properties: {port: {type: integer, maximum: 65535}}}\n",
  "environments/base.yml": `service: { name: web, port: 8080, ratio: 1.10, factor: 1.0 }
hosts: [{ name: a, ip: 10.0.0.1 }, { name: b, ip: 10.0.0.2 }]
database:
  user: app
  password: \${secret:postgresql#password}
  url: "postgresql://app:\${secret:postgresql#password}@db/\${tenant.id:-none}"
cache: { password: "\${secret:redis#password}" }
tag: "1.10"
`,
  "environments/dev/dev.yml": "",
  "environments/prod/prod.yml": "service: { port: 443 }\n",
  "environments/tenants/acme.yml": "tenant: { id: acme }\nservice: { name: acme-web }\n",
};

let directory = "";
let session: Session;
let events: AuditEvent[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lotse-app-templates-"));
  for (const [path, text] of Object.entries(files)) put(path, text);
  events = [];
  const audit: AuditSink = {
    append: (event) => Promise.resolve({ index: events.push(event) - 1, sequence: 1 }),
  };
  session = openSession({ directory, variables: {}, audit });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), text);
}

const secrets: Readonly<Record<string, string>> = {
  "${secret:postgresql#password}": "hunter2",
  "postgresql://app:${secret:postgresql#password}@db/acme": "postgresql://app:hunter2@db/acme",
  "${secret:redis#password}": "redis-hunter2",
};

/** A revealer that keeps count of what was opened. */
function revealer(): { readonly opened: string[]; readonly reveal: SecretRevealer } {
  const opened: string[] = [];
  return {
    opened,
    reveal: (reference) => {
      opened.push(String(reference));
      return Promise.resolve(new Sensitive(secrets[String(reference)] ?? "?"));
    },
  };
}

async function render(
  source: string,
  {
    name = "file.conf.j2",
    reveal,
    ...request
  }: Partial<ScopeRenderRequest> & { name?: string; reveal?: SecretRevealer } = {},
): Promise<ScopeRendering> {
  put(`templates/${name}`, source);
  const all = {
    environment: "prod",
    tenant: "acme",
    template: `templates/${name}`,
    from: directory,
    ...request,
  };
  return await renderForScope(session, all, reveal);
}

/** The text of the only file; secret files are opened. */
async function text(...args: Parameters<typeof render>): Promise<string> {
  const [file] = (await render(...args)).files;
  return file?.text instanceof Sensitive ? file.text.reveal() : (file?.text ?? "");
}

async function failure(act: () => Promise<unknown>): Promise<LotseError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof LotseError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("what templates see", () => {
  test.each([
    ["{{ service.name }}:{{ service.port }}", "acme-web:443"],
    ["{{ service.ratio }} {{ service.factor }} {{ service.port / 2 }}", "1.10 1.0 221.5"],
    ["{{ lotse.environment }} {{ lotse.tenant }} {{ lotse.workspace }}", "prod acme shop"],
    ["{% for h in hosts %}{{ h.name }}={{ h.ip }} {% endfor %}", "a=10.0.0.1 b=10.0.0.2 "],
  ])("%s", async (source, expected) => {
    expect(await text(source)).toBe(expected);
  });

  test("without a tenant, lotse.tenant is none", async () => {
    expect(await text("{{ lotse.tenant is none }} {{ service.name }}", { tenant: undefined })).toBe(
      "True web",
    );
  });

  test("--set reaches the template", async () => {
    expect(await text("{{ service.port }}", { set: [{ path: "service.port", text: "8443" }] })).toBe("8443");
  });

  test("a configuration that does not fit its schema is not rendered", async () => {
    const error = await failure(() => render("x", { set: [{ path: "service.port", text: "99999" }] }));
    expect(error.code).toBe("schema.violation");
  });

  test("a key lotse of the configuration is refused with its place", async () => {
    put("environments/prod/prod.yml", "lotse: 1\n");
    const error = await failure(() => render("x"));
    expect(error).toMatchObject({
      code: "template.error",
      where: { file: "environments/prod/prod.yml", line: 1 },
    });
  });
});

describe("a name that is not there", () => {
  test.each([
    ["{{ servce.port }}", "did you mean service? lotse config get prod:acme prints what there is"],
    [
      "{{ service.prot }}",
      "there are name, port, ratio, factor; lotse config get prod:acme service prints what there is",
    ],
    ["{{ hosts[0].nam }}", "did you mean name? lotse config get prod:acme hosts[0] prints what there is"],
    [
      "{% for h in hosts %}{{ h.nam }}{% endfor %}",
      "did you mean name? lotse config get prod:acme prints what there is",
    ],
    [
      "{{ wholly_other }}",
      "there are service, hosts, database, cache, tag, tenant, lotse; lotse config get prod:acme prints what there is",
    ],
  ])("%s: %s", async (source, hint) => {
    const error = await failure(() => render(source));
    expect(error).toMatchObject({
      code: "template.error",
      hint,
      where: { file: "templates/file.conf.j2", line: 1 },
    });
  });
});

describe("secrets", () => {
  test("of an ordinary file stay references, also in filters", async () => {
    const { opened, reveal } = revealer();
    const source =
      "{{ database.password }}\n{{ database.url }}\n{{ cache | to_yaml }}\n{{ cache | tojson }}\n";
    expect(await text(source, { reveal })).toBe(
      "${secret:postgresql#password}\npostgresql://app:${secret:postgresql#password}@db/acme\n" +
        'password: "${secret:redis#password}"\n{"password": "${secret:redis#password}"}\n',
    );
    expect(opened).toEqual([]);
  });

  test("that a filter makes something else of are warned about", async () => {
    const rendering = await render("a: 1\n{{ database.password | b64encode }}\n{{ database.password }}\n");
    expect(rendering.files[0]?.diagnostics).toMatchObject([
      {
        code: "template.handle",
        severity: "warning",
        where: { file: "templates/file.conf.j2", line: 2, path: "database.password" },
      },
    ]);
  });

  const secret = "app.env.secret.j2";
  test.each([
    ["{{ database.password }}", "hunter2", ["${secret:postgresql#password}"]],
    ["{{ database.password | b64encode }}", "aHVudGVyMg==", ["${secret:postgresql#password}"]],
    ["{{ cache | tojson }}", '{"password": "redis-hunter2"}', ["${secret:redis#password}"]],
    [
      "{{ database.url.split('@')[1] }}",
      "db/acme",
      ["postgresql://app:${secret:postgresql#password}@db/acme"],
    ],
    [
      "{% if cache.password == 'redis-hunter2' %}yes{% else %}no{% endif %}",
      "yes",
      ["${secret:redis#password}"],
    ],
    ["{% if false %}{{ cache.password }}{% endif %}{{ database.user }}", "app", []],
    ["{{ cache.password is defined }}", "True", []],
    ["{{ cache.password | int(7) }}", "7", ["${secret:redis#password}"]],
    [
      "{% if database.password == 'hunter2' %}{{ cache.password }}{% endif %}",
      "redis-hunter2",
      ["${secret:postgresql#password}", "${secret:redis#password}"],
    ],
    [
      "{{ cache.password }}{{ database.password }}{{ cache.password }}",
      "redis-hunter2hunter2redis-hunter2",
      ["${secret:redis#password}", "${secret:postgresql#password}"],
    ],
  ])("of a secret file are opened where they are used: %s", async (source, expected, used) => {
    const { opened, reveal } = revealer();
    expect(await text(source, { name: secret, reveal })).toBe(expected);
    expect(opened).toEqual(used);
  });

  test("the option makes a secret file of any template", async () => {
    const { reveal } = revealer();
    const [file] = (await render("{{ cache.password }}", { secretFile: true, reveal })).files;
    expect(file?.name).toBe("file.conf");
    expect(file?.text).toBeInstanceOf(Sensitive);
    expect(JSON.stringify(file)).not.toContain("hunter2");
  });

  test("without anything that opens them, a secret file fails and says where", async () => {
    const error = await failure(() => render("a\n{{ cache.password }}", { name: secret }));
    expect(error).toMatchObject({
      code: "secret.not-found",
      where: { file: `templates/${secret}`, line: 2 },
    });
    expect(await text("{{ service.port }}", { name: secret })).toBe("443");
  });

  test("what the revealer throws comes through", async () => {
    const denied = new LotseError({ code: "secret.denied", message: "no" });
    expect(
      await failure(() =>
        render("{{ cache.password }}", { name: secret, reveal: () => Promise.reject(denied) }),
      ),
    ).toBe(denied);
  });

  test("an error after they are filled in does not quote them", async () => {
    const { reveal } = revealer();
    for (const source of [
      "{{ {}[cache.password] }}",
      "{{ cache.password + 1 }}",
      "{% include cache.password %}",
    ]) {
      const error = await failure(() => render(source, { name: secret, reveal }));
      expect(error.where).toMatchObject({ file: `templates/${secret}`, line: 1 });
      expect(JSON.stringify([error, error.message, error.stack, error.hint])).not.toContain("hunter2");
    }
  });
});

describe("findings about YAML", () => {
  test("come for .yml and .yaml files only", async () => {
    const source = "version: {{ tag }}\n";
    const [yaml] = (await render(source, { name: "a.yml.j2" })).files;
    expect(yaml?.diagnostics).toMatchObject([
      {
        code: "template.yaml",
        severity: "warning",
        where: { file: "templates/a.yml.j2", line: 1, path: "tag" },
      },
    ]);
    expect((await render(source, { name: "a.conf.j2" })).files[0]?.diagnostics).toEqual([]);
  });

  test("of a secret file do not quote the value", async () => {
    const reveal: SecretRevealer = () => Promise.resolve(new Sensitive("1234567"));
    const [file] = (await render("p: {{ cache.password }}\n", { name: "a.yml.secret.j2", reveal })).files;
    expect(file?.diagnostics).toHaveLength(1);
    expect(JSON.stringify(file?.diagnostics)).not.toContain("1234567");
  });
});

describe("a directory of templates", () => {
  test("is rendered below itself; what is included lies below the root", async () => {
    put("templates/_macros.j2", "{% macro listen(p) %}listen {{ p }};{% endmacro %}");
    put("templates/nginx/site.conf.j2", "{% from '_macros.j2' import listen %}{{ listen(service.port) }}\n");
    const rendering = await render("{{ service.name }}\n", { name: "name.jinja", template: "templates" });
    expect(rendering.files.map(({ name, template, text }) => [name, template, text])).toEqual([
      ["name", "templates/name.jinja", "acme-web\n"],
      ["nginx/site.conf", "templates/nginx/site.conf.j2", "listen 443;\n"],
    ]);
    const one = await renderForScope(session, {
      environment: "prod",
      template: "templates/nginx/site.conf.j2",
      root: "templates",
      from: directory,
    });
    expect(one.files.map(({ name, text }) => [name, text])).toEqual([["site.conf", "listen 443;\n"]]);
  });

  test("that does not exist, is empty, or is not below the root, is an error", async () => {
    const code = async (request: Partial<ScopeRenderRequest>): Promise<string> =>
      (await failure(() => render("x", { ...request }))).code;
    expect(await code({ template: "nowhere" })).toBe("template.not-found");
    mkdirSync(join(directory, "empty"));
    expect(await code({ template: "empty" })).toBe("template.not-found");
    expect(await code({ root: "environments" })).toBe("usage.argument");
  });
});

describe("writing", () => {
  test("the plan tells what changes, applying it makes it so, and then nothing is left to do", async () => {
    const rendering = await render("listen {{ service.port }};\n");
    const out = join(directory, "out");
    const plan = await planRendering(rendering, out);
    expect(plan.files.map(({ name, status }) => [name, status])).toEqual([["file.conf", "created"]]);
    expect(await applyRendering(session, rendering.snapshot.scope, plan)).toEqual(["file.conf"]);
    expect(readFileSync(join(out, "file.conf"), "utf8")).toBe("listen 443;\n");
    expect(
      await applyRendering(session, rendering.snapshot.scope, await planRendering(rendering, out)),
    ).toEqual([]);
  });

  test("a secret file is 0600, and its diff names places instead of values", async () => {
    const { reveal } = revealer();
    const rendering = await render("A=1\nB={{ cache.password }}\n", { name: "app.env.secret.j2", reveal });
    const out = join(directory, "out");
    const plan = await planRendering(rendering, out);
    expect(plan.files[0]?.diff.map((line) => line.text)).toContain(
      "+[hidden] (templates/app.env.secret.j2:2, cache.password)",
    );
    expect(JSON.stringify(plan)).not.toContain("hunter2");
    await applyRendering(session, rendering.snapshot.scope, plan);
    expect(readFileSync(join(out, "app.env"), "utf8")).toBe("A=1\nB=redis-hunter2\n");
    expect(statSync(join(out, "app.env")).mode & 0o777).toBe(0o600);
  });

  test("each file is recorded before it is written, and what stays is not", async () => {
    const out = join(directory, "out");
    const rendering = await render("x\n", { template: "templates", secretFile: false });
    put("templates/b.env.secret.j2", "y\n");
    const both = await render("x\n", { template: "templates" });
    await applyRendering(session, rendering.snapshot.scope, await planRendering(rendering, out));
    await applyRendering(session, both.snapshot.scope, await planRendering(both, out));
    expect(
      events.map(({ action, object, outcome, scope, fingerprint, details }) => [
        action,
        object,
        outcome,
        scope,
        fingerprint?.length,
        details?.["secret"],
      ]),
    ).toEqual([
      ["template.write", "out/file.conf", "intent", { environment: "prod", tenant: "acme" }, 64, false],
      ["template.write", "out/file.conf", "success", { environment: "prod", tenant: "acme" }, 64, false],
      ["template.write", "out/b.env", "intent", { environment: "prod", tenant: "acme" }, undefined, true],
      ["template.write", "out/b.env", "success", { environment: "prod", tenant: "acme" }, undefined, true],
    ]);
  });

  test("what cannot be recorded is not written", async () => {
    const audit: AuditSink = {
      append: () => Promise.reject(new LotseError({ code: "audit.unavailable", message: "no" })),
    };
    const deaf = openSession({ directory, variables: {}, audit });
    const rendering = await render("x\n");
    const out = join(directory, "out");
    const plan = await planRendering(rendering, out);
    expect((await failure(() => applyRendering(deaf, rendering.snapshot.scope, plan))).code).toBe(
      "audit.unavailable",
    );
    expect(() => statSync(out)).toThrow("ENOENT");
  });

  test("a template without an ending does not replace itself", async () => {
    const rendering = await render("x", { name: "plain.conf" });
    expect((await failure(() => planRendering(rendering, join(directory, "templates")))).code).toBe(
      "usage.argument",
    );
  });
});

test("each line is explained by its template and the layers that filled it", async () => {
  const rendering = await render("# {{ lotse.tenant }}\n{{ service.name }}:{{ service.port }}\n");
  const [file] = rendering.files;
  expect(file === undefined ? [] : lineOrigins(rendering, file).slice(0, 2)).toEqual([
    { line: 1, template: "templates/file.conf.j2", templateLine: 1, values: [] },
    {
      line: 2,
      template: "templates/file.conf.j2",
      templateLine: 2,
      values: [
        { path: "service.name", layer: "tenant", file: "environments/tenants/acme.yml", line: 2, column: 18 },
        {
          path: "service.port",
          layer: "environment",
          file: "environments/prod/prod.yml",
          line: 1,
          column: 18,
        },
      ],
    },
  ]);
});

describe("renderTemplate", () => {
  const config = () => new EnvironmentConfigManager({ directory, variables: {} }).load("prod", "acme");

  test("renders a template of a directory with values", () => {
    put("templates/a/b.j2", "{{ x }} {% include 'part.j2' %}");
    put("templates/part.j2", "{{ y[0] }}\n");
    const options = { templateName: "a/b.j2", directory: join(directory, "templates") };
    expect(renderTemplate({ ...options, variables: { x: 1, y: [2n ** 64n] } })).toBe(
      "1 18446744073709551616\n",
    );
  });

  test("renders with a configuration: floats as written, secrets as references, the scope", () => {
    const source =
      "{{ service.ratio }} {{ database.password }} {{ lotse.environment }} {{ lotse.workspace is defined }}";
    expect(renderTemplate({ templateName: "a", templates: { a: source }, variables: config() })).toBe(
      "1.10 ${secret:postgresql#password} prod False",
    );
  });

  test("handles in plain values are references as well, and getters are not called", () => {
    const variables = {
      all: config().toObject() as Readonly<Record<string, unknown>>,
      trap: Object.defineProperty({}, "x", { enumerable: true, get: () => expect.unreachable() }),
    };
    const source = "{{ all.cache.password }} {{ all.cache | tojson }} {{ trap.x is defined }}";
    expect(renderTemplate({ templateName: "a", templates: { a: source }, variables })).toBe(
      '${secret:redis#password} {"password": "${secret:redis#password}"} False',
    );
  });

  test("values that contain themselves do not end in a loop", () => {
    const self: Record<string, unknown> = { name: "x" };
    self["self"] = self;
    expect(
      renderTemplate({
        templateName: "a",
        templates: { a: "{{ v.self.self.name }}" },
        variables: { v: self },
      }),
    ).toBe("x");
  });

  test.each([
    ["{{ prt }}", { code: "template.error", hint: "did you mean port?" }],
    ["{{ other }}", { code: "template.error", hint: "there are port" }],
    ["{% include 'b' %}", { code: "template.not-found" }],
  ])("%s fails with a code", (a, expected) => {
    const act = () => renderTemplate({ templateName: "a", templates: { a }, variables: { port: 1 } });
    expect(act).toThrow(expect.objectContaining(expected) as Error);
  });

  test("a directory that does not exist is told", () => {
    const act = () =>
      renderTemplate({ templateName: "a", directory: join(directory, "nowhere"), variables: {} });
    expect(act).toThrow(expect.objectContaining({ code: "template.not-found" }) as Error);
  });
});
