import type { FactValue } from "../facts/fact.ts";
import { isMap, type FactView } from "./reader.ts";
import type { DecidingPart } from "./verdict.ts";

/** One item of a list of maps, with its place for evidence. */
export interface Item {
  readonly value: Readonly<Record<string, FactValue>>;
  readonly index: number;
}

/** The items of a list that are maps. */
export function itemsOf(facts: FactView, name: string): readonly Item[] {
  return facts.list(name).flatMap((value, index) => (isMap(value) ? [{ value, index }] : []));
}

/** A text of a map; empty where there is none. */
export function textIn(map: Readonly<Record<string, FactValue>>, key: string): string {
  const value = map[key];
  return typeof value === "string" ? value : "";
}

/** The name of an item, for messages. */
export function nameOf({ value, index }: Item): string {
  return textIn(value, "name") || `item ${index + 1}`;
}

/** The texts of a list. */
export function textsOf(facts: FactView, name: string): readonly string[] {
  return facts.list(name).filter((value) => typeof value === "string");
}

/** The part of a list's item that decided. */
export function partOf(fact: string, { index }: Item, ...keys: readonly string[]): DecidingPart {
  return { fact, path: [String(index), ...keys] };
}

/** Joins names as a sentence does, at most five of them. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5);
  const rest = names.length - shown.length;
  return rest === 0 ? shown.join(", ") : `${shown.join(", ")} and ${rest} more`;
}

/** "one secret", "3 secrets". */
export function count(number: number, noun: string): string {
  return number === 1 ? `one ${noun}` : `${number} ${noun}s`;
}

/** Whether a text is a reference to a secret rather than something written out. */
export function isSecretReference(value: FactValue): boolean {
  return typeof value === "string" && /^\$\{secret:[^}]+\}$/u.test(value);
}

/**
 * Why a text is no address of one of some protocols that production could use; `undefined` where it is one.
 * An address of this machine works on a laptop and nowhere else.
 */
export function addressProblem(text: string, protocols: readonly string[]): string | undefined {
  if (!URL.canParse(text)) return "is no address";
  const url = new URL(text);
  const protocol = url.protocol.slice(0, -1);
  if (!protocols.includes(protocol)) return `has the protocol ${protocol}, not ${protocols.join(" or ")}`;
  if (/^(?:localhost|127\.|0\.0\.0\.0|\[::1\])/u.test(url.hostname)) return "points to the machine itself";
  return undefined;
}

/** The texts of a list in a map; empty where there is none. */
export function textsIn(map: Readonly<Record<string, FactValue>>, key: string): readonly string[] {
  const value = map[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
