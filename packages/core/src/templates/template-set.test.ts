import { DictLoader } from "@lotse/jinja";
import { describe, expect, test } from "vitest";
import { TemplateFailure } from "./failure.ts";
import { TemplateSet, type MissingName, type RenderOptions } from "./template-set.ts";
import { pendingValue, writtenFloat } from "./values.ts";

function render(
  source: string,
  variables: Readonly<Record<string, unknown>> = {},
  others: Readonly<Record<string, string>> = {},
  options: RenderOptions = {},
): string {
  const set = new TemplateSet({
    loader: new DictLoader({ main: source, ...others }),
    label: (name) => `templates/${name}`,
  });
  return set.render("main", new Map(Object.entries(variables)), options).text;
}

function failureOf(...args: Parameters<typeof render>): TemplateFailure {
  try {
    render(...args);
  } catch (error) {
    if (error instanceof TemplateFailure) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the settings", () => {
  test.each([
    ["the last line break stays", "a: {{ x }}\n", "a: 1\n"],
    ["blocks leave no line behind", "a\n  {% if x %}\nb\n  {% endif %}\nc\n", "a\nb\nc\n"],
    [
      "do and break are there",
      "{% for i in [1, 2] %}{% do [].append(i) %}{{ i }}{% break %}{% endfor %}",
      "1",
    ],
    ["nothing is escaped for HTML", "{{ '<&>' }}", "<&>"],
  ])("%s", (_, source, expected) => {
    expect(render(source, { x: 1 })).toBe(expected);
  });

  test("without trim, blocks keep their white space as in Jinja2", () => {
    const set = new TemplateSet({
      loader: new DictLoader({ main: "a\n {% if true %}\nb\n{% endif %}" }),
      trim: false,
    });
    expect(set.render("main", new Map()).text).toBe("a\n \nb\n");
  });

  test.each([
    ["{{ nme }}"],
    ["{% if nme %}x{% endif %}"],
    ["{{ app.nme }}"],
    ["{{ app.a.b }}"],
    ["{% for i in nme %}{% endfor %}"],
  ])("an undefined name is an error: %s", (source) => {
    expect(failureOf(source, { app: {} }).code).toBe("template.error");
  });

  test.each([
    ["{{ now() }}"],
    ["{{ lipsum() }}"],
    ["{{ [1, 2] | random }}"],
    ["{{ uuid4() }}"],
    ["{{ env.HOME }}"],
  ])("%s is refused: a rendering is repeatable", (source) => {
    const failure = failureOf(source);
    expect(failure.code).toBe("template.error");
    expect(failure.hint).toContain("neither the time nor chance nor the machine");
  });
});

describe("errors", () => {
  test("have the place, the line with a caret, and the includes on the way", () => {
    const failure = failureOf(
      "{% include 'part' %}",
      { app: { port: 1 } },
      { part: "{% macro m() %}\nport {{ app.prot }};\n{% endmacro %}\n{{ m() }}" },
    );
    expect(failure).toMatchObject({
      code: "template.error",
      where: { file: "templates/part", line: 2, column: 12 },
      excerpt: ["2 | port {{ app.prot }};", "               ^"],
      chain: [
        { kind: "macro", name: "m", where: { file: "templates/part", line: 4 } },
        { kind: "include", name: "part", where: { file: "templates/main", line: 1 } },
      ],
      related: [
        { file: "templates/part", line: 4 },
        { file: "templates/main", line: 1 },
      ],
    });
  });

  test.each<[string, MissingName]>([
    ["{{ prot }}", { name: "prot", known: ["app", "list"], written: "prot" }],
    ["{{ app.prot }}", { name: "prot", known: ["port", "name"], written: "app.prot" }],
    ["{{ app['prot'] }}", { name: "prot", known: ["port", "name"], written: "app['prot']" }],
    ["{{ list.x }}", { name: "x", known: [], written: "list.x" }],
    ["{% for item in list %}{{ item.x }}{% endfor %}", { name: "x", known: ["y"], written: "item.x" }],
  ])("%s tells what is there instead", (source, expected) => {
    const asked: MissingName[] = [];
    const hint = (missing: MissingName): string => {
      asked.push(missing);
      return "a hint";
    };
    const variables = { app: { port: 1, name: "a" }, list: [{ y: 1 }] };
    expect(failureOf(source, variables, {}, { hint }).hint).toBe("a hint");
    expect(asked).toEqual([expected]);
  });

  test("syntax errors and missing templates", () => {
    expect(failureOf("a\n{% if %}")).toMatchObject({ code: "template.error", where: { line: 2 } });
    expect(failureOf("{% include 'nowhere' %}")).toMatchObject({
      code: "template.not-found",
      message: "there is no template nowhere",
      where: { file: "templates/main", line: 1 },
    });
    expect(() => new TemplateSet({ loader: new DictLoader({}) }).render("x", new Map())).toThrow(
      expect.objectContaining({ code: "template.not-found", where: { file: "x" } }) as Error,
    );
  });

  test("once secrets are among the variables, nothing that could quote them is told", () => {
    const source = "{{ {}[password] }}";
    const failure = failureOf(
      source,
      { password: "hunter2" },
      {},
      { withheld: true, hint: ({ name }) => name },
    );
    expect(failure.code).toBe("template.error");
    expect(failure.where).toEqual({ file: "templates/main", line: 1, column: expect.any(Number) as number });
    expect(JSON.stringify([failure.message, failure.hint, failure.related, failure.chain])).not.toContain(
      "hunter2",
    );
    expect(failure.cause).toBeUndefined();
    expect(failure.stack).not.toContain("hunter2");
  });
});

