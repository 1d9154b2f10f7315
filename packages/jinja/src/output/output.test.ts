import { describe, expect, test } from "vitest";
import { Environment } from "../environment.ts";
import { DictLoader } from "../loaders.ts";

const environment = new Environment({
  trimBlocks: true,
  lstripBlocks: true,
  loader: new DictLoader({ "labels.j2": "labels:\n  app: {{ app.name }}" }),
});

describe("the map from output to template and configuration", () => {
  test("follows loops, macros, includes and filters", () => {
    const source = [
      "name: {{ app.name }}",
      "{% for port in app.ports %}",
      "- {{ port }}",
      "{% endfor %}",
      "{% macro host(h) %}",
      "host: {{ h.name | upper }}",
      "{% endmacro %}",
      "{% for h in hosts %}",
      "{{ host(h) -}}",
      "{% endfor %}",
      "{% include 'labels.j2' %}",
    ].join("\n");
    const context = {
      app: { name: "web", ports: [80, 443] },
      hosts: [{ name: "a" }, { name: "b" }],
    };
    const { output, map } = environment.fromString(source).renderDetailed(context);
    const lines = output.split("\n");
    expect(
      map.map((entry) => [lines[entry.line - 1], entry.template, entry.templateLine, ...entry.paths]),
    ).toEqual([
      ["name: web", "<template>", 1, "app.name"],
      ["- 80", "<template>", 3, "app.ports[0]"],
      ["- 443", "<template>", 3, "app.ports[1]"],
      ["host: A", "<template>", 6, "hosts[0].name"],
      ["host: B", "<template>", 6, "hosts[1].name"],
      ["labels:", "labels.j2", 1],
      ["  app: web", "labels.j2", 2, "app.name"],
    ]);
  });

  test("names set variables, keys and items", () => {
    const source = "{% set x = a.b %}{{ x }} {{ a[k] }} {{ a['c d'] | default(1) }} {{ 1 + a.b }} {{ 5 }}";
    const { map } = environment.fromString(source).renderDetailed({ a: { b: 1, "c d": 2 }, k: "b" });
    expect(map[0]?.paths).toEqual(["a.b", "k", 'a["c d"]']);
  });

  test.each([
    ["pieces", "{% for i in range(4) %}a{{ x }}\n{% endfor %}", 7, ["ax", "ax"]],
    ["lines", "a\nb\nc\nd", 2, ["a", "b"]],
    ["a line that is cut", "a{{ x }}{{ x }}{{ x }}", 3, []],
    [
      "a macro",
      "{% macro m() %}{{ x }}\n{{ x }}\n{% endmacro %}b\n{{ m() }}c\n{{ m() }}",
      9,
      ["b", "x", "x"],
    ],
    ["nothing", "a{{ x }}\nb", 3, ["ax", "b"]],
  ])("ends at the limit, at the end of a line: %s", (_, source, maxTrace, lines) => {
    const limited = new Environment({ limits: { maxTrace } });
    const { output, map, complete } = limited.fromString(source).renderDetailed({ x: "x" });
    const whole = environment.fromString(source).renderDetailed({ x: "x" });
    expect(complete).toBe(lines.length === output.split("\n").length);
    expect(output).toBe(limited.fromString(source).render({ x: "x" }));
    expect(map.map(({ line }) => output.split("\n")[line - 1])).toEqual(lines);
    if (output === whole.output) expect(map).toEqual(whole.map.slice(0, lines.length));
  });

  test("tracing changes nothing of the output", () => {
    const source = "{% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}{{ missing }}";
    const template = environment.fromString(source);
    const context = { m: { a: 1, b: [2] } };
    expect(template.renderDetailed(context).output).toBe(template.render(context));
  });
});

