import { typeError, valueError } from "../errors.ts";
import { type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Bytes } from "../values/bytes.ts";
import { Dict } from "../values/dict.ts";
import { each, toList, tryIterate } from "../values/iterate.ts";
import { Markup, escapeText, textOf } from "../values/markup.ts";
import { intOf } from "../values/numbers.ts";
import type { Value } from "../values/object.ts";
import { isTruthy } from "../values/truth.ts";
import { Undefined } from "../values/undefined.ts";
import { badArgument, escaped, softText } from "./support.ts";
import { urlize } from "./urlize.ts";

function quote(text: Value, runtime: Runtime, forQuery: boolean): string {
  const bytes = text instanceof Bytes ? text.data : new TextEncoder().encode(softText(text, runtime));
  runtime.budget.chargeText(bytes.length * 3);
  const safe = forQuery ? /[A-Za-z0-9_.~-]/ : /[A-Za-z0-9_.~/-]/;
  let result = "";
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    if (safe.test(char)) result += char;
    else if (forQuery && char === " ") result += "+";
    else result += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return result;
}

function urlencode(runtime: Runtime, value: Value): Value {
  if (
    textOf(value) !== undefined ||
    value instanceof Bytes ||
    tryIterate(value, runtime.budget) === undefined
  ) {
    return quote(value, runtime, false);
  }
  const pairs = value instanceof Dict ? [...value.entries()] : each(value, runtime.budget);
  const parts: string[] = [];
  for (const pair of pairs) {
    const [key, item, ...more] = Array.isArray(pair) ? pair : toList(pair, runtime.budget);
    if (key === undefined || item === undefined || more.length > 0) {
      throw valueError("urlencode needs pairs");
    }
    parts.push(`${quote(key, runtime, true)}=${quote(item, runtime, true)}`);
  }
  return parts.join("&");
}

function xmlattr(runtime: Runtime, value: Value, autospace: boolean): Value {
  if (value instanceof Undefined) throw value.error();
  if (!(value instanceof Dict)) badArgument("xmlattr needs a mapping");
  const parts: string[] = [];
  for (const [key, item] of value.entries()) {
    runtime.budget.charge(2);
    if (item === null || item instanceof Undefined) continue;
    const name = textOf(key);
    if (name === undefined) throw typeError("the name of an attribute must be a string");
    if (/[\s/>=]/.test(name)) throw valueError(`Invalid character in attribute name: '${name}'`);
    const part = `${escapeText(name)}="${escaped(item, runtime)}"`;
    runtime.budget.charge(name.length / 16);
    runtime.budget.chargeText(part.length);
    parts.push(part);
  }
  runtime.budget.chargeText(parts.reduce((sum, part) => sum + part.length + 1, 0));
  const text = parts.join(" ");
  const spaced = autospace && text !== "" ? ` ${text}` : text;
  return runtime.autoescape ? new Markup(spaced) : spaced;
}

/** The filters for HTML and URLs. */
export const webFilters: BuiltinTable = builtinTable([
  ["urlencode", "value", (runtime, [value]) => urlencode(runtime, value ?? null)],
  [
    "xmlattr",
    "d autospace?",
    (runtime, [value, autospace]) =>
      xmlattr(runtime, value ?? null, isTruthy(autospace === undefined ? true : autospace)),
  ],
  [
    "urlize",
    "value trim_url_limit? nofollow? target? rel? extra_schemes?",
    (runtime, [value, limit, nofollow, target, rel, schemes]) => {
      const { policies } = runtime.environment;
      const text = softText(value, runtime);
      runtime.budget.chargeText(text.length * 4);
      const rels = new Set((textOf(rel ?? null) ?? "").split(" ").filter((part) => part !== ""));
      if (isTruthy(nofollow ?? false)) rels.add("nofollow");
      for (const part of (policies.urlizeRel ?? "").split(" ")) if (part !== "") rels.add(part);
      const extra =
        schemes === undefined || schemes === null
          ? policies.urlizeExtraSchemes
          : toList(schemes, runtime.budget).map((scheme) => softText(scheme, runtime));
      const cut = limit === undefined || limit === null ? undefined : intOf(limit);
      const result = urlize(
        value instanceof Markup ? value.text : escapeText(text),
        {
          trimLimit: cut === undefined ? undefined : Number(cut),
          rel: [...rels].sort().join(" "),
          target: textOf(target ?? null) ?? policies.urlizeTarget ?? "",
          extraSchemes: extra,
        },
        runtime.budget,
      );
      return runtime.autoescape ? new Markup(result) : result;
    },
  ],
]);
