import { z } from "zod";
import { LotseError, Sensitive } from "../../kernel/index.ts";

/** Where a secret is kept outside the cluster: the entry of a store and the field in it. */
export interface SecretLocation {
  /** The entry, such as `customers/acme/production`. */
  readonly path: string;
  /** The field of the entry, such as `db_password`; left out where the entry is one value. */
  readonly field?: string;
}

/** One variable that a program gets. */
export interface InjectedVariable {
  /** See {@link variableNameSchema}. */
  readonly name: string;
  readonly value: string | Sensitive<string>;
  /** Whether nobody may see the value. A `Sensitive` value counts as secret whatever stands here. */
  readonly secret: boolean;
  /** The configuration path it comes from, for messages. */
  readonly path?: string;
  /** Where the value is kept, where it is one secret and nothing else. */
  readonly reference?: SecretLocation;
  /** What the value is put together from, where there is text around a secret, or several: in their order. */
  readonly parts?: readonly (string | SecretLocation)[];
}

/**
 * The name of an environment variable: what a POSIX shell can assign to. Lower case is allowed, since programs
 * use it.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html
 */
const variableNameSchema = z
  .string()
  .max(255)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/u)
  .refine((name) => name !== "__proto__", "reaches into JavaScript's objects");

/** How many variables one program gets at most. */
const maxVariables = 10_000;

/** Whether nobody may see the value. */
export function isSecret(variable: InjectedVariable): boolean {
  return variable.secret || variable.value instanceof Sensitive;
}

/** The value as text. Only for the last step, where it is handed to a program or written. */
export function revealValue(variable: InjectedVariable): string {
  return typeof variable.value === "string" ? variable.value : variable.value.reveal();
}

/**
 * Checks names, doubles and what no target can take: NUL, and half of a surrogate pair, which has no UTF-8.
 *
 * @throws LotseError `secret.name` for a bad name or one that occurs twice, `secret.unrepresentable` for a
 *   value, and for more than {@link maxVariables} variables
 */
export function checkVariables(variables: readonly InjectedVariable[]): void {
  if (variables.length > maxVariables) {
    throw new LotseError({
      code: "secret.unrepresentable",
      message: `${variables.length} variables are more than the ${maxVariables} that a program can get`,
    });
  }
  const seen = new Set<string>();
  for (const variable of variables) {
    checkName(variable, seen);
    const value = revealValue(variable);
    if (value.includes("\0")) throw unrepresentable(variable, "has a NUL character");
    if (!value.isWellFormed()) throw unrepresentable(variable, "has half of a surrogate pair");
  }
}

function checkName(variable: InjectedVariable, seen: Set<string>): void {
  const { name } = variable;
  if (!variableNameSchema.safeParse(name).success) {
    throw new LotseError({
      code: "secret.name",
      message: `${JSON.stringify(name.slice(0, 300))} is no name for a variable`,
      hint: "use letters, digits and _, not beginning with a digit, at most 255",
      where: whereOf(variable),
    });
  }
  if (seen.has(name)) {
    throw new LotseError({
      code: "secret.name",
      message: `two values want to be the variable ${name}`,
      hint: "give one of them another name",
      where: whereOf(variable),
    });
  }
  seen.add(name);
}

/** The error for a value that a target cannot take. It tells the name and the reason, never the value. */
export function unrepresentable(
  variable: InjectedVariable,
  why: string,
  hint = "encode it, for example in base64, and let the program decode it",
): LotseError {
  return new LotseError({
    code: "secret.unrepresentable",
    message: `the value of ${variable.name} ${why}`,
    hint,
    where: whereOf(variable),
  });
}

function whereOf(variable: InjectedVariable): { path?: string } {
  return variable.path === undefined ? {} : { path: variable.path };
}
