import { LotseError } from "../../kernel/index.ts";
import { isSecret, revealValue, type InjectedVariable } from "./variable.ts";

/** From this length on a value is also looked for inside an argument, and in its usual encodings. */
const minSearchedLength = 6;

/**
 * Refuses a command whose arguments hold a secret: every user of the machine sees them in `ps`, and they end
 * in shell histories and logs.
 *
 * Values of at least six characters are found anywhere in an argument, also in base64, hex and URL encoding.
 * Shorter ones would be found in many harmless arguments, so they count only as a whole argument or as all
 * that follows a `=` or `:`.
 *
 * @throws LotseError `secret.leak` that tells the variable and the position, never the value or the argument
 */
export function assertNoSecretInArguments(
  argv: readonly string[],
  secrets: readonly InjectedVariable[],
): void {
  for (const variable of secrets.filter(isSecret)) {
    const value = revealValue(variable);
    if (value === "") continue;
    const holds = value.length < minSearchedLength ? shortMatcher(value) : longMatcher(value);
    const at = argv.findIndex(holds);
    if (at === -1) continue;
    throw new LotseError({
      code: "secret.leak",
      message: `argument ${at} of the command holds the secret ${variable.name}`,
      hint: `let the program read ${variable.name} from its environment: arguments are visible to all users`,
      where: variable.path === undefined ? {} : { path: variable.path },
    });
  }
}

function shortMatcher(value: string): (argument: string) => boolean {
  return (argument) => argument === value || argument.endsWith(`=${value}`) || argument.endsWith(`:${value}`);
}

function longMatcher(value: string): (argument: string) => boolean {
  const bytes = Buffer.from(value);
  const hex = bytes.toString("hex");
  const forms = [
    value,
    bytes.toString("base64").replace(/=+$/u, ""),
    bytes.toString("base64url"),
    encodeURIComponent(value),
  ];
  return (argument) => forms.some((form) => argument.includes(form)) || argument.toLowerCase().includes(hex);
}