describe("a hostile template", () => {
  test.each([
    ["loops without end", "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"],
    [
      "grows without end",
      "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    ],
    ["includes itself", "{% include 'main' %}"],
    ["asks for too much", "{{ range(10 ** 9) | list }}"],
    ["reaches for the host", "{{ ''.constructor.constructor('return process')() }}"],
  ])("that %s fails with a code", (_, source) => {
    expect(failureOf(source).code).toBe("template.error");
  });

  /** The test machine is slow and shared: the aim is one second. */
  const cpuSecondsOf = (act: () => void): number => {
    const start = process.cpuUsage();
    act();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000_000;
  };

  test.each([
    ["many lines", "{% for i in range(100000) %}a: {{ 'b' }}\n{% endfor %}"],
    ["nothing but lines", "{{ '\n' * 1000000 }}".repeat(15)],
    ["many values", `{% for i in range(100000) %}${"{{ 'b: c' }}".repeat(12)}{% endfor %}`],
    [
      "values that are copied",
      `{% set x %}{% for i in range(60000) %}${"{{ 'b' }}".repeat(8)}{% endfor %}{% endset %}${"{{ x.strip() }}".repeat(8)}`,
    ],
  ])("whose YAML has %s is not looked at value by value, and rendered all the same", (_, source) => {
    const set = new TemplateSet({ loader: new DictLoader({ main: source }) });
    const seconds = cpuSecondsOf(() => {
      const rendering = set.render("main", new Map(), { yaml: true });
      expect(rendering).toMatchObject({ unchecked: true, warnings: [] });
      expect(rendering.text.length).toBeGreaterThan(499_999);
      expect(rendering.map.length).toBeLessThanOrEqual(100_000);
    });
    expect(seconds).toBeLessThan(3);
  });

  test.each([
    ["one long line", "{% for i in range(90000) %}{{ 'b: c' }}{% endfor %}", 1000],
    ["a flow of many values", "[{% for i in range(45000) %}{{ 'no' }}, {% endfor %}]", 1000],
    [
      "empty values before white space",
      "{% for i in range(90000) %}{{ '' }}{% endfor %}{{ ' ' * 1000000 }}",
      1000,
    ],
    ["white space after a key", "{{ 'a:' ~ ' ' * 1000000 }}".repeat(10) + "{{ 'no' }}", 10],
  ])("whose YAML has %s is looked at once", (_, source, least) => {
    const set = new TemplateSet({ loader: new DictLoader({ main: source }) });
    const seconds = cpuSecondsOf(() => {
      const { unchecked, warnings } = set.render("main", new Map(), { yaml: true });
      expect(unchecked).toBe(false);
      expect(warnings.length).toBeGreaterThanOrEqual(least);
    });
    expect(seconds).toBeLessThan(3);
  });
});

describe("YAML", () => {
  test("a value that changes the structure is told with its place and path", () => {
    const set = new TemplateSet({ loader: new DictLoader({ main: "a: 1\nversion: {{ app.tag }}\n" }) });
    const variables = new Map([["app", { tag: "1.10" }]]);
    expect(set.render("main", variables, { yaml: true }).unchecked).toBe(false);
    expect(set.render("main", variables, { yaml: true }).warnings).toMatchObject([
      { hazard: "type", line: 2, templateLine: 2, templateColumn: 13, paths: ["app.tag"] },
    ]);
    expect(set.render("main", variables).warnings).toEqual([]);
  });
});

describe("a written float", () => {
  test.each([
    ["{{ x }}", "1.10"],
    ["{{ 'v' ~ x }}", "v1.10"],
    ["{{ [x] }}", "[1.10]"],
    ["{{ '%s' | format(x) }}", "1.10"],
    ["{{ x + 1 }}", "2.1"],
    ["{{ x == 1.1 }}", "True"],
    ["{{ x is float }} {{ x is integer }} {{ x < 2 }}", "True False True"],
    ["{{ x | round(1) }} {{ x | int }}", "1.1 1"],
    ["{{ {x: 'a'}[1.1] }}", "a"],
    ["{{ {'a': x} | tojson }}", '{"a": 1.1}'],
  ])("%s gives %s", (source, expected) => {
    expect(render(source, { x: writtenFloat(1.1, "1.10") })).toBe(expected);
  });

  test("keeps an exponent and an integral float", () => {
    expect(render("{{ a }} {{ b }}", { a: writtenFloat(1000, "1e3"), b: writtenFloat(1, "1.0") })).toBe(
      "1e3 1.0",
    );
  });
});

describe("a pending value", () => {
  const uses = (source: string): number => {
    let count = 0;
    const x = pendingValue(() => (count += 1));
    try {
      render(source, { x, map: { inner: x } });
    } catch (error) {
      if (!(error instanceof TemplateFailure)) throw error;
    }
    return count;
  };

  test.each([
    ["{{ x }}"],
    ["{{ map.inner }}"],
    ["{{ 'a' ~ x }}"],
    ["{{ x + 'a' }}"],
    ["{{ x | upper }}"],
    ["{{ x | b64encode }}"],
    ["{{ x | tojson }}"],
    ["{{ x | to_yaml }}"],
    ["{{ x | quote }}"],
    ["{{ x | urlencode }}"],
    ["{{ x | length }}"],
    ["{{ x | int(5) }}"],
    ["{{ x | float(5) }}"],
    ["{{ x | default('a', true) }}"],
    ["{{ map | to_yaml }}"],
    ["{{ map | tojson }}"],
    ["{{ map }}"],
    ["{{ x.split(':')[0] }}"],
    ["{{ x[0] }}"],
    ["{{ x[:1] }}"],
    ["{{ '%s' | format(x) }}"],
    ["{{ '{}'.format(x) }}"],
    ["{% if x %}a{% endif %}"],
    ["{% if x == 'a' %}a{% endif %}"],
    ["{% if 'a' == x %}a{% endif %}"],
    ["{% if 'a' in x %}a{% endif %}"],
    ["{% if x in ['a'] %}a{% endif %}"],
    ["{% if x < 'a' %}a{% endif %}"],
    ["{% for c in x %}{{ c }}{% endfor %}"],
    ["{{ [x, 'a'] | sort }}"],
    ["{{ [x] | join(',') }}"],
    ["{{ {x: 1} }}"],
    ["{% for k, v in map.items() %}{{ v }}{% endfor %}"],
  ])("is used by %s", (source) => {
    expect(uses(source)).toBeGreaterThan(0);
  });

  test.each([
    ["nothing"],
    ["{{ 1 if map else 2 }}"],
    ["{{ x is defined }}"],
    ["{% if false %}{{ x }}{% endif %}"],
    ["{% for k in map %}{{ k }}{% endfor %}"],
    ["{% set y = x %}"],
    ["{{ map | length }}"],
  ])("is not used by %s", (source) => {
    expect(uses(source)).toBe(0);
  });
});
