import { invalidConfig, toYaml, parseJson, type ResolveRequest, type Snapshot } from "../../config/index.ts";
import { LotseError, Sensitive, type Scope } from "../../kernel/index.ts";
import {
  assertNoSecretInArguments,
  describeCiPlan,
  planGithub,
  planGitlab,
  renderComposeEnvFile,
  renderConfigMap,
  renderDotenv,
  renderExternalSecret,
  renderSecret,
  runWithVariables,
  type Artefact,
  type CiPlan,
  type InjectedVariable,
  type RunOutcome,
  type RunRequest,
} from "../../secrets/inject/index.ts";
import type { Session } from "../session.ts";
import { closedSecrets, locationOf, openAllSecrets, openVariables, planVariables } from "./variables.ts";

/** Which variables are wanted. */
export interface InjectionRequest {
  readonly request: ResolveRequest;
  /** Also every secret of the scope under its own name. */
  readonly allSecrets: boolean;
}

/**
 * The variables of a scope with their secrets opened; each one is in the audit log.
 *
 * @throws LotseError where the configuration has errors, and as `openSecret`
 */
export async function variablesFor(
  session: Session,
  { request, allSecrets }: InjectionRequest,
): Promise<readonly InjectedVariable[]> {
  const snapshot = resolved(session, request);
  const opened = await openVariables(session, snapshot, planVariables(snapshot));
  if (!allSecrets) return opened;
  const names = new Set(opened.map(({ name }) => name));
  const further = await openAllSecrets(session, snapshot.scope);
  return [...opened, ...further.filter(({ name }) => !names.has(name))];
}

function resolved(session: Session, request: ResolveRequest): Snapshot {
  const snapshot = session.engine.resolve(request);
  if (!snapshot.ok) throw invalidConfig(snapshot.scope, snapshot.diagnostics);
  return snapshot;
}

/** How a program is run with a scope's variables. */
export interface ExecRequest
  extends InjectionRequest, Pick<RunRequest, "command" | "how" | "clean" | "cwd" | "signal"> {
  /** Whether its output goes through the firewall. */
  readonly redact: boolean;
}

/**
 * Runs a program with the variables of a scope.
 *
 * @returns how it ended
 * @throws LotseError `secret.leak` where an argument holds a secret; as {@link variablesFor}; `machine.exec`
 */
export async function execWithSecrets(session: Session, request: ExecRequest): Promise<RunOutcome> {
  const variables = await variablesFor(session, request);
  assertNoSecretInArguments(request.command, variables);
  const firewall = request.redact ? session.revealed.firewall() : null;
  const { scope } = resolved(session, request.request);
  return await session.recorder.change(
    {
      action: "secret.exec",
      object: request.command[0] ?? "",
      scope,
      details: { variables: variables.length, how: request.how },
    },
    () =>
      runWithVariables({
        command: request.command,
        variables,
        how: request.how,
        cwd: request.cwd,
        clean: request.clean ?? false,
        environment: session.variables,
        exec: session.exec,
        clock: session.clock,
        ...(request.signal === undefined ? {} : { signal: request.signal }),
        ...(firewall === null
          ? {}
          : { redactOutput: () => ({ stdout: firewall.transform(), stderr: firewall.transform() }) }),
      }),
    ({ status }) => ({ outcome: status === 0 ? "success" : "failure", details: { status } }),
  );
}

/** The forms in which a scope's variables can be handed on. */
export const exportForms = [
  "dotenv",
  "compose",
  "kubernetes",
  "external-secret",
  "github",
  "gitlab",
] as const;

/** See {@link exportForms}. */
export type ExportForm = (typeof exportForms)[number];

/** What an export is called where it goes. */
export interface ExportNames {
  /** The name of the Kubernetes objects. */
  readonly name: string;
  readonly namespace?: string;
  /** The SecretStore that external-secrets asks. */
  readonly store: string;
}

/** An export: files to write, or a plan to print. */
export interface Exported {
  readonly artefacts: readonly Artefact[];
  readonly plan: CiPlan | null;
  /** For people: the plan's lines, or what to put into a Compose file. */
  readonly notes: readonly string[];
}

/**
 * Renders the variables of a scope for a program that reads them elsewhere. Plans and external-secrets
 * manifests hold no values, so no secret is opened for them.
 *
 * @throws LotseError as {@link variablesFor}; `secret.unrepresentable` for a value that the form cannot hold
 */
export async function exportVariablesAs(
  session: Session,
  injection: InjectionRequest,
  form: ExportForm,
  names: ExportNames,
): Promise<Exported> {
  const open = (): Promise<readonly InjectedVariable[]> => variablesFor(session, injection);
  const { scope } = resolved(session, injection.request);
  const object = {
    name: names.name,
    ...(names.namespace === undefined ? {} : { namespace: names.namespace }),
  };
  switch (form) {
    case "dotenv":
      return files([renderDotenv(await open(), { dialect: "portable", path: fileName(scope) })]);
    case "compose": {
      const { artefact, entry } = renderComposeEnvFile(await open(), { path: fileName(scope) });
      const fragment = toYaml(parseJson(JSON.stringify({ env_file: [entry] })));
      return { artefacts: [artefact], plan: null, notes: fragment.trimEnd().split("\n") };
    }
    case "kubernetes": {
      const variables = await open();
      const secret = variables.filter(isSecret);
      const plain = variables.filter((variable) => !isSecret(variable));
      return files([
        ...(secret.length === 0 ? [] : [renderSecret(secret, object)]),
        ...(plain.length === 0 ? [] : [renderConfigMap(plain, object)]),
      ]);
    }
    case "external-secret": {
      const configured = closed(session, injection);
      const taken = new Set(configured.map(({ name }) => name));
      const further = injection.allSecrets ? await closedSecrets(session, scope) : [];
      const variables = [...configured, ...further.filter(({ name }) => !taken.has(name))].filter(isSecret);
      return files([renderExternalSecret(variables, object, { store: { name: names.store } })]);
    }
    case "github":
      return planned(planGithub(await open(), { environment: scope.environment }));
    case "gitlab":
      return planned(planGitlab(await open(), { environment: scopeName(scope) }));
    default:
      throw new LotseError({
        code: "usage.argument",
        message: `${String(form satisfies never)} is not a form`,
        hint: `forms are ${exportForms.join(", ")}`,
      });
  }
}

/** The variables with nothing in place of their secrets, for what only names them. */
function closed(session: Session, { request }: InjectionRequest): readonly InjectedVariable[] {
  return planVariables(resolved(session, request)).map(({ name, path, value }) => {
    if (typeof value === "string") return { name, path, value, secret: false };
    return { name, path, value: new Sensitive(""), secret: true, ...locationOf(value) };
  });
}

const isSecret = ({ secret, value }: InjectedVariable): boolean => secret || value instanceof Sensitive;

function files(artefacts: readonly Artefact[]): Exported {
  return { artefacts, plan: null, notes: [] };
}

function planned(plan: CiPlan): Exported {
  return { artefacts: [], plan, notes: describeCiPlan(plan) };
}

function fileName(scope: Scope): string {
  return `${scopeName(scope).replace("/", "-")}.env`;
}

function scopeName({ environment, tenant }: Scope): string {
  return tenant === undefined ? environment : `${environment}/${tenant}`;
}
