import fc from "fast-check";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { Sensitive } from "../../kernel/index.ts";
import { renderExternalSecret, type InjectedVariable } from "./index.ts";

type Parts = NonNullable<InjectedVariable["parts"]>;

interface Manifest {
  readonly spec: {
    readonly data: readonly { secretKey: string; remoteRef: { key: string; property?: string } }[];
    readonly target: {
      readonly template?: {
        readonly engineVersion: string;
        readonly mergePolicy: string;
        readonly data: Record<string, string>;
      };
    };
  };
}

const variable = (name: string, more: Partial<InjectedVariable>): InjectedVariable => ({
  name,
  value: new Sensitive(""),
  secret: true,
  ...more,
});
const render = (variables: readonly InjectedVariable[]): Manifest => {
  const { content } = renderExternalSecret(variables, { name: "api" }, { store: { name: "vault" } });
  return load(content instanceof Sensitive ? content.reveal() : content) as Manifest;
};

/** What Go's text/template makes of a text with the two actions that are used: each begins at the first `{{`. */
function execute(template: string, data: Readonly<Record<string, string>>): string {
  let result = "";
  for (let at = 0; ;) {
    const start = template.indexOf("{{", at);
    if (start < 0) return result + template.slice(at);
    const action = /\{\{ (?:"(\{)"|index \. "([^"]+)") \}\}/uy;
    action.lastIndex = start;
    const [whole, brace, key = ""] = action.exec(template) ?? [];
    if (whole === undefined) throw new Error(`no action: ${template.slice(start)}`);
    result += template.slice(at, start) + (brace ?? data[key] ?? "<no value>");
    at = start + whole.length;
  }
}

/** What the Secret holds that the operator makes, when it finds `value of PATH` in the store. */
function operate({ spec }: Manifest): Record<string, string> {
  const fetched = Object.fromEntries(
    spec.data.map(({ secretKey, remoteRef: { key, property } }) => [
      secretKey,
      `value of ${key}${property === undefined ? "" : `#${property}`}`,
    ]),
  );
  const { template } = spec.target;
  if (template === undefined) return fetched;
  return Object.fromEntries(
    Object.entries(template.data).map(([name, text]) => [name, execute(text, fetched)]),
  );
}

describe("an ExternalSecret", () => {
  it("puts text around secrets with a template, which names every variable", () => {
    const manifest = render([
      variable("DB", { parts: ["postgres://u:", { path: "db/main", field: "password" }, "@h/{{.X}}"] }),
      variable("TOKEN", { reference: { path: "shared/token" } }),
      variable("TWO", { parts: [{ path: "a" }, { path: "b", field: "c" }] }),
    ]);
    expect(manifest.spec.target.template).toEqual({
      engineVersion: "v2",
      mergePolicy: "Replace",
      data: {
        DB: 'postgres://u:{{ index . "DB.1" }}@h/{{ "{" }}{{ "{" }}.X}}',
        TOKEN: '{{ index . "TOKEN" }}',
        TWO: '{{ index . "TWO.0" }}{{ index . "TWO.1" }}',
      },
    });
    expect(operate(manifest)).toEqual({
      DB: "postgres://u:value of db/main#password@h/{{.X}}",
      TOKEN: "value of shared/token",
      TWO: "value of avalue of b#c",
    });
  });

  it("has no template where every value is a secret alone", () => {
    expect(render([variable("A", { reference: { path: "a" } })]).spec.target.template).toBeUndefined();
  });

  it("is refused for a value that is in no store", () => {
    expect(() => render([variable("A", {})])).toThrow(
      expect.objectContaining({ code: "secret.unrepresentable" }) as Error,
    );
  });

  it("writes any text around so that it comes out as it is", () => {
    const text = fc
      .array(
        fc.oneof(fc.constantFrom("{", "}", "{{", "}}", "-", '"', "\\", "`", "\n", " ", "/*"), fc.string()),
      )
      .map((all) => all.join("").replaceAll("\0", ""))
      .filter((all) => all.isWellFormed());
    const part = fc.oneof(text, fc.constantFrom({ path: "p" }, { path: "p", field: "f" }));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (list) => {
        const parts: Parts = list;
        const wanted = parts.map((one) =>
          typeof one === "string"
            ? one
            : `value of ${one.path}${one.field === undefined ? "" : `#${one.field}`}`,
        );
        expect(operate(render([variable("A", { parts })]))["A"]).toBe(wanted.join(""));
      }),
    );
  });
});
