import { changedSince, suggest, type ResolvedScope } from "../config/index.ts";
import { isLotseError, LotseError, type Diagnostic } from "../kernel/index.ts";
import {
  expiringWaivers,
  explainCheck,
  judgeGate,
  lintWaivers,
  listWaivers,
  loadRules,
  openProbes,
  PolicySession,
  profileOf,
  type ExplainedCheck,
  type FactSource,
  type ListedWaiver,
  type PolicyRules,
  type PolicyRun,
} from "../policy/index.ts";
import { impactOf } from "./impact.ts";
import { workspaceSources } from "./policy-sources.ts";
import { loginOpener } from "./policy-login.ts";
import type { Session } from "./session.ts";
import { waiverAuthors } from "./waiver-authors.ts";

/** What the policy is checked for. */
export interface PolicyRequest {
  /** A name or alias. @defaultValue all environments */
  readonly environment?: string | undefined;
  /** @defaultValue all tenants */
  readonly tenant?: string | undefined;
  /** Only this framework, in the scopes that it applies to. */
  readonly framework?: string | undefined;
  /** Whether an unknown fails. @defaultValue what `policy/policy.yml` says */
  readonly strict?: boolean | undefined;
  /** Only scopes whose configuration resolves to something else than at this git revision. */
  readonly changedSince?: string | undefined;
  /** Whether the running system is asked, as `policy/policy.yml` lists it. @defaultValue false */
  readonly probe?: boolean | undefined;
  /** Further sources of facts, such as the secrets and the audit log; they are believed first. */
  readonly sources?: readonly FactSource[] | undefined;
}

/**
 * Reads the rules of a workspace, with every source of facts that is at hand.
 *
 * @throws LotseError `policy.*`, `vulnerability.source`; with `probe` as {@link loginOpener}, `machine.missing`
 */
export async function policyRules(
  session: Session,
  request: Pick<PolicyRequest, "sources" | "probe"> = {},
): Promise<PolicyRules> {
  const sources = [...(request.sources ?? []), ...(await workspaceSources(session))];
  const rules = await loadRules(session.engine.files, {
    directory: session.directory,
    authors: await waiverAuthors(session),
    sources,
  });
  if (request.probe !== true || rules.settings.probes.length === 0) return rules;
  const at = session.clock.now().toISOString();
  const probes = await openProbes(rules.settings.probes, at, loginOpener(session));
  return { ...rules, sources: [...rules.sources, probes] };
}

/**
 * Judges the workspace as it is. A scope that does not resolve has unknown results, with the reason in `unresolved`.
 *
 * @throws LotseError `config.unknown-environment`, `config.unknown-tenant`,
 * `policy.*`, and with `changedSince` `git.failed`
 */
export async function policyCheck(session: Session, request: PolicyRequest = {}): Promise<PolicyRun> {
  const rules = await policyRules(session, request);
  return await runPolicy(session, rules, request);
}

/** As {@link policyCheck}, by rules that are read already. */
async function runPolicy(
  session: Session,
  rules: PolicyRules,
  request: PolicyRequest = {},
): Promise<PolicyRun> {
  checkFramework(rules, request.framework);
  const select = await selection(session, request);
  return new PolicySession({ engine: session.engine, rules }).run({
    select,
    framework: request.framework,
    strict: request.strict,
    at: session.clock.now(),
  });
}

/** @throws LotseError `policy.framework` */
function checkFramework({ frameworks }: PolicyRules, name: string | undefined): void {
  if (name === undefined || frameworks.some(({ id }) => id === name)) return;
  throw new LotseError({
    code: "policy.framework",
    message: `there is no framework ${name.slice(0, 100)}`,
    hint: suggest(
      name,
      frameworks.map(({ id }) => id),
    ),
  });
}

/** Which scopes a request is about. */
async function selection(
  session: Session,
  { environment, tenant, changedSince: since }: PolicyRequest,
): Promise<(scope: ResolvedScope) => boolean> {
  const { engine } = session;
  const name = environment === undefined ? undefined : engine.environment(environment);
  if (tenant !== undefined) {
    if (name !== undefined) checkTenant(session, { environment: name, tenant });
    else if (!engine.tenants.all().includes(tenant)) throw unknownTenant(tenant, engine.tenants.all());
  }
  const changed = since === undefined ? undefined : await changedScopes(session, since);
  return (scope) =>
    (name === undefined || scope.environment === name) &&
    (tenant === undefined || scope.tenant === tenant) &&
    (changed === undefined || changed(scope));
}

