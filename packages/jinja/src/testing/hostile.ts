/**
 * Templates that mean harm: each would take minutes or gigabytes if its work were not booked before it is done.
 * They end with a limit's error or, where the work is small after all, with a result.
 */

const inLoop = (body: string): string => `{% for i in range(100000) %}${body}{% endfor %}`;
const inLoops = (body: string): string => inLoop(inLoop(body));
const numbered = (count: number, make: (i: number) => string, between = ""): string =>
  Array.from({ length: count }, (_, i) => make(i)).join(between);

const long = "{% set x = 'a' * 1000000 %}";
const twin = "{% set y = 'a' * 500000 ~ 'a' * 500000 %}";
const list = "{% set big = range(100000) | list %}";
const dict = "{% set d = {}.fromkeys(range(100000), 1) %}";
const bits = "{% set x = 2 ** 200000 %}";
const bytes = "{% set b = ('x' * 1000000).encode() %}{% set c = ('x' * 1000000).encode() %}";
const bomb =
  "{% set ns = namespace(a=[1, 2]) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}{% endfor %}";
const deep = "{% set ns = namespace(a=[1]) %}{% for i in range(190) %}{% set ns.a = [ns.a] %}{% endfor %}";
const loop = "{% set a = [] %}{% set b = [a] %}{% set _ = a.append(b) %}";
const each = (start: string, use: (name: string) => string, ...names: readonly string[]): readonly string[] =>
  names.map((name) => start + inLoop(`{% set y = ${use(name)} %}`));
const method = (name: string): string => `x.${name}`;
const filter = (name: string): string => `x | ${name}`;

