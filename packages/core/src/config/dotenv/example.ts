import type { Policy } from "../schema/policy.ts";
import type { DotenvEntry } from "./parse.ts";
import { declaredVariables, type DeclaredVariable } from "./variables.ts";

/**
 * Brings an example file in step with the schema: what it lacks is added at its end with a placeholder and
 * the schema's description. What is there stays byte for byte.
 */
export function planExample(text: string, entries: readonly DotenvEntry[], policy: Policy): string {
  const present = new Set(entries.map(({ name }) => name));
  const missing = declaredVariables(policy).filter(({ name }) => !present.has(name));
  if (missing.length === 0) return text;
  const separator = text === "" || text.endsWith("\n") ? "" : "\n";
  return text + separator + missing.map(exampleEntry).join("");
}

function exampleEntry({ name, policy }: DeclaredVariable): string {
  const description = firstText(policy, "description");
  const comment = description === undefined ? "" : `# ${description.replaceAll(/\s+/gu, " ").trim()}\n`;
  const value = policy.secret ? "__set_in_secret_store__" : (firstText(policy, "default") ?? "");
  return `${comment}${name}=${/^[\w@%+=:,./-]*$/u.test(value) ? value : `'${value}'`}\n`;
}

function firstText(policy: Policy, keyword: string): string | undefined {
  const value = policy.schemas.find((schema) => schema[keyword] !== undefined)?.[keyword];
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