/**
 * Asking for its layers tells what is wrong with a tenant that does not exist, or not there.
 *
 * @throws LotseError `config.unknown-tenant`
 */
function checkTenant({ engine }: Session, scope: ResolvedScope): void {
  try {
    engine.layers(scope);
  } catch (error) {
    // What else may be wrong with it is a result.
    if (!isLotseError(error) || error.code === "config.unknown-tenant") throw error;
  }
}

function unknownTenant(tenant: string, all: readonly string[]): LotseError {
  return new LotseError({
    code: "config.unknown-tenant",
    message: `there is no tenant ${tenant.slice(0, 100)}`,
    hint: suggest(tenant, all),
  });
}

/** A change of the policy itself concerns every scope; any other, those that resolve to something else. */
async function changedScopes(session: Session, since: string): Promise<(scope: ResolvedScope) => boolean> {
  const files = await changedSince(session.directory, since, session.exec);
  if ([...files].some((file) => file.startsWith("policy/"))) return () => true;
  const { impacts } = await impactOf(session, {
    files: [],
    from: session.directory,
    since,
    variables: session.variables,
  });
  const found = new Set(impacts.map((impact) => `${impact.environment}:${impact.tenant ?? ""}`));
  return ({ environment, tenant }) => found.has(`${environment}:${tenant ?? ""}`);
}

/** What the release gate came to. */
export interface PolicyGate {
  /** Whether the workspace has a `policy/policy.yml`; without one the gate is open whatever the run says. */
  readonly asked: boolean;
  readonly ok: boolean;
  readonly findings: readonly Diagnostic[];
  /** What a release carries as its result; without a `policy/policy.yml` that of the built-in profiles, to be known. */
  readonly run: PolicyRun;
}

/**
 * Asks whether scopes may be released, by the profiles of their environments. In a workspace without a
 * `policy/policy.yml` everything may, and the result is information.
 *
 * @throws LotseError as {@link policyCheck}
 */
export async function policyGate(
  session: Session,
  scopes: readonly ResolvedScope[],
  request: Pick<PolicyRequest, "sources" | "strict"> = {},
): Promise<PolicyGate> {
  const rules = await policyRules(session, request);
  const wanted = new Set(scopes.map(({ environment, tenant }) => `${environment}:${tenant ?? ""}`));
  const run = new PolicySession({ engine: session.engine, rules }).run({
    select: ({ environment, tenant }) => wanted.has(`${environment}:${tenant ?? ""}`),
    strict: request.strict,
    at: session.clock.now(),
  });
  if (!rules.configured) return { asked: false, ok: true, findings: [], run };
  const verdict = judgeGate(run, (environment) =>
    profileOf(environment, rules.profiles, rules.settings.profiles),
  );
  const unresolved = run.unresolved ?? [];
  return {
    asked: true,
    ok: verdict.ok && unresolved.length === 0,
    findings: [...unresolved, ...verdict.findings],
    run,
  };
}

/**
 * Explains a check: what it asks, why, which facts it reads and where they come from here, and what it is
 * evidence for.
 *
 * @param check - an id, or the number of a row
 * @throws LotseError `policy.check` where there is none
 */
export async function policyExplain(session: Session, check: string): Promise<ExplainedCheck> {
  return explainCheck(await policyRules(session), check);
}

/** What a command about waivers stands on. */
async function waiverContext(session: Session) {
  const rules = await policyRules(session);
  return {
    rules,
    today: session.clock.now().toISOString().slice(0, 10),
    bounds: {
      maxDays: rules.settings.waivers["max-days"],
      checks: new Set(rules.checks.map(({ id }) => id)),
    },
  };
}

/** All findings about the waivers of a workspace; none is an error where every one of them holds. */
export async function policyWaiverLint(session: Session): Promise<readonly Diagnostic[]> {
  const { rules, today, bounds } = await waiverContext(session);
  return lintWaivers(rules.waivers, today, bounds);
}

/** The waivers of a workspace, those that end soonest first. */
export async function policyWaiverList(session: Session): Promise<readonly ListedWaiver[]> {
  const { rules, today, bounds } = await waiverContext(session);
  return listWaivers(rules.waivers.waivers, today, bounds);
}

/** The waivers that end within some days, or have ended. @param withinDays - @defaultValue 30 */
export async function policyWaiverExpiring(
  session: Session,
  withinDays = 30,
): Promise<readonly ListedWaiver[]> {
  const { rules, today, bounds } = await waiverContext(session);
  return expiringWaivers(rules.waivers.waivers, today, bounds, withinDays);
}
