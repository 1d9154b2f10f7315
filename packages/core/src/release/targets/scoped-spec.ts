import { z } from "zod";
import { isSafeName, type TenantScope } from "../names.ts";
import type { TargetSpec } from "./index.ts";
import { parseSpec } from "./parse-spec.ts";
import { LotseError } from "../../kernel/index.ts";

const name = z.string().refine(isSafeName, "is not a name");
const partSchema = z
  .record(z.string(), z.unknown())
  .refine((part) => !Object.hasOwn(part, "type"), "may not change the type");
const tenantsSchema = z.record(name, partSchema);

/** What a description may say besides: of an environment, of a tenant, and of a tenant in an environment. */
const partsSchema = z.looseObject({
  environments: z
    .record(name, partSchema.and(z.looseObject({ tenants: tenantsSchema.optional() })))
    .optional(),
  tenants: tenantsSchema.optional(),
});

type Part = Readonly<Record<string, unknown>>;

/**
 * What the description of a target says for one tenant: what it says for all, over that what it says for the
 * environment, for the tenant, and for the tenant in the environment. Maps are merged, everything else is replaced.
 *
 * @throws LotseError `target.spec`
 */
export function scopedSpec(target: TargetSpec, { environment, tenant }: TenantScope): TargetSpec {
  const { environments, tenants, ...all } = parseSpec(partsSchema, target);
  const { tenants: inEnvironment, ...own } = environments?.[environment] ?? {};
  const parts = [own, tenants?.[tenant] ?? {}, inEnvironment?.[tenant] ?? {}];
  return parts.reduce<Part>(merged, all) as unknown as TargetSpec;
}

/**
 * Refuses what is said for an environment or a tenant that there is not: it would count for nobody.
 *
 * @param known - the tenants of each environment
 * @throws LotseError `target.spec`
 */
export function checkScopedNames(
  target: TargetSpec,
  known: Readonly<Record<string, readonly string[]>>,
): void {
  const { environments = {}, tenants = {} } = parseSpec(partsSchema, target);
  const everybody = Object.values(known).flat();
  const refuse = (path: string, what: string, all: readonly string[]): void => {
    throw new LotseError({
      code: "target.spec",
      message: `target.${path}: there is no ${what}`,
      hint: `there are ${[...new Set(all)].slice(0, 20).join(", ")}`,
      where: { path: `target.${path}` },
    });
  };
  for (const tenant of Object.keys(tenants))
    if (!everybody.includes(tenant)) refuse(`tenants.${tenant}`, "such tenant", everybody);
  for (const [environment, part] of Object.entries(environments)) {
    const there = known[environment];
    if (there === undefined) refuse(`environments.${environment}`, "such environment", Object.keys(known));
    for (const tenant of Object.keys(part.tenants ?? {}))
      if (there?.includes(tenant) === false)
        refuse(`environments.${environment}.tenants.${tenant}`, "such tenant in it", there);
  }
}

function merged(below: Part, above: Part): Part {
  const result: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const before = Object.hasOwn(below, key) ? below[key] : undefined;
    result[key] = isMap(value) && isMap(before) ? merged(before, value) : value;
  }
  return result;
}

function isMap(value: unknown): value is Part {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
