import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  ChoiceLoader,
  DictLoader,
  Environment,
  FileSystemLoader,
  Float,
  FunctionLoader,
  JinjaError,
  Markup,
  PrefixLoader,
  StrictUndefined,
  TemplateNotFound,
  Tuple,
  makeLoggingUndefined,
  passContext,
  passEnvironment,
  passEvalContext,
  templateString,
} from "./index.ts";

function thrown(body: () => unknown): JinjaError {
  try {
    body();
  } catch (error) {
    if (error instanceof JinjaError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the environment", () => {
  test("filters, tests and globals of the host", () => {
    const environment = new Environment();
    environment.filters["shout"] = (value: string, mark = "!") => value.toUpperCase() + mark;
    environment.filters["keys"] = (value: object) => Object.keys(value);
    environment.tests["big"] = (value: number) => value > 10;
    environment.globals["answer"] = 42;
    environment.globals["add"] = (a: number, b: number, options?: { times?: number }) =>
      (a + b) * (options?.times ?? 1);
    const render = (source: string): string => environment.fromString(source).render({ n: 11 });
    expect(render("{{ 'a' | shout }}{{ 'b' | shout('?') }}")).toBe("A!B?");
    expect(render("{{ {'x': 1} | keys }} {{ n is big }} {{ [1, 20] | select('big') | list }}")).toBe(
      "['x'] True [20]",
    );
    expect(render("{{ answer }} {{ add(1, 2) }} {{ add(1, b, times=3) if b else add(1, 2, times=3) }}")).toBe(
      "42 3 9",
    );
    expect(render("{{ ['a'] | map('shout', '.') | first }}")).toBe("A.");
  });

  test("functions that ask for the context, environment or autoescaping", () => {
    const environment = new Environment({ autoescape: true });
    environment.globals["lookup"] = passContext((context: { resolve(name: string): unknown }, name: string) =>
      context.resolve(name),
    );
    environment.globals["same"] = passEnvironment((other: unknown) => other === environment);
    environment.globals["escapes"] = passEvalContext((state: { autoescape: boolean }) => state.autoescape);
    const source = "{% set a = 1 %}{{ lookup('a') }}{{ lookup('n') }}{{ same() }}{{ escapes() }}";
    expect(environment.fromString(source).render({ n: 2 })).toBe("12TrueTrue");
  });

  test("values of the host", () => {
    const environment = new Environment();
    const context = {
      f: new Float(1),
      t: new Tuple([1, "a"]),
      m: new Map<unknown, unknown>([
        [1, "one"],
        ["k", null],
      ]),
      big: 2n ** 70n,
      date: new Date(Date.UTC(2026, 10, 21, 3, 4, 5)),
      markup: new Markup("<b>"),
      bytes: new Uint8Array([104, 105]),
      set: new Set([1, 2]),
      nothing: undefined,
      shown: { [templateString]: () => "own text" },
    };
    const render = (source: string): string => environment.fromString(source).render(context);
    expect(render("{{ f }} {{ t }} {{ m }} {{ m[1] }} {{ m.k }} {{ big }}")).toBe(
      "1.0 (1, 'a') {1: 'one', 'k': None} one None 1180591620717411303424",
    );
    expect(
      render("{{ date }} {{ date.year }} {{ date.strftime('%Y/%m/%d %b') }} {{ date.isoformat() }}"),
    ).toBe("2026-11-21 03:04:05+00:00 2026 2026/11/21 Nov 2026-11-21T03:04:05+00:00");
    expect(render("{{ markup | e }} {{ bytes }} {{ set }} {{ nothing is undefined }}")).toBe(
      "<b> b'hi' [1, 2] True",
    );
  });

  test("compileExpression", () => {
    const environment = new Environment();
    expect(environment.compileExpression("a * 2 + 1")({ a: 20 })).toBe(41);
    expect(environment.compileExpression("[x, {'k': 1.0}]")({ x: "s" })).toEqual(["s", { k: 1 }]);
    expect(environment.compileExpression("missing")()).toBeNull();
    expect(environment.compileExpression("missing", false)()).toHaveProperty(
      "message",
      "'missing' is undefined",
    );
    expect(thrown(() => environment.compileExpression("1 +")).code).toBe("JINJA_SYNTAX");
    expect(thrown(() => environment.compileExpression("1 }} x {{ 2")).code).toBe("JINJA_SYNTAX");
  });

  test("modules, finalize, autoescape by name, globals of a template", () => {
    const environment = new Environment({
      finalize: (value) => value ?? "",
      autoescape: (name) => name?.endsWith(".html") ?? false,
      loader: new DictLoader({ "a.html": "{{ x }}", "a.txt": "{{ x }}" }),
    });
    expect(environment.fromString("[{{ none }}]").render()).toBe("[]");
    expect(environment.getTemplate("a.html").render({ x: "<" })).toBe("&lt;");
    expect(environment.getTemplate("a.txt").render({ x: "<" })).toBe("<");
    expect(environment.fromString("{{ g }}", { g: 1 }).render()).toBe("1");
    const module = environment
      .fromString("{% set v = [1] %}{% macro m(a) %}<{{ a }}>{% endmacro %}{% set _p = 1 %}")
      .makeModule();
    expect(Object.keys(module)).toEqual(["v", "m"]);
    expect((module["m"] as (value: string) => string)("x")).toBe("<x>");
  });

  test("settings that make no sense", () => {
    expect(() => new Environment({ variableStartString: "{%" })).toThrow("must be different");
    expect(() => new Environment({ extensions: ["nope" as "do"] })).toThrow("unknown extension");
  });

  test("a logging undefined reports", () => {
    const lines: string[] = [];
    const logger = {
      warning: (line: string) => void lines.push(`W ${line}`),
      error: (line: string) => void lines.push(`E ${line}`),
    };
    const environment = new Environment({ undefined: makeLoggingUndefined(logger) });
    expect(environment.fromString("{{ a }}{% if b %}{% endif %}{% for x in c %}{% endfor %}").render()).toBe(
      "",
    );
    expect(() => environment.fromString("{{ d.e }}").render()).toThrow("'d' is undefined");
    expect(lines.map((line) => line.replace(/Template variable /, ""))).toEqual([
      "W warning: 'a' is undefined",
      "W warning: 'b' is undefined",
      "W warning: 'c' is undefined",
      "E error: 'd' is undefined",
    ]);
  });
});

describe("errors", () => {
  test("name the template, line, column, line of source, and the way there", () => {
    const environment = new Environment({
      undefined: StrictUndefined,
      loader: new DictLoader({
        "lib.j2": "{% macro port(p) %}\n  {{ p.number.value }}\n{% endmacro %}",
        "part.j2": "{% from 'lib.j2' import port %}\n{{ port({}) }}",
        "main.j2": "a: 1\nb: {% include 'part.j2' %}",
      }),
    });
    const error = thrown(() => environment.getTemplate("main.j2").render());
    expect(error.code).toBe("JINJA_UNDEFINED");
    expect(error.where).toEqual({ file: "lib.j2", line: 2, column: 14 });
    expect(error.describe()).toBe(
      [
        "UndefinedError: 'dict object' has no attribute 'number'",
        "  at lib.j2:2:14",
        "  2 |   {{ p.number.value }}",
        "                   ^",
        "  in macro 'port' from part.j2:2",
        "  in include 'part.j2' from main.j2:2",
      ].join("\n"),
    );
  });

  test.each([
    ["{{ 1 + }}", "JINJA_SYNTAX", 1, 8],
    ["a\n{% if x %}", "JINJA_SYNTAX", 2, 11],
    ["\n\n  {{ x | nosuch }}", "JINJA_ASSERTION", 3, 10],
    ["{{ 1 / 0 }}", "JINJA_ZERO_DIVISION", 1, 6],
    ["{% include 'x' %}", "JINJA_NOT_FOUND", 1, 4],
    ["{{ fail() }}", "JINJA_HOST", 1, 8],
    ["{{ 'é' ~ [1][{}].x }}", "JINJA_UNDEFINED", 1, 17],
  ])("%s", (source, code, line, column) => {
    const fail = (): never => {
      throw new Error("of the host");
    };
    const error = thrown(() => new Environment().fromString(source).render({ fail }));
    expect([error.code, error.where?.line, error.where?.column]).toEqual([code, line, column]);
  });
});

describe("loaders", () => {
  const directory = mkdtempSync(join(tmpdir(), "jinja-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  test("files stay inside their directory", () => {
    const inside = join(directory, "inside");
    mkdirSync(inside);
    writeFileSync(join(directory, "secret"), "secret");
    writeFileSync(join(inside, "a.j2"), "A{{ n }}");
    symlinkSync(join(directory, "secret"), join(inside, "link"));
    const environment = new Environment({ loader: new FileSystemLoader(inside) });
    expect(environment.getTemplate("a.j2").render({ n: 1 })).toBe("A1");
    for (const name of ["../secret", "link", "x/../../secret", "nope", "."]) {
      expect(thrown(() => environment.getTemplate(name))).toBeInstanceOf(TemplateNotFound);
    }
  });

  test("choice, prefix, function and selection", () => {
    const loader = new ChoiceLoader([
      new PrefixLoader({ app: new DictLoader({ x: "app x" }) }),
      new FunctionLoader((name) => (name === "f" ? "function" : null)),
    ]);
    const environment = new Environment({ loader });
    expect(environment.getTemplate("app/x").render()).toBe("app x");
    expect(environment.selectTemplate(["nope", "f"]).render()).toBe("function");
    expect(() => environment.selectTemplate(["nope", "none"])).toThrow("nope, none");
    expect(environment.fromString("{% include t %}").render({ t: environment.getTemplate("f") })).toBe(
      "function",
    );
  });
});