/** Templates by what they abuse. */
export const hostileTemplates: Readonly<Record<string, readonly string[]>> = {
  statements: [
    inLoop(inLoops("x")),
    ...[
      "{{ '' }}",
      "{% set y %}{% endset %}",
      "{% with a=1, b=2 %}{% endwith %}",
      "{% macro z() %}{% endmacro %}",
    ].map(inLoops),
    inLoops("{% filter upper %}{% endfilter %}"),
    inLoops("{% autoescape true %}{% endautoescape %}"),
    inLoops("{% include 'empty' %}"),
    inLoops("{% include 'missing' ignore missing %}"),
    inLoops("{% import 'empty' as m with context %}"),
    inLoops("{% from 'macros' import m %}{{ m() }}"),
    "{% include ['q'] * 100000 ignore missing %}",
    "{% include 'fan' %}",
    `${numbered(3000, (i) => `{% set v${i} = 1 %}`)}${inLoop("{% include 'empty' %}")}`,
    `{% for q in [1] %}${numbered(3000, (i) => `{% set v${i} = 1 %}`)}${inLoop("{% include 'empty' %}")}{% endfor %}`,
    `{% block q %}${numbered(3000, (i) => `{% set v${i} = 1 %}`)}${inLoop("{% block r scoped %}{% endblock %}")}{% endblock %}`,
    inLoop(`{% if false %}${numbered(3000, (i) => `{{ a${i} }}`)}{% endif %}`),
    inLoop("{% set a, b = x %}"),
    list + inLoop("{% set a, b = big %}"),
    "{% for i in range(100000) | select %}{% set y = loop.length + loop.revindex %}{% endfor %}",
  ],
  recursion: [
    "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% macro m() %}{% call m() %}{% endcall %}{% endmacro %}{{ m() }}",
    "{% for i in range(100) recursive %}{% if loop.depth < 50 %}{{ loop(range(100)) }}{% endif %}{% endfor %}",
    `{% macro z(${numbered(200, (i) => `a${i}=1`, ",")}) %}{% endmacro %}${inLoops("{{ z() }}")}`,
    `{% macro z() %}{{ caller() }}{% endmacro %}${inLoops("{% call z() %}{% endcall %}")}`,
    `{% macro z() %}{{ varargs | length }}{% endmacro %}${inLoop("{{ z(*range(1000)) }}")}`,
    `{% macro z() %}{{ kwargs | length }}{% endmacro %}{% set d = {}.fromkeys(range(1000) | map('string'), 1) %}${inLoop("{{ z(**d) }}")}`,
  ],
  "texts that grow": [
    "{{ ('a' * 1000) | replace('a', 'b' * 100000) }}",
    `${long}{{ x | replace('', 'b') }}`,
    "{{ ('a' * 1000000).translate({97: 'x' * 1000000}) }}",
    "{{ ('a ' * 500000) | wordwrap(1, wrapstring='x' * 1000) }}",
    "{{ ('a\\n' * 500000) | indent('x' * 1000000, true, true) }}",
    "{{ ('a\\t' * 300000).expandtabs(100000000) }}",
    "{{ ''.join(['x' * 1000000] * 1000) }}",
    "{{ (',' * 100000).join('x' * 1000) }}",
    `${list}{{ big | join('x' * 1000) }}`,
    "{{ (['x'] * 100000) | map('center', 1000000) | list }}",
    "{{ (['%100000d'] * 1000) | map('format', 1) | list }}",
    inLoop("{% set y = 'x' | center(1000000) %}"),
    "{{ lipsum(n=10000000, min=0, max=1) }}",
    inLoop("{{ joiner('x' * 1000000)() }}{{ 'a' * 1000000 }}"),
    "{% set c = cycler(*range(100000)) %}" + inLoop("{% set y = c.items %}"),
  ],
  formats: [
    "{{ '{:0250000,}'.format(1) }}",
    "{{ '{:0250000_x}'.format(1) }}",
    inLoop("{{ '{:020000,}'.format(1) }}"),
    `{% set x = 10 ** 4000 %}${inLoop("{{ '{:,}'.format(x) }}")}`,
    bits + inLoop("{{ '{:_b}'.format(x) }}"),
    bits + inLoop("{{ '%x' % x }}"),
    "{{ '%.1000000f' % 1e308 }}",
    "{{ '%.1000000g' % 1e-300 }}",
    inLoop("{% set y = '%.300000f' % 1.5 %}"),
    inLoop("{{ '%e' % 1e-300 }}"),
    "{{ ('{0}' * 300000).format('x' * 1000) }}",
    "{{ ('{a' ~ '[' * 500000).format(a=1) }}",
    "{{ ('{:' ~ '{:' * 200000 ~ '}' * 200001).format(1) }}",
    "{{ ('%(' ~ '(' * 500000) % {} }}",
    "{{ ('%(a)s' * 200000) | format(a='x' * 1000) }}",
  ],
  patterns: [
    "{{ ('-' * 1000000) | wordwrap(79) }}",
    "{{ ('a' * 10 ~ '-' * 1000000 ~ 'a') | wordwrap(79) }}",
    "{{ ('a--' * 300000) | wordwrap(3) }}",
    "{{ ('a ' * 100000) | urlize(extra_schemes=['x:'] * 10000) }}",
    "{{ ('a@a.' * 50000 ~ '!') | urlize }}",
    "{{ ('(' * 200000 ~ 'www.a.de' ~ ')' * 200000) | urlize }}",
    "{{ ('<!-- -->x' * 110000) | striptags }}",
    "{{ ('<' * 1000000) | striptags }}",
    "{{ ('1' * 500000 ~ 'x') | float }}{{ ('1' * 500000 ~ 'x') | filesizeformat }}",
    "{{ ('a' * 500000) | trim('b' * 500000 ~ 'a') }}",
    "{{ ('a' * 500000).lstrip('😀' * 100000 ~ 'a') }}",
    "{% set x = ('ab' * 250000) %}{% set p = 'ab' * 125000 ~ 'b' %}{{ x.find(p) }}{{ p in x }}{{ x.rfind(p) }}{{ x.split(p) | length }}",
    `${long}{% set p = 'b' ~ 'a' * 500000 %}{{ x.replace(p, '') | length }}{{ x.rpartition(p) | length }}`,
    inLoop("{{ x.title() if x else 'x y'.title() }}"),
  ],
  comparing: [
    ...["x == y", "x <= y", "x in [y]", "x is eq y", "{x: 1}[y]", "[x].index(y)"].map(
      (test) => `${long}${twin}${inLoop(`{% set z = ${test} %}`)}`,
    ),
    `${long}${twin}{{ ([y] * 100000).count(x) }}`,
    `${long}${twin}{% set d = {x: 1} %}{% set _ = d.update([(y, 1)] * 100000) %}`,
    `${long}{{ x.startswith((x[:999999] ~ 'b',) * 100000) }}`,
    `${bytes}${inLoop("{% set z = b == c %}")}`,
    `${bytes}${inLoop("{% set z = {b: 1} %}")}`,
    `{% set t = ('x' * 60000, lipsum) %}${inLoop("{% set z = {t: 1} %}")}`,
    "{% set l = ['x' * 500000 ~ 1, 'x' * 500000 ~ 0] * 1000 %}{{ l | sort | length }}",
    "{% set l = '😀' * 100000 %}{% set m = [l ~ 1, l ~ 0] * 1000 %}{{ m | sort | length }}{{ m | unique | list | length }}",
    `${bomb}{% set other = namespace(a=[1, 2]) %}{% for i in range(60) %}{% set other.a = [other.a, other.a] %}{% endfor %}{{ ns.a == other.a }}`,
    `${loop}{{ a == b }}`,
    `${loop}{{ a < b }}`,
  ],
  "large and cyclic values": [
    ...["tojson", "pprint", "to_yaml", "string", "e", "urlencode", "sum(start=[])", "join"].map(
      (name) => `${bomb}{{ ns.a | ${name} }}`,
    ),
    ...["tojson", "to_yaml", "pprint", "string"].map((name) => `${loop}{{ a | ${name} }}`),
    `${loop}{{ hostfn(a) }}`,
    `${deep}{{ ns.a | tojson(5000) }}`,
    `${deep}${inLoop("{% set y = ns.a | pprint %}")}`,
    "{% set a = [1] %}{% for i in range(60) %}{% set _ = a.extend(a) %}{% endfor %}",
    "{% set d = {'a': '<' * 100000} %}" + inLoop("{{ d | xmlattr }}"),
    "{{ ([range(10) | list] * 100000) | sum(start=[]) | length }}",
    dict + inLoop("{% set y = hostfn(d) %}"),
    dict + inLoop("{% set y = d.items() == d.items() %}"),
  ],
  "attribute chains": [
    "{{ range(100000) | map(attribute='real.' * 20000 ~ 'real') | list }}",
    "{{ range(100000) | map(attribute='a.' * 1000, default=1) | list }}",
    "{{ range(100000) | sort(attribute='real,' * 10000 ~ 'real') }}",
    "{{ range(100000) | groupby('real.' * 2000 ~ 'real') }}",
    inLoop(`{{ nothing${".b".repeat(90)} }}`),
  ],
  "big numbers": [
    inLoop("{% set y = 3 ** 150000 %}"),
    "{% set x = 2 ** 130000 - 1 %}" + inLoop("{% set y = x * x %}"),
    `${bits}{% set z = 3 ** 60000 %}${inLoop("{% set y = x // z %}")}`,
    ...each(bits, (name) => name, "x / 3", "-x", "x == x + 0", "x.bit_length()", "x | round(-300)", "{x: 1}"),
    `{% set x = 10 ** 4000 %}${inLoop("{% set y = x | tojson %}")}`,
    `{% set x = '9' * 4000 %}${inLoop("{{ x | int }}")}`,
    "{{ 1.5 | round(1000000000) }}{{ 1.5 | round(-1000000000) }}{{ 1 | round(-100000) }}",
    "{{ 1.5 | round(100000, 'ceil') }}",
    inLoop("{{ 1e-300 | round(300) }}"),
  ],
  "methods of a long text": each(
    long,
    method,
    "swapcase()",
    "title()",
    "isspace()",
    "istitle()",
    "strip('a')",
    "split('a')",
    "rsplit(none, 3)",
    "count('a')",
    "translate({97: 'b'})",
    "encode()",
    "isalnum()",
    "casefold()",
  ),
  "filters of a long text": each(
    long,
    filter,
    "wordwrap",
    "urlize",
    "title",
    "trim('a')",
    "batch(2) | list",
    "unique | list",
    "sort",
    "forceescape",
    "urlencode",
    "wordcount",
    "float",
    "b64encode",
  ),
  "filters of a long list": each(
    list,
    (name) => `big | ${name}`,
    "sort",
    "unique | list",
    "groupby('real')",
    "batch(3) | list",
    "slice(3) | list",
    "tojson",
    "pprint",
    "join(',')",
    "sum",
    "map('string') | list",
  ),
  "sources that take long to read": [
    numbered(20_000, (i) => `{{ a${i} }}`),
    numbered(12_000, (i) => `{% set a${i}=1 %}`),
    `{% if a %}${numbered(12_000, (i) => `{% set a${i}=1 %}`)}{% endif %}`,
    numbered(6000, (i) => `{% if a %}{% set a${i}=1 %}{% endif %}`),
    `{% if a %}${numbered(12_000, (i) => `{% elif a${i} %}`)}{% endif %}`,
    `${"{% for i in a %}".repeat(45)}${numbered(15_000, (i) => `{{ a${i} }}`)}${"{% endfor %}".repeat(45)}`,
    `{% macro m(${numbered(20_000, (i) => `a${i}`, ",")}) %}{% endmacro %}`,
    `{{ f(${numbered(20_000, (i) => `a${i}=1`, ",")}) }}`,
    `{% from 'macros' import ${numbered(20_000, (i) => `a${i}`, ",")} %}`,
    `{{ [${"1,".repeat(120_000)}] }}`,
    `{{ ${"a < ".repeat(60_000)}a }}`,
    "{%-".repeat(85_000),
    `{% raw %}${"{% endra".repeat(30_000)}`,
    " ".repeat(125_000) + "{%- if 1 -%}" + " ".repeat(125_000),
  ],
};
