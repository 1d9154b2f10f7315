import type { CheckResult, Evidence, RequirementReference, Status } from "../model.ts";

/** The title of a report that was given none. */
export const defaultTitle = "Policy report";

/** How a status is written for people. */
export const statusText: Readonly<Record<Status, string>> = {
  pass: "pass",
  fail: "fail",
  unknown: "unknown",
  manual: "manual",
  waived: "waived",
  "not-applicable": "not applicable",
};

/** Writes where a result was found: `environment` or `environment:tenant`. */
export function scopeText(result: Pick<CheckResult, "environment" | "tenant">): string {
  return result.tenant === null ? result.environment : `${result.environment}:${result.tenant}`;
}

/** Writes a requirement for people, such as `pci-dss 8.6.2`. */
export function requirementText({ framework, id }: RequirementReference): string {
  return `${framework} ${id}`;
}

/** Writes a place as `file:line`; empty where there is no file. */
export function placeText({ file, line }: Evidence): string {
  if (file === undefined) return "";
  return line === undefined ? file : `${file}:${line}`;
}

/** The number of things with their name: `1 scope`, `2 scopes`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/**
 * The sentence that a report says of a framework. It never says that anybody complies: that is an auditor's
 * word.
 */
export function evidencedText(evidenced: number, checkable: number): string {
  return `${evidenced} of ${checkable} machine-checkable requirements evidenced`;
}

// Controls but tab and line feed, and halves of surrogate pairs: XML has no way to write them.
const unprintable = /(?![\t\n])\p{Cc}|\p{Cs}|[\uFFFE\uFFFF]/gu;

/** Puts U+FFFD in the place of characters that neither XML nor HTML can hold. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, "\uFFFD");
}

/** A path of the workspace as a relative URI reference. */
export function uriOf(file: string): string {
  return printable(file).split("/").map(encodeURIComponent).join("/");
}

/** A message as a sentence: with a capital in front, unless it starts with a name, and a full stop behind. */
export function sentence(text: string): string {
  const first = /^[a-z]+(?=[\s,]|$)/u.test(text) ? text.slice(0, 1).toUpperCase() + text.slice(1) : text;
  return /[.!?:…]$/u.test(first) || first === "" ? first : `${first}.`;
}
