import { describe, expect, test } from "vitest";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Environment, ImmutableSandboxedEnvironment } from "./environment.ts";
import { HostError, type JinjaError, SecurityError, SizeLimitError, TemplateNotFound } from "./errors.ts";
import { DictLoader, FileSystemLoader } from "./loaders.ts";
import type { EnvironmentOptions } from "./options.ts";
import { passContext } from "./runtime/host.ts";

const render = (source: string, options: EnvironmentOptions = {}, context: object = {}): string =>
  new Environment(options).fromString(source).render(context as Record<string, unknown>);

describe("options of the environment", () => {
  test("random numbers come from the host, within bounds", () => {
    const drawn = [0, 0.5, 0.99, 1, -1, Number.NaN];
    const source = "{% for i in range(6) %}{{ 'abc' | random }}{% endfor %}";
    expect(render(source, { random: () => drawn.shift() ?? 0 })).toBe("abcaaa");
  });

  test("without a source of the host they are the same each time, and others for another seed", () => {
    const source = "{% for i in range(20) %}{{ range(10) | random }}{% endfor %}";
    expect(render(source)).toBe(render(source));
    expect(render(source, { policies: { randomSeed: 2 } })).not.toBe(render(source));
  });

  test.each([
    "{{ [].append(1) }}",
    "{{ {}.update(a=1) }}",
    "{{ [1]['pop']() }}",
    "{{ ([1] | attr('sort'))() }}",
    "{% set f = {}.clear %}{{ f() }}",
  ])("an immutable environment refuses %s", (source) => {
    expect(() => new ImmutableSandboxedEnvironment().fromString(source).render()).toThrow(SecurityError);
    expect(() => render(source)).not.toThrow();
  });

  test("an immutable environment still sorts into new lists and fills namespaces", () => {
    const source =
      "{% set ns = namespace(a=1) %}{% set ns.a = 2 %}{{ [2, 1] | sort }}{{ ns.a }}{{ {'a': 1}.get('a') }}";
    expect(render(source, { immutable: true })).toBe("[1, 2]21");
  });

  test("intercepted operators are the host's to decide", () => {
    const options: EnvironmentOptions = {
      interceptedBinops: ["**", "+"],
      interceptedUnops: ["-"],
      callBinop: (operator, left, right) => {
        if (operator === "**") throw new Error("no powers here");
        return left === 1 ? `${String(left)} and ${String(right)}` : undefined;
      },
      callUnop: () => "minus",
    };
    expect(render("{{ 1 + 2 }} {{ 2 + 1.0 }} {{ 2 * 3 }} {{ -x }} {{ +x }}", options, { x: 5 })).toBe(
      "1 and 2 3.0 6 minus 5",
    );
    expect(() => render("{{ 2 ** 3 }}", options)).toThrow(HostError);
  });

  test("tojson may use a function of the host, whose output is still made safe", () => {
    const jsonDumpsFunction = (value: unknown, kwargs: object): string => JSON.stringify([value, kwargs]);
    const policies = { jsonDumpsFunction, jsonDumpsKwargs: { a: "<" } };
    expect(render("{{ x | tojson(2) }}", { policies }, { x: 1 })).toBe('[1,{"a":"\\u003c","indent":2}]');
    const failing = (): never => {
      throw new Error("no");
    };
    expect(() => render("{{ 1 | tojson }}", { policies: { jsonDumpsFunction: failing } })).toThrow(HostError);
  });

  test("a template keeps the globals it was asked for with", () => {
    const loader = new DictLoader({ base: "{{ x }} {{ y }}", main: "{% extends 'base' %}" });
    const environment = new Environment({ loader });
    Object.assign(environment.globals, { x: "x", y: "y" });
    expect(environment.getTemplate("main", { x: "bar" }).render()).toBe("bar y");
    expect(environment.getTemplate("base").render()).toBe("x y");
    expect(environment.getTemplate("base", { x: 42 }).render()).toBe("42 y");
    expect(environment.getTemplate("main").render()).toBe("bar y");
    expect(environment.getTemplate("base").globals).toEqual({ x: 42 });
  });

  test("functions that get the context see what a loop or block has set, and nothing of it afterwards", () => {
    const seen = passContext((context: { resolve(name: string): unknown }) => String(context.resolve("i")));
    const environment = new Environment();
    environment.globals["seen"] = seen;
    const source =
      "{% set i = 0 %}{% for x in [1, 2] %}{{ seen() }}{% set i = x %}{{ seen() }}{% if x %}{% set i = 9 %}{{ seen() }}{% endif %} {% endfor %}{{ seen() }}";
    expect(environment.fromString(source).render()).toBe("019 029 0");
    expect(
      environment
        .fromString(
          "{% for x in [1] %}{% set i = x %}{{ [1] | map('string') | first }}{{ f.g() }}{% endfor %}",
        )
        .render({ f: { g: seen } }),
    ).toBe("11");
  });
});

