import { z } from "zod";
import { LotseError, type Diagnostic } from "../../kernel/index.ts";
import type { CiPlan, CiStep } from "./ci-plan.ts";
import { ciWarning } from "./ci-warning.ts";
import { checkVariables, isSecret, revealValue, type InjectedVariable } from "./variable.ts";

/** Where GitHub keeps the variables. */
const githubTargetSchema = z.strictObject({
  /** `OWNER/REPO`; the present directory's where it is left out. */
  repository: z
    .string()
    .max(140)
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\/[A-Za-z0-9_.][A-Za-z0-9_.-]*$/u)
    .optional(),
  /** The deployment environment; the whole repository where it is left out. */
  environment: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[^\p{Cc}`'"]+$/u)
    .refine((name) => !name.startsWith("-"))
    .optional(),
});

/** The type of {@link githubTargetSchema}. */
export type GithubTarget = z.infer<typeof githubTargetSchema>;

/** GitHub takes at most 48 KB for a secret or variable. */
const maxValueBytes = 48 * 1024;

/**
 * Plans secrets and variables of GitHub Actions, set by `gh secret set` and `gh variable set`, which read the
 * value from standard input.
 *
 * @throws LotseError `secret.name` for a name that GitHub keeps for itself, and for two that differ in case
 *   only; `secret.unrepresentable` for an empty value or one over 48 KB; `usage.argument` for a bad target
 * @see https://docs.github.com/en/actions/reference/security/secrets
 * @see https://cli.github.com/manual/gh_secret_set
 */
export function planGithub(variables: readonly InjectedVariable[], target: GithubTarget = {}): CiPlan {
  checkVariables(variables);
  const parsed = githubTargetSchema.safeParse(target);
  if (!parsed.success) {
    throw new LotseError({
      code: "usage.argument",
      message: `GitHub has no ${parsed.error.issues[0]?.path.join(".") ?? "target"} of that form`,
      hint: "name the repository as OWNER/REPO and the environment as it is called on GitHub",
    });
  }
  const seen = new Set<string>();
  for (const variable of variables) {
    checkGithubName(variable, seen);
    checkGithubValue(variable);
  }
  return {
    system: "github",
    steps: variables.map((variable) => stepOf(variable, parsed.data)),
    warnings: variables.flatMap(warningsOf),
  };
}

function stepOf(variable: InjectedVariable, target: GithubTarget): CiStep {
  const kind = isSecret(variable) ? "secret" : "variable";
  return {
    name: variable.name,
    kind,
    masked: kind === "secret",
    protected: null,
    environment: target.environment ?? null,
    command: [
      "gh",
      kind,
      "set",
      variable.name,
      ...(target.environment === undefined ? [] : ["--env", target.environment]),
      ...(target.repository === undefined ? [] : ["--repo", target.repository]),
    ],
  };
}

function checkGithubName({ name }: InjectedVariable, seen: Set<string>): void {
  if (/^GITHUB_/iu.test(name)) {
    throw new LotseError({ code: "secret.name", message: `GitHub keeps names like ${name} for itself` });
  }
  if (seen.has(name.toUpperCase())) {
    throw new LotseError({
      code: "secret.name",
      message: `${name} occurs twice, as GitHub does not tell upper and lower case apart`,
    });
  }
  seen.add(name.toUpperCase());
}

function checkGithubValue(variable: InjectedVariable): void {
  const bytes = Buffer.byteLength(revealValue(variable));
  if (bytes > 0 && bytes <= maxValueBytes) return;
  throw new LotseError({
    code: "secret.unrepresentable",
    message: `the value of ${variable.name} is ${bytes === 0 ? "empty" : `over ${maxValueBytes} bytes`}, which GitHub does not take`,
    ...(variable.path === undefined ? {} : { where: { path: variable.path } }),
  });
}

function warningsOf(variable: InjectedVariable): readonly Diagnostic[] {
  const value = revealValue(variable);
  const warnings: Diagnostic[] = [];
  if (/[\r\n]$/u.test(value)) {
    warnings.push(ciWarning(variable, "ends in a line end, which gh cuts off"));
  }
  if (isSecret(variable) && /[\r\n]/u.test(value.trimEnd())) {
    const why = "has several lines; GitHub masks each by itself, and short lines not reliably";
    warnings.push(ciWarning(variable, why));
  }
  return warnings;
}
