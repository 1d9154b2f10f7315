import { textOfPlainBytes } from "../plain.ts";
import type { Plain } from "../model.ts";
import { isAmbiguous, resolvePlain } from "./yaml-resolve.ts";

/** How a YAML scalar is written, so that every reader of YAML 1.1 and 1.2 takes it for the same. */

/** Where a scalar is written to. */
export interface YamlSite {
  readonly flow: boolean;
  /** The column of the map or list it stands in. */
  readonly indent: number;
  /** Whether nothing but a line break follows, so that a block of lines may stand here. */
  readonly endsLine: boolean;
}

/** Writes a value. */
export function yamlScalar(plain: Plain, site: YamlSite): string {
  const text = plain.bytes.toString("latin1");
  switch (plain.type) {
    case "str":
    case "comment": {
      const value = textOfPlainBytes(plain.bytes);
      return value === undefined
        ? `!!binary ${quoted(plain.bytes.toString("base64"))}`
        : yamlText(value, site);
    }
    case "bytes":
      return `!!binary ${quoted(plain.bytes.toString("base64"))}`;
    case "bool":
      return text === "True" ? "true" : "false";
    case "null":
      return "null";
    case "int":
    case "time":
      return text;
    case "float":
      return yamlFloat(text);
    default:
      return plain.type satisfies never;
  }
}

/** A float keeps looking like one, so that it is read as one again. */
function yamlFloat(text: string): string {
  if (text === "NaN") return ".nan";
  if (text.endsWith("Inf")) return text.startsWith("-") ? "-.inf" : ".inf";
  return /[.eE]/u.test(text) ? text : `${text}.0`;
}

/** Writes a text: plain where that is unmistakable, as a block where it has lines, in quotes otherwise. */
export function yamlText(value: string, site: YamlSite): string {
  if (isPlainSafe(value, site.flow)) return value;
  if (!site.flow && site.endsLine && isBlockSafe(value)) return block(value, site.indent);
  return quoted(value);
}

/** Writes an encrypted value; within brackets its own brackets and commas need quotes. */
export function yamlSealed(sealed: string, site: YamlSite): string {
  return site.flow || sealed === "" ? JSON.stringify(sealed) : sealed;
}

/** Writes a key. */
export function yamlKey(key: string, flow: boolean): string {
  return isPlainSafe(key, flow) || key === "<<" ? key : quoted(key);
}

function isPlainSafe(value: string, flow: boolean): boolean {
  if (!/^[\p{L}_/$.(\d+-]/u.test(value) || /^(?:-$|- |---|\.\.\.)/u.test(value)) return false;
  if (!/^[\p{L}\p{N} !"#$%&'()*+,\-./:;<=>?@[\]^_`{|}~\\]*$/u.test(value)) return false;
  if (/: |:$| #|^ | $/u.test(value)) return false;
  if (flow && /[,[\]{}:]/u.test(value)) return false;
  return !isAmbiguous(value) && resolvePlain(value).type === "str";
}

function isBlockSafe(value: string): boolean {
  return (
    value.includes("\n") &&
    /^[^\s]/u.test(value) &&
    /^(?:[\n\x20-\x7E\u{A0}-\u{2027}\u{202A}-\u{D7FF}\u{E000}-\u{FEFE}\u{FF00}-\u{FFFD}\u{10000}-\u{10FFFF}])*$/u.test(
      value,
    ) &&
    !/ \n| $|\n\n$/u.test(value)
  );
}

function block(value: string, indent: number): string {
  const endsOpen = value.endsWith("\n");
  const body = endsOpen ? value.slice(0, -1) : value;
  const margin = " ".repeat(Math.max(indent, 0) + 4);
  const lines = body.split("\n").map((line) => (line === "" ? "" : margin + line));
  // The line break behind the block, which is there already, ends its last line.
  return `|${endsOpen ? "" : "-"}\n${lines.join("\n")}`;
}

function quoted(value: string): string {
  const escaped = JSON.stringify(value).replaceAll(
    /[\x7F-\u{9F}\u{2028}\u{2029}\u{FEFF}\u{FFFE}\u{FFFF}]/gu,
    (unit) => {
      return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
    },
  );
  return escaped;
}
