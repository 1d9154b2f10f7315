import { z } from "zod";
import { LotseError, type ErrorCode } from "../kernel/index.ts";

/** One of the two places a tenant's environment can run in; traffic goes to one of them. */
export type Colour = "blue" | "green";

/** Both colours, in the order in which they are tried. */
export const colours: readonly Colour[] = ["blue", "green"];

/** One colour of one tenant in one environment: where one release of it can run. */
export interface Slot {
  readonly environment: string;
  readonly tenant: string;
  readonly colour: Colour;
}

/** An environment and a tenant, both named; what a rollout acts on. */
export type TenantScope = Pick<Slot, "environment" | "tenant">;

const pattern = /^[a-z0-9][a-z0-9._-]{0,62}$/iu;

/** Whether a name may become part of a path: no separators, no `..`, at most 63 characters. */
export function isSafeName(name: string): boolean {
  return pattern.test(name) && !name.includes("..");
}

/** A name that may become part of a path; see {@link isSafeName}. */
export const nameSchema = z.string().refine(isSafeName, "is not a usable name");

/** The schema of {@link Colour}. */
export const colourSchema = z.enum(["blue", "green"]);

/** The other colour than this one. */
export function otherColour(colour: Colour): Colour {
  return colour === "blue" ? "green" : "blue";
}

function check(code: ErrorCode, kind: string, name: string): void {
  if (isSafeName(name)) return;
  throw new LotseError({
    code,
    message: `${JSON.stringify(name.slice(0, 80))} is not usable as the name of ${kind}`,
    hint: "letters, digits, dots, dashes and underscores, at most 63, beginning with a letter or digit",
  });
}

/**
 * Refuses names that could lead out of the directories they are used in.
 *
 * @throws LotseError `usage.argument` for the environment, `config.tenant-id` for the tenant
 */
export function checkScope<T extends TenantScope>(scope: T): T {
  check("usage.argument", "an environment", scope.environment);
  check("config.tenant-id", "a tenant", scope.tenant);
  return scope;
}

/** Writes a slot as `environment/tenant/colour`, for messages and as a key. */
export function formatSlot(slot: Slot): string {
  return `${slot.environment}/${slot.tenant}/${slot.colour}`;
}
