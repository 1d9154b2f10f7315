import { createHash } from "node:crypto";
import { LotseError } from "../../../kernel/index.ts";
import { formatSlot, type Slot } from "../../names.ts";
import { askHost } from "./observe.ts";
import {
  codeDirectory,
  envFile,
  serviceUser,
  sharedDirectory,
  tenantDirectory,
  unitDescription,
} from "./places.ts";
import type { Remote } from "./remote.ts";
import type { HostPlace, HostSpec } from "./spec.ts";
import type { SessionLength } from "./ssh/sessions.ts";
import { oneShotUnit } from "./unit.ts";

/** What running a command beside a service takes. */
export interface HookParts {
  readonly remote: Remote;
  readonly host: HostPlace;
  readonly slot: Slot;
  /** The description that the slot was prepared by; asked of the host where it is missing. */
  readonly spec?: HostSpec | undefined;
  /** The same for the same command of the same step, so that it is not run twice. */
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
  /** How long it keeps others from the host. @defaultValue long */
  readonly session?: SessionLength | undefined;
}

/** What a command is known by on a host: a digest, so that keys may be any text. */
function digestOfKey({ key, slot }: HookParts, command: readonly string[]): string {
  return createHash("sha256")
    .update(JSON.stringify([key, formatSlot(slot), command]))
    .digest("hex");
}

/**
 * Runs a command as a unit of its own, with the limits, user and variables of the service. It goes on when the
 * connection breaks; a repeated call with the same key waits for it.
 *
 * @returns the last lines that it wrote, secrets taken out
 * @throws LotseError `target.hook`; `target.refused` when nothing is prepared in the slot
 */
export async function runHook(
  parts: HookParts,
  command: readonly string[],
  timeoutMs: number,
): Promise<string> {
  const { remote, host, slot, signal, session = "long" } = parts;
  const { slots } = await askHost(remote, host, slot, signal);
  const meta = slots[slot.colour]?.meta;
  if (meta === undefined) {
    const message = `${host.name}: nothing is prepared in ${formatSlot(slot)}`;
    throw new LotseError({ code: "target.refused", message });
  }
  const digest = digestOfKey(parts, command);
  const home = tenantDirectory(slot);
  const unit = oneShotUnit(
    {
      description: `${unitDescription(slot)} command`,
      command,
      workingDirectory: codeDirectory(slot, meta.directory),
      user: serviceUser(slot, meta.spec),
      environmentFiles: [envFile(slot)],
      // The service itself cannot change its code; what prepares it may.
      writable: [
        codeDirectory(slot, meta.directory),
        ...(meta.spec.shared.length === 0 ? [] : [sharedDirectory(slot)]),
      ],
      limits: meta.spec.limits,
    },
    {
      timeoutMs,
      outputFile: `${home}/keys/${digest}.raw`,
      unless: `${home}/keys/${digest}.result`,
      after: `${remote.programPath} hook-ended ${slot.environment} ${slot.tenant} ${slot.colour} ${digest}`,
    },
  );
  const input = { bytes: unit };
  const options = { input, signal, session, extraMs: timeoutMs, failure: "target.hook" } as const;
  try {
    return (await remote.act(host, "hook", slot, [slot.colour, digest], options)).trimEnd();
  } catch (error) {
    // Nobody waits for it any more, so it must not go on beside what undoes the rollout.
    if (signal?.aborted === true) await remote.act(host, "hook-stop", slot, [digest]).catch(() => undefined);
    throw error;
  }
}
