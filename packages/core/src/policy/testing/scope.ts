/** Scopes and rules for tests: facts given as they are, without files. */
import type { Check } from "../checks/check.ts";
import type { PolicyScope } from "../engine/scope.ts";
import type { Fact, FactValue, FactValues } from "../facts/fact.ts";
import type { Framework } from "../frameworks/framework.ts";
import type { Profile } from "../profiles/profile.ts";
import type { Waiver } from "../waivers/waiver.ts";

/** A profile that runs some checks and exempts none. */
export function profileWith(checks: readonly string[], kind: Profile["kind"] = "production"): Profile {
  return {
    id: kind,
    title: kind,
    kind,
    environments: ["*"],
    checks: [...checks],
    gate: { severities: ["critical", "high"], checks: [], except: [], unknown: [] },
  };
}

/** A fact that stands in a file `base.yml`. */
export function factAt(name: string, value: FactValue): Fact {
  return {
    value,
    evidence: {
      fact: name,
      path: name,
      layer: "base",
      file: "base.yml",
      line: 1,
      shown: JSON.stringify(value),
    },
    part: (path) => ({ fact: name, path: `${name}.${path.join(".")}`, file: "base.yml", line: 2 }),
  };
}

/** A scope whose facts are these and no others. */
export function scopeWith(
  values: FactValues,
  parts: Partial<Omit<PolicyScope, "find">> & Pick<PolicyScope, "profile">,
): PolicyScope {
  const facts = new Map(Object.entries(values).map(([name, value]) => [name, factAt(name, value)]));
  return {
    environment: "prod",
    tenant: "acme",
    frameworks: [],
    snapshot: () => "5a".repeat(32),
    find: (name) => facts.get(name),
    ...parts,
  };
}

/** A framework with one requirement for each check. */
export function frameworkOf(id: string, checks: readonly (Check | string)[]): Framework {
  return {
    id,
    title: id.toUpperCase(),
    requirements: checks.map((check, index) => ({
      id: `R${index + 1}`,
      title: "what it asks",
      checks: [typeof check === "string" ? check : check.id],
      tentative: false,
    })),
  };
}

/** A waiver by somebody else than its author, for every scope, from May to July 2026. */
export function waiverOf(check: string, parts: Partial<Waiver> = {}): Waiver {
  return {
    check,
    id: `waive-${check}`,
    file: `policy/waivers/waive-${check}.yml`,
    scope: { environments: ["*"], tenants: ["*"] },
    owner: "platform team",
    reason: "the replacement arrives in July",
    approver: "ben@example.com",
    approved: "2026-05-01",
    expires: "2026-07-31",
    authors: ["ann@example.com", "Ann"],
    where: () => ({ file: `policy/waivers/waive-${check}.yml`, line: 1 }),
    ...parts,
  };
}
