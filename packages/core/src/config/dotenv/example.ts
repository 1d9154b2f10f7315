import { TextSource } from "../model/source.ts";
import type { PlainValue } from "../model/plain.ts";
import { nodeOfPlain } from "../resolve/variables.ts";
import type { Policy } from "../schema/policy.ts";
import { textOf } from "./export.ts";
import { environmentVariables, type EnvironmentVariable } from "./names.ts";
import { isSecretVariable, secretPlaceholder } from "./placeholder.ts";
import type { DotenvEntry } from "./reader.ts";
import { writeValue } from "./writer.ts";

/**
 * The text of an example file with the schema's variables that it lacks added at its end, each with its
 * description as a comment: a placeholder for a secret, else the schema's default, else nothing. What is
 * there stays as it is, byte for byte.
 *
 * @param text - the file as it is
 * @param entries - what {@link parseDotenv} read from it
 */
export function planExample(
  text: string,
  entries: readonly DotenvEntry[],
  policy: Policy | undefined,
): string {
  const present = new Set(entries.map((entry) => entry.name));
  const missing = environmentVariables(policy).filter((variable) => !present.has(variable.name));
  if (missing.length === 0) return text;
  const added = missing.map(writeVariable).join("\n");
  const open = text !== "" && !/[\r\n]$/u.test(text) ? "\n" : "";
  const gap = text === "" ? "" : "\n";
  const lineEnd = /\r\n/u.test(text) ? "\r\n" : "\n";
  return text + (open + gap + added).replaceAll("\n", lineEnd);
}

function writeVariable({ name, policy }: EnvironmentVariable): string {
  const description = annotation(policy, "description");
  const comment = typeof description === "string" ? description.trim().split(/\r\n?|\n/u) : [];
  const value = isSecretVariable(name, policy) ? secretPlaceholder : defaultText(policy);
  return [...comment.map((line) => `# ${line}`.trimEnd()), `${name}=${writeValue(value).text}`, ""].join(
    "\n",
  );
}

function defaultText(policy: Policy): string {
  const value = annotation(policy, "default") as PlainValue | undefined;
  return textOf(nodeOfPlain(value, new TextSource("default", ""), 0));
}

function annotation(policy: Policy, keyword: string): unknown {
  return policy.schemas.find((schema) => Object.hasOwn(schema, keyword))?.[keyword];
}
