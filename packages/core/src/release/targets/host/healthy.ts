import { isLotseError, type Clock } from "../../../kernel/index.ts";
import type { HealthTry } from "../../health/wait.ts";
import type { Slot } from "../../names.ts";
import { goneOf, type HostState } from "./host-state.ts";
import { runHook } from "./hooks.ts";
import { askHost } from "./observe.ts";
import type { Remote } from "./remote.ts";
import { bindAddressOf, type HostPlace, type HostSpec } from "./spec.ts";
import type { Ssh } from "./ssh/ssh.ts";
import { probeHttpOver } from "./tunnel-probe.ts";

/** What asking for health works with. */
export interface HealthParts {
  readonly remote: Remote;
  readonly ssh: Ssh;
  readonly clock: Clock;
  readonly slot: Slot;
  readonly host: HostPlace;
  readonly signal?: AbortSignal | undefined;
  /** Another name for each try of a health check by command. */
  readonly newKey: () => string;
}

/**
 * Asks the service on a host once: its unit, and what the description says.
 *
 * @param now - what the host has just said of the unit; the first try goes by it, later ones ask anew
 */
export function healthTry(parts: HealthParts, spec: HostSpec, now: HostState): HealthTry {
  const { remote, host, slot, signal } = parts;
  const port = now.ports?.[slot.colour] ?? 0;
  let told: HostState | null = now;
  const restarts = restartsOf(now, slot);
  return async () => {
    try {
      const asked = told ?? askHost(remote, host, slot, signal);
      told = null;
      const [state, trouble] = await Promise.all([asked, probe(parts, spec, port)]);
      const slotState = state.slots[slot.colour];
      if (slotState === undefined) return { gone: `${host.name}: nothing is prepared there` };
      const gone = goneOf(slotState);
      // It may crash and be running again between two tries.
      if (gone !== null || restartsOf(state, slot) > restarts)
        return { gone: await lastWords(parts, gone ?? "it ended and was started again") };
      return trouble === null ? null : `${host.name}: ${trouble}`;
    } catch (error) {
      signal?.throwIfAborted();
      // A host that does not answer is not healthy, and may be so later.
      if (isLotseError(error) && error.code === "target.host") return error.message;
      throw error;
    }
  };
}

function restartsOf({ slots }: HostState, { colour }: Slot): number {
  return Number(slots[colour]?.unit["NRestarts"] ?? 0);
}

async function probe(parts: HealthParts, spec: HostSpec, port: number): Promise<string | null> {
  const { ssh, host, slot, remote } = parts;
  const { kind, path, run, "timeout-ms": timeoutMs } = spec.health;
  const bound = bindAddressOf(host);
  const address = bound === "0.0.0.0" ? "127.0.0.1" : bound;
  const open = () => ssh.connect(host, address, port);
  switch (kind) {
    case "http":
      return probeHttpOver(open, `${address}:${port}`, path, timeoutMs);
    case "tcp": {
      const words = [slot.environment, slot.tenant, slot.colour];
      const told = await remote.ask(host, "listens", words, { signal: parts.signal });
      return told.trim() === "yes" ? null : `nothing takes connections on port ${port}`;
    }
    case "systemd":
      return null;
    case "command":
      try {
        const key = parts.newKey();
        const hook = { remote, host, slot, spec, key, signal: parts.signal, session: "short" } as const;
        await runHook(hook, run ?? [], timeoutMs);
        return null;
      } catch (error) {
        if (isLotseError(error) && error.code === "target.hook") return error.message;
        throw error;
      }
    default:
      return kind satisfies never;
  }
}

/** Why a service is gone, with what it wrote last, secrets taken out. */
async function lastWords(
  { remote, host, slot, signal }: Pick<HealthParts, "remote" | "host" | "slot" | "signal">,
  gone: string,
): Promise<string> {
  const words = await remote
    .ask(host, "words", [slot.environment, slot.tenant, slot.colour], { signal })
    .catch(() => "");
  const told = words.trim();
  return told === "" ? `${host.name}: ${gone}` : `${host.name}: ${gone}; last it wrote:\n${told}`;
}
