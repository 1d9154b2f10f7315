import { posix } from "node:path";
import { suggest, type ResolvedScope, type ResolveRequest } from "../config/index.ts";
import { diagnosticOf, isLotseError, type Diagnostic } from "../kernel/index.ts";
import type { Session } from "./session.ts";

/** The findings of a validation. */
export interface ValidationReport {
  readonly ok: boolean;
  readonly scopes: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** What is validated besides the scopes themselves. */
export type ValidationOptions = Pick<ResolveRequest, "overrides" | "set">;

/**
 * Validates scopes. A finding that many scopes share, because they share the layer it is in, is told once,
 * for the first of them.
 */
export function validateScopes(
  session: Session,
  scopes: readonly ResolvedScope[],
  options: ValidationOptions = {},
  progress: (done: number, total: number) => void = () => {},
): ValidationReport {
  const found = new Map<string, Diagnostic>();
  for (const [done, scope] of scopes.entries()) {
    progress(done, scopes.length);
    for (const diagnostic of findingsOf(session, { ...scope, ...options })) {
      const { code, message, where } = diagnostic;
      const key = JSON.stringify([code, message, where]);
      if (!found.has(key)) found.set(key, withScope(diagnostic, scope));
    }
  }
  progress(scopes.length, scopes.length);
  for (const diagnostic of expiredEntries(session)) found.set(JSON.stringify(diagnostic), diagnostic);
  const diagnostics = [...found.values()].sort(bySeverity);
  return {
    ok: diagnostics.every(({ severity }) => severity !== "error"),
    scopes: scopes.length,
    diagnostics,
  };
}

/** Break-glass entries that have run out, and only wait to be removed. */
function expiredEntries({ engine, clock }: Session): readonly Diagnostic[] {
  const today = clock.now().toISOString().slice(0, 10);
  return engine.workspace.breakGlass
    .filter(({ expires }) => expires < today)
    .map(({ path, expires, where }) => ({
      code: "lock.break-glass-expired",
      severity: "warning",
      message: `the break-glass entry for ${path} expired on ${expires}`,
      hint: "remove it",
      where,
    }));
}

function findingsOf(session: Session, request: ResolveRequest): readonly Diagnostic[] {
  try {
    const snapshot = session.engine.resolve(request);
    return [...session.manager.check(snapshot), ...missingLayerFiles(session, request)];
  } catch (error) {
    if (isLotseError(error)) return [diagnosticOf(error)];
    throw error;
  }
}

/** A tier or region that no file describes is most likely misspelt. */
function missingLayerFiles(session: Session, request: ResolveRequest): readonly Diagnostic[] {
  const { engine } = session;
  const { tenant } = request;
  if (tenant === undefined) return [];
  const own = engine.tenants.documents(tenant, engine.environment(request.environment));
  return engine.workspace.layers
    .flatMap((layer) => (layer.kind === "files" ? layer.patterns : []))
    .flatMap((pattern) => {
      const attribute = /^([^{}]*)\{tenant\.([^{}]+)\}(\.[a-z]+)$/u.exec(pattern);
      if (attribute === null) return [];
      const [, before = "", name = "", ending = ""] = attribute;
      for (const document of own.toReversed()) {
        const value = attributeAt(document.root, name);
        if (value === undefined) continue;
        const path = posix.join(engine.workspace.root, `${before}${value.text}${ending}`);
        if (engine.store.find(path) !== undefined) return [];
        const names = [...engine.store.names(posix.dirname(path))].map((file) =>
          file.replace(/\.[a-z]+$/u, ""),
        );
        return [
          {
            code: "layer.no-file" as const,
            severity: "warning" as const,
            message: `tenant.${name} is "${value.text}", but ${path} does not exist`,
            hint: suggest(value.text, names),
            where: { ...value.where, path: `tenant.${name}` },
          },
        ];
      }
      return [];
    });
}

type MapNode = ReturnType<Session["engine"]["resolve"]>["root"];

function attributeAt(root: MapNode, name: string): { text: string; where: Diagnostic["where"] } | undefined {
  const tenant = root.entries.get("tenant");
  const node = tenant?.kind === "map" ? tenant.entries.get(name) : undefined;
  if (node?.kind !== "string") return undefined;
  return { text: String(node.value), where: node.source.where(node.offset) };
}

function withScope(diagnostic: Diagnostic, scope: ResolvedScope): Diagnostic {
  return {
    ...diagnostic,
    environment: scope.environment,
    ...(scope.tenant === undefined ? {} : { tenant: scope.tenant }),
  };
}

const order = { error: 0, warning: 1, info: 2 } as const;

function bySeverity(left: Diagnostic, right: Diagnostic): number {
  return order[left.severity] - order[right.severity];
}
