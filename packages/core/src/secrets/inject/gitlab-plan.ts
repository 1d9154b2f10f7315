import { z } from "zod";
import { LotseError, type Diagnostic } from "../../kernel/index.ts";
import type { CiPlan, CiStep } from "./ci-plan.ts";
import { ciWarning } from "./ci-warning.ts";
import { checkVariables, isSecret, revealValue, unrepresentable, type InjectedVariable } from "./variable.ts";

/** Where GitLab keeps the variables, and for whom. */
const gitlabTargetSchema = z.strictObject({
  /** `GROUP/PROJECT`; the present directory's where it is left out. */
  project: z
    .string()
    .max(1024)
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$/u)
    .optional(),
  /** The environment scope: a name, a pattern such as `review/*`, or `*` for all. @defaultValue "*" */
  environment: z
    .string()
    .max(255)
    .regex(/^[A-Za-z0-9_*/${}. ][A-Za-z0-9_*/${}. -]*$/u)
    .default("*"),
  /** Whether only protected branches and tags get the secrets. @defaultValue true */
  protected: z.boolean().default(true),
});

/** What a caller may leave out of {@link gitlabTargetSchema} has its default. */
export type GitlabTarget = z.input<typeof gitlabTargetSchema>;

/** GitLab takes at most this many characters for a value. */
const maxValueLength = 10_000;

/** What GitLab masks: one line without spaces, eight characters or more; of variables that are not expanded. */
const maskable = /^\S{8,}$/u;

/**
 * Plans CI/CD variables of GitLab, set by `glab variable set`, which reads the value from standard input.
 * Variables are `raw`, so that GitLab expands no `$` in them. A secret that cannot be masked is planned
 * unmasked, with a warning, since GitLab would refuse it otherwise.
 *
 * @throws LotseError `secret.name`; `secret.unrepresentable` for a value over 10,000 characters;
 *   `usage.argument` for a bad target
 * @see https://docs.gitlab.com/ci/variables/#mask-a-cicd-variable
 * @see https://docs.gitlab.com/cli/variable/set/
 */
export function planGitlab(variables: readonly InjectedVariable[], target: GitlabTarget = {}): CiPlan {
  checkVariables(variables);
  const parsed = gitlabTargetSchema.safeParse(target);
  if (!parsed.success) {
    throw new LotseError({
      code: "usage.argument",
      message: `GitLab has no ${parsed.error.issues[0]?.path.join(".") ?? "target"} of that form`,
      hint: "name the project as GROUP/PROJECT, and the environment as GitLab's environment scope",
    });
  }
  for (const variable of variables) {
    if (revealValue(variable).length > maxValueLength) {
      throw unrepresentable(variable, `has more than ${maxValueLength} characters`, "hand it over as a file");
    }
  }
  return {
    system: "gitlab",
    steps: variables.map((variable) => stepOf(variable, parsed.data)),
    warnings: variables.flatMap(warningsOf),
  };
}

function stepOf(variable: InjectedVariable, target: z.output<typeof gitlabTargetSchema>): CiStep {
  const secret = isSecret(variable);
  const masked = secret && maskable.test(revealValue(variable));
  const isProtected = secret && target.protected;
  return {
    name: variable.name,
    kind: secret ? "secret" : "variable",
    masked,
    protected: isProtected,
    environment: target.environment,
    command: [
      "glab",
      "variable",
      "set",
      variable.name,
      "--raw",
      ...(masked ? ["--masked"] : []),
      ...(isProtected ? ["--protected"] : []),
      "--scope",
      target.environment,
      ...(target.project === undefined ? [] : ["--repo", target.project]),
    ],
  };
}

function warningsOf(variable: InjectedVariable): readonly Diagnostic[] {
  const value = revealValue(variable);
  const warnings: Diagnostic[] = [];
  if (value !== value.trim()) warnings.push(ciWarning(variable, "has space at an end, which glab cuts off"));
  if (isSecret(variable) && !maskable.test(value)) {
    const why = /[\r\n]/u.test(value)
      ? "has several lines"
      : /\s/u.test(value)
        ? "has a space in it"
        : "is shorter than 8 characters";
    warnings.push(ciWarning(variable, `${why}, so GitLab does not mask it in job logs`));
  }
  return warnings;
}
