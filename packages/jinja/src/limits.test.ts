import { describe, expect, test } from "vitest";
import { Environment } from "./environment.ts";
import { JinjaError } from "./errors.ts";
import { DictLoader } from "./loaders.ts";
import { hostileTemplates } from "./testing/hostile.ts";

const loader = new DictLoader({
  self: "{% include 'self' %}",
  parent: "{% extends 'parent' %}",
  empty: "",
  macros: "{% macro m() %}{% endmacro %}",
  fan: "{% for i in range(1000) %}{% include 'fan2' %}{% endfor %}",
  fan2: "{% for i in range(100000) %}x{% endfor %}",
});
const environment = new Environment({ extensions: ["do", "loopcontrols"], loader });
const inLoop = (body: string): string => `{% for i in range(100000) %}${body}{% endfor %}`;
const doubled = (start: string, next: string, use: string): string =>
  `{% set ns = namespace(a=${start}) %}{% for i in range(60) %}{% set ns.a = ${next} %}{% endfor %}{{ ${use} }}`;
const text = "{% set x = 'a ' * 500000 %}";
const wide = "{% set x = '😀' * 250000 %}";
const digits = "{% set x = 10 ** 4000 %}";

/** Each of them would take minutes, gigabytes or the stack. */
const hostile: readonly (readonly [source: string, error: string])[] = [
  [inLoop(inLoop("")), "StepLimitError"],
  [inLoop(inLoop("x")), "StepLimitError"],
  [inLoop(`{{ '${"a".repeat(1000)}' }}`), "StepLimitError|OutputLimitError"],
  ["{{ 'x' * 999999999 }}", "SizeLimitError"],
  ["{{ [0] * 999999999 }}", "SizeLimitError"],
  ["{{ 9 ** (9 ** (9 ** 9)) }}", "SizeLimitError"],
  ["{{ 2 ** 99999999 }}", "SizeLimitError"],
  ["{{ (10 ** 1000) ** 1000 }}", "SizeLimitError"],
  ["{{ 'x'.center(10 ** 10) }}", "SizeLimitError"],
  ["{{ 'x' | center(10 ** 10) }}", "SizeLimitError"],
  ["{{ 'x'.zfill(10 ** 9) }}", "SizeLimitError"],
  ["{{ 'x\ny' | indent(10 ** 9) }}", "SizeLimitError"],
  ["{{ ('\n' * 1000000) | indent(1000) }}", "SizeLimitError"],
  ["{{ '%999999999d' % 1 }}", "SizeLimitError"],
  ["{{ '%.999999999f' % 1.5 }}", "SizeLimitError"],
  ["{{ '%*d' % (999999999, 1) }}", "SizeLimitError"],
  ["{{ '{:999999999}'.format(1) }}", "SizeLimitError"],
  ["{{ '{:.999999999f}'.format(1.5) }}", "SizeLimitError"],
  ["{{ '\t'.expandtabs(10 ** 9) }}", "SizeLimitError"],
  ["{{ [1] | batch(10 ** 9, 1) | list }}", "SizeLimitError"],
  ["{{ [1] | slice(10 ** 9) | list }}", "StepLimitError"],
  ["{{ [1] | tojson(99999999) }}", "SizeLimitError"],
  ["{{ range(10 ** 9) }}", "RangeLimitError"],
  ["{{ lipsum(1000000) }}", "StepLimitError"],
  [doubled("'aaaaaaaa'", "ns.a ~ ns.a", "ns.a"), "SizeLimitError"],
  [doubled("'aaaaaaaa'", "ns.a + ns.a", "ns.a"), "SizeLimitError"],
  [doubled("'aaaaaaaa'", "ns.a.replace('a', 'aaaa')", "ns.a"), "SizeLimitError"],
  [doubled("'aaaaaaaa'", "ns.a | replace('', 'aaaa')", "ns.a"), "SizeLimitError"],
  [doubled("[1]", "[ns.a, ns.a]", "ns.a"), "StepLimitError|SizeLimitError"],
  [doubled("[1]", "[ns.a, ns.a]", "ns.a | tojson"), "StepLimitError|SizeLimitError"],
  [doubled("[1]", "[ns.a, ns.a]", "ns.a | to_yaml"), "StepLimitError|SizeLimitError"],
  [doubled("[1]", "[ns.a, ns.a]", "ns.a | pprint"), "StepLimitError|SizeLimitError"],
  [doubled("{}", "{'a': ns.a, 'b': ns.a}", "ns.a"), "StepLimitError|SizeLimitError"],
  [doubled("(1,)", "(ns.a, ns.a)", "{ns.a: 1}"), "SizeLimitError"],
  ["{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "DepthLimitError"],
  ["{% block a %}{{ self.a() }}{% endblock %}", "DepthLimitError"],
  ["{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "DepthLimitError"],
  ["{% include 'self' %}", "DepthLimitError"],
  ["{% extends 'parent' %}", "DepthLimitError"],
  ["{% set a = [1] %}{% for x in a %}{% do a.append(x) %}{% endfor %}", "StepLimitError"],
  ["{% set a = [1] %}{% do a.append(a) %}{{ a | tojson }}", "DepthLimitError"],
  [`{{ ${"(".repeat(50_000)}1${")".repeat(50_000)} }}`, "DepthLimitError"],
  [`{{ ${"-".repeat(50_000)}1 }}`, "DepthLimitError"],
  [`{{ ${"not ".repeat(50_000)}1 }}`, "DepthLimitError"],
  [`{{ a${".b".repeat(50_000)} }}`, "DepthLimitError"],
  [`{{ a${"|e".repeat(50_000)} }}`, "DepthLimitError"],
  [`{{ 1${"+1".repeat(50_000)} }}`, "DepthLimitError"],
  ["{% if a %}".repeat(5000), "DepthLimitError"],
  ["x".repeat(600_000), "SizeLimitError"],
  [text + inLoop("{% set y = x | pprint %}"), "StepLimitError"],
  [text + inLoop("{% set y = x.upper() %}"), "StepLimitError"],
  [text + inLoop("{% set y = x | reverse %}"), "StepLimitError"],
  [text + inLoop("{% set y = x.strip('a ') %}"), "StepLimitError"],
  [text + inLoop("{% set y = x | urlize %}"), "StepLimitError|SizeLimitError"],
  [text + inLoop("{% set y = x | tojson %}"), "StepLimitError"],
  [text + inLoop("{% set y = 'b' in x %}"), "StepLimitError"],
  [text + inLoop("{% set y = x[1:] %}"), "StepLimitError"],
  [wide + inLoop("{% set y = x | length %}"), "StepLimitError"],
  [wide + inLoop("{% set y = x[5] %}"), "StepLimitError"],
  [digits + inLoop("{% set y = x | string %}"), "StepLimitError"],
  [digits + inLoop("{% set y = x * x // 7 %}"), "StepLimitError"],
  [inLoop("{% set y = '%.3000f' % 1e300 %}"), "StepLimitError"],
];

const shown = (source: string): string => (source.length > 100 ? `${source.slice(0, 97)}...` : source);

describe("a hostile template ends soon, with an error that has a name", () => {
  // The test machine is slow and shared: the aim of a second gets room here, the benchmark prints the figure.
  test.each(hostile.map(([source, error]) => [shown(source), source, error] as const))(
    "%s",
    { timeout: 20_000 },
    (_title, source, error) => {
      const start = process.cpuUsage();
      let thrown: unknown;
      try {
        environment.fromString(source).render({ a: [1] });
      } catch (caught) {
        thrown = caught;
      }
      const { user, system } = process.cpuUsage(start);
      expect(thrown).toBeInstanceOf(JinjaError);
      expect(error.split("|")).toContain((thrown as JinjaError).name);
      expect((thrown as JinjaError).code).toMatch(/^JINJA_LIMIT_/);
      expect((user + system) / 1_000_000).toBeLessThan(3);
    },
  );

  const more = Object.entries(hostileTemplates).flatMap(([abuse, sources]) =>
    sources.map((source) => [abuse, shown(source), source] as const),
  );

  test.each(more)("%s: %s", { timeout: 20_000 }, (_abuse, _title, source) => {
    const start = process.cpuUsage();
    let thrown: unknown;
    try {
      environment.fromString(source).render({ a: [1], hostfn: () => 1 });
    } catch (caught) {
      thrown = caught;
    }
    const { user, system } = process.cpuUsage(start);
    if (thrown !== undefined) expect(thrown).toBeInstanceOf(JinjaError);
    expect((user + system) / 1_000_000).toBeLessThan(3);
  });

  test("limits are the environment's to set", () => {
    const strict = new Environment({ limits: { maxSteps: 50, maxRange: 5, maxOutputSize: 10 } });
    expect(() => strict.fromString("{{ range(6) }}").render()).toThrow("range too big");
    expect(() => strict.fromString("{{ 'x' * 11 }}").render()).toThrow("longer than 10");
    expect(() => strict.fromString("{% for x in range(5) * 1 %}{% endfor %}").render()).toThrow();
  });
});
