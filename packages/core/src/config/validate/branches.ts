import type { Ajv2020, ErrorObject, ValidateFunction } from "ajv/dist/2020.js";

/** Finds the validator of a subschema by the path that Ajv puts into its errors. */
export type BranchFinder = (schemaPath: string) => ValidateFunction | undefined;

/** Makes a finder over one compiled schema. */
export function branchFinder(ajv: Ajv2020, id: string): BranchFinder {
  return (schemaPath) => ajv.getSchema(`${id}${schemaPath}`);
}

/**
 * Reduces the errors of `oneOf` and `anyOf` to those of the branch that was meant. Ajv lists the errors of
 * every branch, then one for the keyword itself; from the end of the list backwards, each such group is
 * replaced by the errors of its best branch.
 */
export function chooseBranches(errors: readonly ErrorObject[], find: BranchFinder): readonly ErrorObject[] {
  const chosen: ErrorObject[] = [];
  for (let at = errors.length - 1; at >= 0; at--) {
    const error = errors[at] as ErrorObject;
    const branches = isAlternative(error) ? branchErrors(error, find) : undefined;
    if (branches === undefined) {
      if (error.keyword !== "if") chosen.unshift(error);
      continue;
    }
    at -= branches.reduce((sum, branch) => sum + branch.length, 0);
    const failing = branches.filter((branch) => branch.length > 0);
    const matched = branches.length - failing.length;
    if (matched > 0) chosen.unshift(error);
    else chosen.unshift(...chooseBranches(bestOf(failing, error.instancePath), find));
  }
  return chosen;
}

function isAlternative(error: ErrorObject): boolean {
  return error.keyword === "oneOf" || error.keyword === "anyOf";
}

/** The errors of each branch on the value that failed, with paths from the root. */
function branchErrors(
  error: ErrorObject,
  find: BranchFinder,
): readonly (readonly ErrorObject[])[] | undefined {
  if (!Array.isArray(error.schema)) return undefined;
  const result: (readonly ErrorObject[])[] = [];
  for (let index = 0; index < error.schema.length; index++) {
    const validate = find(`${error.schemaPath}/${index}`);
    if (validate === undefined) return undefined;
    validate(error.data);
    result.push(
      (validate.errors ?? []).map((inner) => ({
        ...inner,
        instancePath: error.instancePath + inner.instancePath,
      })),
    );
  }
  return result;
}

/**
 * The branch that was meant: the one whose discriminator fits (no `const`, `enum` or `type` error directly
 * on a property of the value), then the one with the fewest errors.
 */
function bestOf(branches: readonly (readonly ErrorObject[])[], base: string): readonly ErrorObject[] {
  const depth = base.split("/").length;
  const mismatches = (branch: readonly ErrorObject[]): number =>
    branch.filter(
      (error) =>
        ["const", "enum", "type"].includes(error.keyword) &&
        error.instancePath.split("/").length <= depth + 1,
    ).length;
  const scored = branches.map((branch) => ({ branch, mismatches: mismatches(branch) }));
  scored.sort(
    (left, right) => left.mismatches - right.mismatches || left.branch.length - right.branch.length,
  );
  return scored[0]?.branch ?? [];
}
