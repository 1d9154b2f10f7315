import { randomBytes } from "node:crypto";
import { printed, type PrintedRollout } from "@lotse/core/contract";
import { expect } from "../demo/shell.ts";
import { edit } from "../demo/workspace.ts";
import type { HostsShell } from "./shell.ts";

/** The tenant that is released. */
export const tenant = "nordlicht-records";

const secretNames = [
  "application.secret_key",
  "jwt.secret_key",
  "oidc.client_secret",
  "openai.api_key",
  "postgresql.password",
  "redis.password",
  "sentry.dsn",
];

/** Makes a key, and values for every secret that the example refers to. */
export async function makeSecrets(shell: HostsShell): Promise<void> {
  await shell.lotse(["secrets", "init"], { lines: 1 });
  const newValue = (): string => randomBytes(24).toString("base64url");
  for (const name of secretNames) {
    await shell.lotse(["secrets", "set", "prod", name], { input: newValue(), lines: 0 });
  }
  const own = ["secrets", "set", "prod", "spotify.api_key", "--tenant", tenant];
  expect((await shell.lotse(own, { input: newValue(), lines: 0 })).status === 0, "the secrets are written");
}

/** Writes the code's version, as a developer would. */
export function bump(workspace: string, from: string, to: string): void {
  edit(workspace, "app/src/version.js", `"${from}"`, `"${to}"`);
}

/** Makes a signed release of what is in the workspace. */
export async function makeRelease(shell: HostsShell, version: string): Promise<void> {
  const made = await shell.lotse(["release", "create", "--version", version], { lines: 1 });
  expect(made.status === 0, `release ${version} is made`);
}

/** How a rollout ended. */
export interface RolledOut {
  readonly status: number;
  readonly rollout: PrintedRollout;
}

/** Runs `lotse deploy` or `rollback` for the tenant, and tells how it ended. */
export async function roll(shell: HostsShell, command: readonly string[]): Promise<RolledOut> {
  const [verb = "", ...rest] = command;
  const { status, value } = await shell.json([verb, `prod:${tenant}`, ...rest], printed.rollout);
  shell.tell(`  ${endOf(value)}; exit status ${status}`);
  return { status, rollout: value };
}

/** How a rollout ended for the tenant, in a line. */
export function endOf({ tenants, release }: PrintedRollout): string {
  const [only] = tenants;
  const reason = only?.reason === undefined ? "" : `: ${only.reason.split("\n")[0]}`;
  const took = ` in ${((only?.durationMs ?? 0) / 1000).toFixed(1)} s`;
  return `${release.version}: ${only?.status ?? "unknown"}${took}${reason}`;
}

/** From the moment in which a rollout was handed over until a step of it had ended, in milliseconds. */
export function untilStep({ createdAt, steps }: PrintedRollout, name: string): number {
  const ended = steps.find((step) => step.name === name)?.endedAt;
  return ended === null || ended === undefined ? Number.NaN : Date.parse(ended) - Date.parse(createdAt);
}