describe("contexts", () => {
  test("a mapping is looked into only where it is read, and no getter runs", () => {
    const read: string[] = [];
    const entry = (name: string): object =>
      new Proxy(
        { v: name },
        {
          getOwnPropertyDescriptor: (target, key) => {
            read.push(`${name}.${String(key)}`);
            return Reflect.getOwnPropertyDescriptor(target, key);
          },
        },
      );
    const config = Object.defineProperty({ a: entry("a"), b: entry("b") }, "bad", {
      enumerable: true,
      get: () => {
        throw new Error("a getter ran");
      },
    });
    expect(
      render("{{ config.a.v }}{{ config.bad }}{{ 'b' in config }}{{ config | length }}", {}, { config }),
    ).toBe("aTrue2");
    expect(read).toEqual(["a.v"]);
  });

  test("one object is one value however it is reached", () => {
    const shared = { n: 1 };
    const source =
      "{% set _ = x.a.update(n=2) %}{{ x.b.n }}{{ x }}{% for k, v in x.items() %}{{ v is sameas x.a }}{% endfor %}";
    expect(render(source, {}, { x: { a: shared, b: shared } })).toBe(
      "2{'a': {'n': 2}, 'b': {'n': 2}}TrueTrue",
    );
    expect(shared).toEqual({ n: 1 });
  });

  test("objects of the host can be keys without being reached, bytes are no texts", () => {
    class Host {
      str(): string {
        throw new Error("a method ran");
      }
    }
    const source =
      "{% for k in {h: 1} %}{{ k }}{{ k.str is defined }}{% endfor %} {{ {'x'.encode(): 1, 'x': 2, \"b'x'\": 3} }}";
    expect(render(source, {}, { h: new Host() })).toBe("<Host object>False {b'x': 1, 'x': 2, \"b'x'\": 3}");
  });

  test("what an import saw stays; an include sees what is set", () => {
    const loader = new DictLoader({
      lib: "{% macro m() %}{{ v }}{% endmacro %}",
      part: "{{ v }}{{ w }}{% set v = 'part' %}",
    });
    const source =
      "{% set v = 1 %}{% import 'lib' as lib with context %}{% set v = 2 %}{{ lib.m() }}{% set w = 'w' %}{% include 'part' %}{{ v }}";
    expect(render(source, { loader })).toBe("12w2");
  });
});

describe("syntax as strict as Python's", () => {
  test.each(["{% from 'a' import b, %}", "{% from 'a' import %}", "{% from 'a' import b,, c %}"])(
    "%s",
    (source) => {
      expect(() => render(source)).toThrow("expected token 'name'");
    },
  );
});

describe("loaders that fail", () => {
  test("what a loader throws is an error of ours, with the place of the include", () => {
    const loader = {
      load: (): null => {
        throw new Error("disk");
      },
    };
    try {
      render("\n{% include 'x' %}", { loader });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(HostError);
      expect((error as JinjaError).where?.line).toBe(2);
    }
  });

  test("files: pipes, names too long, loops of links and files too large", () => {
    const directory = mkdtempSync(join(tmpdir(), "jinja-"));
    try {
      mkdirSync(join(directory, "in"));
      mkdirSync(join(directory, "in-other"));
      writeFileSync(join(directory, "in-other", "x"), "x");
      writeFileSync(join(directory, "in", "big"), "x".repeat(100));
      symlinkSync("loop", join(directory, "in", "loop"));
      symlinkSync("../in-other/x", join(directory, "in", "next"));
      execFileSync("mkfifo", [join(directory, "in", "pipe")]);
      const environment = new Environment({
        loader: new FileSystemLoader(join(directory, "in"), { maxBytes: 99 }),
      });
      for (const name of ["pipe", "loop", "next", "../in-other/x", "x".repeat(5000), "a\0b", "", "in"]) {
        expect(() => environment.getTemplate(name)).toThrow(TemplateNotFound);
      }
      expect(() => environment.getTemplate("big")).toThrow(SizeLimitError);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("bytes", () => {
  test.each([
    ["{{ 'ä'.encode('latin-1').decode('latin-1') }}", "ä"],
    ["{{ 'ä'.encode().decode() }}", "ä"],
    ["{{ 'a'.encode('ascii').decode('us-ascii') }}", "a"],
  ])("%s", (source, output) => {
    expect(render(source)).toBe(output);
  });

  test.each([
    ["{{ 'ä'.encode('latin-1').decode() }}", "UnicodeError"],
    ["{{ 'ä'.encode('ascii') }}", "UnicodeError"],
    ["{{ 'ä'.encode().decode('klingon') }}", "LookupError"],
    ["{{ 'a'.translate({97: 99999999}) }}", "ValueError"],
  ])("%s fails", (source, name) => {
    expect(() => render(source)).toThrow(expect.objectContaining({ name }) as Error);
  });
});
