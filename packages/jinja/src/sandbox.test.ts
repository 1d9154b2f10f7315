import { describe, expect, test } from "vitest";
import { Environment } from "./environment.ts";
import { StrictUndefined } from "./values/undefined.ts";

class Account {
  readonly owner = "ann";
  readonly _internal = "secret";
  #hidden = "hidden";

  get balance(): string {
    return `leak ${this.#hidden}`;
  }

  close(): string {
    return "leak";
  }
}

const getter = Object.defineProperty({}, "secret", {
  enumerable: true,
  get: () => {
    throw new Error("a getter ran");
  },
});
const inherited: object = Object.create({ secret: "leak" }) as object;
const context = { account: new Account(), fn: () => "called", getter, inherited, d: { a: 1 } };

const closed: readonly string[] = [
  "''.constructor",
  "[].constructor",
  "{}.constructor",
  "(1).constructor",
  "d.__proto__",
  "d.constructor",
  "d.hasOwnProperty",
  "d['__proto__']",
  "d['constructor']",
  "fn.constructor",
  "fn.call",
  "fn.prototype",
  "fn.__proto__",
  "account.balance",
  "account.close",
  "account._internal",
  "account.constructor",
  "account.__proto__",
  "getter.secret",
  "inherited.secret",
  "''.__class__",
  "''['__class__']",
  "'' | attr('__class__')",
  "range.__globals__",
  "cycler.__init__",
  "self.__class__",
  "self._context",
  "namespace().constructor",
  "process",
  "globalThis",
  "require",
  "Object",
  "Function",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "__proto__",
  "''.length",
  "[].push",
  "[].map",
  "['x'] | map(attribute='constructor') | first",
];

describe("nothing reaches the host", () => {
  const environment = new Environment();
  const strict = new Environment({ undefined: StrictUndefined });

  test.each(closed)("%s is undefined", (expression) => {
    expect(environment.fromString(`{{ (${expression}) is undefined }}`).render(context)).toBe("True");
    expect(() => strict.fromString(`{{ ${expression} }}`).render(context)).toThrow();
  });

  test("code cannot be run through constructors", () => {
    const source = `{{ "".constructor.constructor("return process")() }}`;
    expect(() => environment.fromString(source).render()).toThrow("has no attribute 'constructor'");
    expect(() => environment.fromString("{{ '{0.__class__.x}'.format('') }}").render()).toThrow("unsafe");
  });

  test("own data properties and functions can be used", () => {
    const source = "{{ account.owner }} {{ fn() }} {{ d.a }}";
    expect(environment.fromString(source).render(context)).toBe("ann called 1");
  });

  test("the host's values stay as they are", () => {
    const list = [1];
    const map = new Map([["a", 1]]);
    const open = new Environment({ extensions: ["do"] });
    const source = "{% do list.append(2) %}{% do map.update(b=2) %}{{ list }}{{ map }}";
    expect(open.fromString(source).render({ list, map })).toBe("[1, 2]{'a': 1, 'b': 2}");
    expect(list).toEqual([1]);
    expect([...map]).toEqual([["a", 1]]);
  });

  test("keys named like machinery are only keys", () => {
    const keys = JSON.parse('{"__proto__": 1, "constructor": 2}') as Record<string, unknown>;
    const source = "{{ k.__proto__ }} {{ k['constructor'] }} {{ k }} {{ echo(k) }}";
    const echo = (value: object): string => Object.getOwnPropertyNames(value).join();
    expect(environment.fromString(source).render({ k: keys, echo })).toBe(
      "1 2 {'__proto__': 1, 'constructor': 2} __proto__,constructor",
    );
  });
});
