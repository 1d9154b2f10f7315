import type { AppDefinition } from "../config/index.ts";
import { isLotseError, LotseError } from "../kernel/index.ts";
import {
  checkScopedNames,
  hooksSchema,
  scopedSpec,
  specPathOf,
  type Hooks,
  type ReleaseInput,
  type TargetSpec,
  type TenantScope,
} from "../release/index.ts";
import { targetOf } from "./rollout-driver.ts";
import type { Session } from "./session.ts";

/**
 * Refuses before anything is made what no tenant could be deployed by.
 *
 * @throws LotseError `target.spec` with the place in `lotse.yml`
 */
export function checkTarget(
  session: Session,
  target: TargetSpec,
  configurations: ReleaseInput["configurations"],
): void {
  const known: Record<string, readonly string[]> = {};
  const checked = new Set<string>();
  for (const [environment, tenants] of Object.entries(configurations)) {
    known[environment] = Object.keys(tenants);
    for (const tenant of Object.keys(tenants)) {
      const scope = { environment, tenant };
      placed(session, target, scope, () => {
        const spec = scopedSpec(target, scope);
        const text = JSON.stringify(spec);
        if (!checked.has(text)) targetOf(session, spec);
        checked.add(text);
      });
    }
  }
  placed(session, target, null, () => checkScopedNames(target, known));
}

/** The commands of `app.hooks`. @throws LotseError `release.hooks` with the place in `lotse.yml` */
export function hooksOfApp(session: Session, hooks: AppDefinition["hooks"]): Hooks {
  const parsed = hooksSchema.safeParse(hooks ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = ["app", "hooks", ...(issue?.path ?? []).map(String)];
  throw new LotseError({
    code: "release.hooks",
    message: `${path.join(".")}: ${issue?.message ?? "is not valid"}`,
    hint: "see docs/release.md for what a hook is made of",
    where: session.engine.workspace.placeOf(path),
    cause: parsed.error,
  });
}

/** Gives errors of a description the place in `lotse.yml` where it says so, be it for all or for one tenant. */
function placed(session: Session, target: TargetSpec, scope: TenantScope | null, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!isLotseError(error) || error.code !== "target.spec") throw error;
    const { code, message, hint = "see docs/release.md for what a target is made of", cause } = error;
    const where = session.engine.workspace.placeOf(writtenAt(target, scope, specPathOf(error)));
    // What names a path names it from the description on.
    const words = message.startsWith("target") ? `app.${message}` : message;
    throw new LotseError({ code, message: words, hint, where, cause });
  }
}

/** Where a path is written, or ought to be: in the uppermost of the parts that have most of it. */
function writtenAt(
  target: TargetSpec,
  scope: TenantScope | null,
  path: readonly string[],
): readonly string[] {
  const parts: readonly (readonly string[])[] = [
    ...(scope === null
      ? []
      : [
          ["environments", scope.environment, "tenants", scope.tenant],
          ["tenants", scope.tenant],
          ["environments", scope.environment],
        ]),
    [],
  ];
  const depths = parts.map((part) => depthOf(target, [...part, ...path]) - part.length);
  const deepest = Math.max(...depths);
  const part = deepest > 0 ? parts[depths.indexOf(deepest)] : undefined;
  return ["app", "target", ...(part ?? []), ...path];
}

/** How many keys of a path lead to something. */
function depthOf(value: unknown, [key, ...rest]: readonly string[]): number {
  if (key === undefined || typeof value !== "object" || value === null || !Object.hasOwn(value, key))
    return 0;
  return 1 + depthOf((value as Readonly<Record<string, unknown>>)[key], rest);
}