describe("structure-aware YAML", () => {
  const hazards = (source: string, v: unknown): string[] =>
    environment
      .fromString(source)
      .renderDetailed({ v }, { yaml: true })
      .warnings.map(({ hazard }) => hazard);

  test.each([
    ["key: {{ v }}", "plain text", []],
    ["key: {{ v }}", "a: b", ["mapping"]],
    ["key: {{ v }}", "a:b", []],
    ["key: {{ v }}", "ends:", ["mapping"]],
    ["key: {{ v }}", "a\nb: c", ["newline"]],
    ["key: {{ v }}", "a #b", ["comment"]],
    ["key: {{ v }}", "#b", ["comment"]],
    ["key: {{ v }}", "no", ["type"]],
    ["key: {{ v }}", "1.10", ["type"]],
    ["key: {{ v }}", "0x1f", ["type"]],
    ["key: {{ v }}", "12:30:45", ["type"]],
    ["key: {{ v }}", "2026-11-21", ["type"]],
    ["key: {{ v }}", "", ["type"]],
    ["key: {{ v }}", 5, []],
    ["key: {{ v }}", true, []],
    ["key: v{{ v }}", "1.10", []],
    ["key: {{ v }}.x", "1", []],
    ["- {{ v }}", "- x", ["indicator"]],
    ["- {{ v }}", "*ref", ["indicator"]],
    ["key: [{{ v }}, b]", "a, c", ["flow"]],
    ["key: [{{ v }}]", "no", ["type"]],
    ['key: "{{ v }}"', 'a"b', ["quote"]],
    ['key: "{{ v }}"', "a\\b", ["escape"]],
    ['key: "{{ v }}"', "a: no", []],
    ["key: '{{ v }}'", "it's", ["quote"]],
    ["key: {{ v | quote }}", "a: b\n#", []],
    ["key: {{ v | to_yaml }}", "no", []],
    ["key: {{ v | tojson }}", "no", []],
    ["key: |\n  {{ v }}", "a: b # c", []],
    ["# note {{ v }}", "a: b", []],
    ["# note {{ v }}", "a\nb: 1", ["newline"]],
    ["{{ v }}: 1", "no", ["type"]],
    ["a: 'x\ny: {{ v }}", "a: b", ["mapping"]],
    ['a: "x\\"{{ v }}"', 'y"', ["quote"]],
    ['a: "x" # {{ v }}', "a: b", []],
    ["a: x#{{ v }}", "a: b", ["mapping"]],
    ["a: [x, {{ v }}, {{ v }}]", "no", ["type", "type"]],
    ["a: -{{ v }}", "no", []],
    ["a:\n- - {{ v }}", "no", ["type"]],
    ["a: {{ v }} \t # note", "no", ["type"]],
    ["a: {{ v }} x", "no", []],
  ])("%s with %j", (source, value, expected) => {
    expect(hazards(source, value)).toEqual(expected);
  });

  test("a warning has its places", () => {
    const { warnings } = environment
      .fromString("a: 1\nb: {{ app.tag }}")
      .renderDetailed({ app: { tag: "1.10" } }, { yaml: true });
    expect(warnings).toMatchObject([
      {
        hazard: "type",
        line: 2,
        template: "<template>",
        templateLine: 2,
        templateColumn: 7,
        paths: ["app.tag"],
      },
    ]);
  });

  test.each([
    [
      "{{ {'a': [1, {'b': 'no'}], 'c': {}, 'd': none, 'e': 1.0} | to_yaml }}",
      'a:\n  - 1\n  - b: "no"\nc: {}\nd: null\ne: 1.0',
    ],
    [
      "{{ ['a: b', 'x', '', '1', '- y', 'é', 'a\nb'] | to_yaml }}",
      '- "a: b"\n- x\n- ""\n- "1"\n- "- y"\n- é\n- "a\\nb"',
    ],
    ["{{ [[1, 2], [], {'k': [true]}] | to_yaml(4) }}", "- - 1\n  - 2\n- []\n- k:\n      - true"],
    ["{{ 'a\"b\n' | quote }} {{ 5 | quote }}", '"a\\"b\\n" "5"'],
    ["{{ 'häl' | b64encode }}", "aMOkbA=="],
  ])("%s", (source, expected) => {
    expect(environment.fromString(source).render()).toBe(expected);
  });
});
