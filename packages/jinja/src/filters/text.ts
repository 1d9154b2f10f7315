import { PythonError, typeError } from "../errors.ts";
import { formatPercent } from "../format/percent.ts";
import { centerLeft, replaceText } from "../methods/string.ts";
import { type BuiltinCode, type BuiltinTable, builtinTable } from "../runtime/builtin.ts";
import type { Budget } from "../limits.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Dict } from "../values/dict.ts";
import { Markup, escapeText, textOf } from "../values/markup.ts";
import { lengthOf } from "../values/iterate.ts";
import { type Value, typeName } from "../values/object.ts";
import { capitalize, splitLines, stripEnd, stripStart, textLength, textSlice } from "../values/text.ts";
import { isTruthy } from "../values/truth.ts";
import { Tuple } from "../values/tuple.ts";
import { Undefined } from "../values/undefined.ts";
import { escaped, intArgument, sameKind, softText } from "./support.ts";
import { wrapText } from "./wordwrap.ts";

/** A filter that turns a text into a text and keeps Markup; `weight` is its work for 16 characters, in steps. */
const mapped =
  (change: (text: string) => string, weight = 1): BuiltinCode =>
  (runtime, [value]) => {
    const text = softText(value, runtime);
    runtime.budget.charge((text.length / 16) * weight);
    const result = change(text);
    runtime.budget.chargeText(result.length);
    return sameKind(value, result);
  };

/** @throws AttributeError for what is no text, UndefinedError when undefined */
function requireText(value: Value, method: string): string {
  const text = textOf(value);
  if (text !== undefined) return text;
  if (value instanceof Undefined) throw value.error();
  throw new PythonError("AttributeError", `'${typeName(value)}' object has no attribute '${method}'`);
}

