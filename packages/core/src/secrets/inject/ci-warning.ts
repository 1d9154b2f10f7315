import type { Diagnostic } from "../../kernel/index.ts";
import type { InjectedVariable } from "./variable.ts";

/** A finding about a variable in a CI system. `why` continues "the value of NAME" and shows nothing of it. */
export function ciWarning(variable: InjectedVariable, why: string): Diagnostic {
  return {
    code: "secret.unrepresentable",
    severity: "warning",
    message: `the value of ${variable.name} ${why}`,
    hint: "encode it in base64, and decode it in the job",
    where: variable.path === undefined ? {} : { path: variable.path },
  };
}
