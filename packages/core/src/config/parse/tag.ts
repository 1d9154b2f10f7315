import { LotseError, type Where } from "../../kernel/index.ts";
import type { Mark } from "../model/node.ts";
import { readNumber, readPlain, type ReadScalar } from "./scalar.ts";

/** The types that a standard tag such as `!!str` can name here. */
export type TagType = "str" | "int" | "float" | "bool" | "null" | "map" | "seq";

/** A tag: either what it asks of the merge, or the type that it gives to the value. */
export interface Tag {
  readonly mark?: Mark;
  readonly type?: TagType;
}

const tags: ReadonlyMap<string, Tag> = new Map<string, Tag>([
  ["!replace", { mark: "replace" }],
  ["!append", { mark: "append" }],
  ["!prepend", { mark: "prepend" }],
  ["!merge", { mark: "merge" }],
  ["!delete", { mark: "delete" }],
  ["!", { type: "str" }],
  ...(["str", "int", "float", "bool", "null", "map", "seq"] as const).flatMap((type): [string, Tag][] => [
    [`!!${type}`, { type }],
    [`!<tag:yaml.org,2002:${type}>`, { type }],
  ]),
]);

/**
 * Reads a tag as it is written in a file.
 *
 * @throws LotseError `parse.unknown-tag` naming the tags there are
 */
export function readTag(text: string, where: Where): Tag {
  const tag = tags.get(text);
  if (tag === undefined) {
    throw new LotseError({
      code: "parse.unknown-tag",
      message: `the tag ${text} is not known`,
      hint: "known are !replace, !append, !prepend, !merge, !delete and !!str, !!int, !!float, !!bool, !!null, !!map, !!seq",
      where,
    });
  }
  return tag;
}

/**
 * Reads a text as the type that its tag names.
 *
 * @throws LotseError `parse.tag-misuse` where the text is nothing of that type
 */
export function typed(type: TagType, text: string, where: Where): ReadScalar {
  const read = readAs(type, text);
  if (read === undefined) {
    throw new LotseError({
      code: "parse.tag-misuse",
      message: `"${text.slice(0, 80)}" cannot be read as !!${type}`,
      hint: "correct the value or remove the tag",
      where,
    });
  }
  return read;
}

function readAs(type: TagType, text: string): ReadScalar | undefined {
  switch (type) {
    case "str":
      return { kind: "string", value: text, text: undefined };
    case "int": {
      const read = readNumber(text);
      return read?.kind === "integer" ? read : undefined;
    }
    case "float": {
      const read = readNumber(text);
      return read === undefined ? undefined : { ...read, kind: "float" };
    }
    case "bool":
    case "null": {
      const read = readPlain(text);
      return read.kind === (type === "bool" ? "boolean" : "null") ? read : undefined;
    }
    case "map":
    case "seq":
      return undefined;
    default:
      return type satisfies never;
  }
}