/** Words start upper, also after hyphens and brackets. */
function title(text: string): string {
  return text
    .split(/([-\s({[<]+)/u)
    .map((part) => {
      const first = part === "" ? "" : String.fromCodePoint(part.codePointAt(0) ?? 0);
      return first.toUpperCase() + part.slice(first.length).toLowerCase();
    })
    .join("");
}

function center(runtime: Runtime, value: Value | undefined, width: Value | undefined): Value {
  const text = softText(value, runtime);
  const size = intArgument(width, 80);
  const missing = Math.max(0, size - textLength(text));
  runtime.budget.chargeText(text.length + missing);
  const left = centerLeft(missing, size);
  return sameKind(value, " ".repeat(left) + text + " ".repeat(missing - left));
}

function indent(
  runtime: Runtime,
  value: Value | undefined,
  [width, first, blank]: readonly (Value | undefined)[],
): Value {
  const count = textOf(width ?? null) === undefined ? intArgument(width, 4) : undefined;
  if (count !== undefined) runtime.budget.chargeText(Math.max(0, count));
  const indention = count === undefined ? (textOf(width ?? null) ?? "") : " ".repeat(Math.max(0, count));
  const source = requireText(value ?? null, "splitlines");
  const text = `${source}\n`;
  let lines: string[];
  let result: string;
  if (isTruthy(blank ?? false)) {
    lines = splitLines(text);
    runtime.budget.chargeText(source.length + lines.length * (indention.length + 1));
    result = lines.join(`\n${indention}`);
  } else {
    lines = splitLines(text);
    runtime.budget.chargeText(source.length + lines.length * (indention.length + 1));
    const [head = "", ...rest] = lines;
    result = head;
    if (rest.length > 0) {
      result += `\n${rest.map((line) => (line === "" ? line : indention + line)).join("\n")}`;
    }
  }
  if (isTruthy(first ?? false)) result = indention + result;
  return sameKind(value, result);
}

function replace(runtime: Runtime, [value, old, replacement, count]: readonly (Value | undefined)[]): Value {
  const limit = count === undefined || count === null ? -1 : intArgument(count, -1);
  const texts = [value, old, replacement].map((part) => softText(part, runtime));
  const markup =
    runtime.autoescape && (value instanceof Markup || old instanceof Markup || replacement instanceof Markup);
  if (value instanceof Markup || markup) {
    const [text = "", from = "", to = ""] = [value, old, replacement].map((part) => escaped(part, runtime));
    return new Markup(replaceText(runtime, text, from, to, limit));
  }
  return replaceText(runtime, texts[0] ?? "", texts[1] ?? "", texts[2] ?? "", limit);
}

function truncate(
  runtime: Runtime,
  [value, length, killWords, end, leeway]: readonly (Value | undefined)[],
): Value {
  const limit = intArgument(length, 255);
  const mark = end === undefined ? "..." : softText(end, runtime);
  const slack =
    leeway === undefined || leeway === null
      ? runtime.environment.policies.truncateLeeway
      : intArgument(leeway, 0);
  const size = textLength(mark);
  if (limit < size) throw typeError(`expected length >= ${size}, got ${limit}`);
  if (slack < 0) throw typeError(`expected leeway >= 0, got ${slack}`);
  const source = value ?? null;
  if (lengthOf(source) <= limit + slack) return source;
  const text = requireText(source, "rsplit");
  const cut = textSlice(text, 0, limit - size);
  if (isTruthy(killWords ?? false)) return sameKind(value, cut + mark);
  const space = cut.lastIndexOf(" ");
  return sameKind(value, (space === -1 ? cut : cut.slice(0, space)) + mark);
}

function wordwrap(
  runtime: Runtime,
  [value, width, breakLong, wrapString, breakHyphens]: readonly (Value | undefined)[],
): Value {
  const text = requireText(value ?? null, "splitlines");
  const joiner =
    wrapString === undefined || wrapString === null
      ? runtime.environment.newlineSequence
      : softText(wrapString, runtime);
  const rules = {
    width: intArgument(width, 79),
    breakLongWords: isTruthy(breakLong === undefined ? true : breakLong),
    breakOnHyphens: isTruthy(breakHyphens === undefined ? true : breakHyphens),
  };
  runtime.budget.charge(2 * text.length);
  const lines = splitLines(text).map((line) => wrapText(line, rules));
  const count = lines.reduce((sum, parts) => sum + Math.max(1, parts.length), 0);
  runtime.budget.chargeText(text.length + count * joiner.length);
  const result = lines.map((parts) => parts.join(joiner)).join(joiner);
  // Joining makes a plain text of it, as in Python, unless the joiner is Markup.
  return sameKind(wrapString, result);
}

function format(
  runtime: Runtime,
  [value, ...args]: readonly (Value | undefined)[],
  kwargs: ReadonlyMap<string, Value> | undefined,
): Value {
  const named = kwargs !== undefined && kwargs.size > 0;
  if (named && args.length > 0) {
    throw typeError("can't handle positional and keyword arguments at the same time");
  }
  const values: Value = named ? Dict.of(kwargs, runtime.budget) : new Tuple(args as Value[]);
  const text = softText(value, runtime);
  return value instanceof Markup
    ? new Markup(formatPercent(text, values, runtime.budget, escapeText))
    : formatPercent(text, values, runtime.budget, undefined);
}

const entities: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["nbsp", "\u00a0"],
  ["copy", "©"],
  ["reg", "®"],
  ["hellip", "…"],
  ["ndash", "–"],
  ["mdash", "—"],
  ["laquo", "«"],
  ["raquo", "»"],
  ["euro", "€"],
  ["auml", "ä"],
  ["ouml", "ö"],
  ["uuml", "ü"],
  ["Auml", "Ä"],
  ["Ouml", "Ö"],
  ["Uuml", "Ü"],
  ["szlig", "ß"],
]);

/** Text without comments and tags, white space collapsed, common entities resolved. */
function stripTags(text: string, budget: Budget): string {
  let rest = text;
  for (let start = rest.indexOf("<!--"); start !== -1; start = rest.indexOf("<!--")) {
    const end = rest.indexOf("-->", start);
    if (end === -1) break;
    rest = rest.slice(0, start) + rest.slice(end + 3);
    // Taking one comment out makes the rest anew.
    budget.charge(rest.length / 16);
  }
  let plain = "";
  let position = 0;
  for (let start = rest.indexOf("<"); start !== -1; start = rest.indexOf("<", position)) {
    const end = rest.indexOf(">", start);
    if (end === -1) break;
    plain += rest.slice(position, start);
    position = end + 1;
  }
  plain += rest.slice(position);
  const collapsed = plain
    .split(/\s+/)
    .filter((word) => word !== "")
    .join(" ");
  return collapsed.replace(/&(#[xX][\da-fA-F]{1,6}|#\d{1,7}|\w{1,8});/g, (whole, name: string) => {
    if (!name.startsWith("#")) return entities.get(name) ?? whole;
    const code = /^#[xX]/.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The filters on texts. */
export const textFilters: BuiltinTable = builtinTable([
  ["capitalize", "s", mapped(capitalize)],
  ["center", "value width?", (runtime, [value, width]) => center(runtime, value, width)],
  ["format", "value * **", format],
  ["indent", "s width? first? blank?", (runtime, [value, ...args]) => indent(runtime, value, args)],
  ["lower", "s", mapped((text) => text.toLowerCase())],
  ["replace", "s old new count?", replace],
  [
    "striptags",
    "value",
    (runtime, [value]) => {
      const text = softText(value, runtime);
      runtime.budget.charge(text.length / 4);
      return stripTags(text, runtime.budget);
    },
  ],
  ["title", "s", mapped(title, 8)],
  [
    "trim",
    "value chars?",
    (runtime, [value, chars]) => {
      const set = chars === undefined || chars === null ? undefined : softText(chars, runtime);
      const text = softText(value, runtime);
      runtime.budget.charge((text.length + (set?.length ?? 0)) / 8);
      return sameKind(value, stripEnd(stripStart(text, set), set));
    },
  ],
  ["truncate", "s length? killwords? end? leeway?", truncate],
  ["upper", "s", mapped((text) => text.toUpperCase())],
  [
    "wordcount",
    "s",
    (runtime, [value]) => {
      const text = softText(value, runtime);
      runtime.budget.charge(text.length / 2);
      return text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0;
    },
  ],
  ["wordwrap", "s width? break_long_words? wrapstring? break_on_hyphens?", wordwrap],
  ["string", "object", (runtime, [value]) => (value instanceof Markup ? value : softText(value, runtime))],
]);
