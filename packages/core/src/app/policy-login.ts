import { LotseError, type Scope } from "../kernel/index.ts";
import { scopeMatches, type LoginOpener, type ProbeSettings } from "../policy/index.ts";
import { nameOfReference } from "../secrets/store/index.ts";
import { openSecret } from "./secrets/read.ts";
import type { Session } from "./session.ts";

/**
 * Opens the password that a probe of `policy/policy.yml` logs in with, and reads its certificate authority. The access
 * is in the audit log as any other.
 *
 * @throws LotseError from the opener: `secret.*`, `file.not-found` for the authority, `policy.profile` for a probe of
 * no environment that there is
 */
export function loginOpener(session: Session): LoginOpener {
  return async (probe) => {
    const login = probe.postgresql?.login;
    if (login === undefined) return undefined;
    const [, path = "", field] = /^\$\{secret:([^#}]+)(?:#([^}]+))?\}$/u.exec(login.password) ?? [];
    const { value } = await openSecret(session, scopeOf(session, probe), nameOfReference({ path, field }));
    return { password: value, ...(login.ca === undefined ? {} : { ca: authorityOf(session, login.ca) }) };
  };
}

/** The secret is that of the first environment that the probe is of, and of its tenant where it names one. */
function scopeOf({ engine }: Session, { environments, tenants }: ProbeSettings): Scope {
  const [only] = tenants.length === 1 && !/[*?]/u.test(tenants[0] ?? "") ? tenants : [];
  const environment = engine.workspace.environments.find((name) =>
    scopeMatches({ environments, tenants: ["*"] }, name, null),
  );
  if (environment !== undefined) return { environment, ...(only === undefined ? {} : { tenant: only }) };
  throw new LotseError({
    code: "policy.profile",
    message: `a probe is of ${environments.join(", ").slice(0, 200)}, and there is no such environment`,
    hint: `there are ${engine.workspace.environments.join(", ")}`,
    where: { file: "policy/policy.yml", path: "probes" },
  });
}

function authorityOf({ engine }: Session, file: string): string {
  const bytes = engine.files.read(file);
  if (bytes !== undefined) return Buffer.from(bytes).toString("utf8");
  throw new LotseError({
    code: "file.not-found",
    message: `there is no ${file}, which a probe of PostgreSQL trusts`,
    hint: "name the certificate authority's file below the workspace",
    where: { file },
  });
}
