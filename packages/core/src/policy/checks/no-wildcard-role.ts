import type { Check } from "./check.ts";
import { itemsOf, listed, nameOf, partOf, textsIn } from "./support.ts";
import { fail, pass } from "./verdict.ts";

const viewer = { name: "viewer", permissions: ["config:read"] };

/** Row 17. */
export const noWildcardRole: Check = {
  id: "no-wildcard-role",
  number: 17,
  title: "No role has a wildcard",
  severity: "high",
  why: "A wildcard grants what nobody decided on, including what is added later.",
  remedy: "List the permissions that the role needs.",
  facts: ["access.roles"],
  rule: (facts) => {
    const roles = itemsOf(facts, "access.roles");
    if (roles.length === 0) return fail("no roles are defined");
    const wide = roles.filter(({ value }) =>
      textsIn(value, "permissions").some((text) => text.includes("*")),
    );
    return wide.length === 0
      ? pass(`${roles.length} roles, no wildcard`)
      : fail(
          `a wildcard in ${listed(wide.map(nameOf))}`,
          wide.map((item) => partOf("access.roles", item, "permissions")),
        );
  },
  examples: {
    pass: { "access.roles": [viewer] },
    fail: { "access.roles": [viewer, { name: "owner", permissions: ["config:*"] }] },
  },
};
