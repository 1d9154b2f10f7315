import { type Clock, isLotseError, LotseError, removeTree, systemClock } from "../../../kernel/index.ts";
import { checkVariables } from "../../materialise.ts";
import { checkScope, formatSlot, type Slot, type TenantScope } from "../../names.ts";
import type { ColourState, Drained, Payload, Target, TargetState } from "../../target.ts";
import { waitUntilHealthy, watchHealth, type Presence } from "./health.ts";
import { lastLines } from "./log-file.ts";
import { canonicalPath, processPaths } from "./paths.ts";
import { slotStatusSchema, type InstanceStatus, type SlotStatus } from "./protocol.ts";
import { reveal } from "./slot-secrets.ts";
import { parseProcessSpec } from "./spec.ts";
import { readDesired } from "./supervisor.ts";
import { supervisorClient, type SupervisorClient } from "./supervisor-client.ts";

const nothing: SlotStatus = { active: null, port: null, unrouted: 0, colours: [] };
const drainPollMs = 25;
const marginMs = 15_000;

/**
 * The target `process`: each colour is a supervised process of this machine behind a reverse proxy on
 * 127.0.0.1. A supervisor process per workspace runs them; this class only asks it.
 */
export class ProcessTarget implements Target {
  readonly type = "process";
  /** The one spelling of the path of `.lotse`. */
  readonly lotse: string;
  readonly #clock: Clock;
  readonly #client: SupervisorClient;

  /** @param lotse - the absolute path of the workspace's `.lotse` */
  constructor(lotse: string, clock: Clock = systemClock) {
    this.lotse = canonicalPath(lotse);
    this.#clock = clock;
    this.#client = supervisorClient(this.lotse, clock);
  }

  /** Starts a supervisor only where something should run. */
  async inspect(scope: TenantScope): Promise<TargetState> {
    const { active, port, colours, unrouted } = await this.#status(checkScope(scope));
    return {
      active,
      unrouted,
      url: port === null ? null : `http://127.0.0.1:${port}`,
      colours: colours.map((instance) => stateOf(instance)),
    };
  }

  async prepare(slot: Slot, payload: Payload, signal?: AbortSignal): Promise<void> {
    const spec = parseProcessSpec(payload.spec);
    await this.retire(slot);
    const directory = processPaths(this.lotse).slotDirectory(slot);
    const { release, version } = payload;
    const { codeDirectory, configFile, variables } = await payload.materialise(directory);
    const secrets = (await payload.secrets?.()) ?? {};
    signal?.throwIfAborted();
    const secretNames = Object.keys(checkVariables(reveal(secrets)));
    const written = { directory, codeDirectory, configFile, variables, secretNames };
    await this.#client.call({
      method: "prepare",
      launch: { ...plain(slot), release, version, spec, ...written },
      secrets: reveal(secrets),
    });
  }

  async start(slot: Slot): Promise<void> {
    await this.#client.call({ method: "start", slot: plain(slot) });
  }

  async waitHealthy(slot: Slot, signal?: AbortSignal): Promise<void> {
    const { spec } = await this.#instance(slot);
    await this.#withLog(slot, () =>
      waitUntilHealthy({ present: () => this.#present(slot, null), spec, clock: this.#clock, signal }),
    );
  }

  async switchTo(scope: TenantScope, colour: Slot["colour"] | null): Promise<void> {
    const { environment, tenant } = checkScope(scope);
    if (colour === null && (await this.#status(scope)).active === null) return;
    await this.#client.call({ method: "switch", scope: { environment, tenant }, colour });
  }

  async verify(slot: Slot, signal?: AbortSignal): Promise<void> {
    const { spec, exits } = await this.#instance(slot);
    await this.#withLog(slot, () =>
      watchHealth({ present: () => this.#present(slot, exits), spec, clock: this.#clock, signal }),
    );
  }

  async drain(slot: Slot, signal?: AbortSignal): Promise<Drained> {
    let end: number | undefined;
    for (;;) {
      const { active, colours } = await this.#status(slot);
      if (active === slot.colour) throw refusal(`${formatSlot(slot)} has the traffic`);
      const instance = colours.find(({ colour }) => colour === slot.colour);
      const now = this.#clock.now().getTime();
      end ??= now + (instance?.spec["drain-timeout-ms"] ?? 0);
      const remaining = instance?.inFlight ?? 0;
      if (remaining === 0 || now >= end) return { remaining };
      await this.#clock.sleep(drainPollMs, signal);
    }
  }

  async retire(slot: Slot): Promise<void> {
    const status = await this.#status(checkScope(slot));
    const instance = status.colours.find(({ colour }) => colour === slot.colour);
    if (instance === undefined) {
      await removeTree(processPaths(this.lotse).slotDirectory(slot));
      return;
    }
    const graceMs = instance.spec["drain-timeout-ms"];
    await this.#client.call({ method: "remove", slot: plain(slot) }, graceMs + marginMs);
  }

  /** Ends and removes everything of every tenant of the workspace, and the supervisor. */
  async stop(): Promise<void> {
    const { slots } = await readDesired(processPaths(this.lotse).desired);
    const drains = slots.flatMap((slot) => slot.colours.map(({ launch }) => launch.spec["drain-timeout-ms"]));
    const running = await this.#client.running();
    if (drains.length === 0 && running === null) return;
    await this.#client.call({ method: "stop" }, Math.max(0, ...drains) + marginMs);
  }

  async #status({ environment, tenant }: TenantScope): Promise<SlotStatus> {
    if ((await this.#client.running()) === null) {
      const { slots } = await readDesired(processPaths(this.lotse).desired);
      const known = slots.find((slot) => slot.environment === environment && slot.tenant === tenant);
      if (known === undefined || known.colours.length === 0) return nothing;
    }
    const answer = await this.#client.call({ method: "inspect", scope: { environment, tenant } });
    return slotStatusSchema.nullable().parse(answer) ?? nothing;
  }

  async #instance(slot: Slot): Promise<InstanceStatus> {
    const { colours } = await this.#status(checkScope(slot));
    const instance = colours.find(({ colour }) => colour === slot.colour);
    if (instance !== undefined) return instance;
    throw refusal(`nothing is prepared in ${formatSlot(slot)}`);
  }

  /** @param exitsBefore - how often it may have ended; null where it may be started again meanwhile */
  async #present(slot: Slot, exitsBefore: number | null): Promise<Presence> {
    const { port, exits, lastExit, state } = await this.#instance(slot);
    const ended = state === "exited" || (exitsBefore !== null && exits > exitsBefore);
    return ended ? { gone: `the process ended with ${lastExit ?? "an unknown status"}` } : { port };
  }

  /** Adds the process's own last lines to what went wrong. */
  async #withLog(slot: Slot, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isLotseError(error) || error.code === "target.supervisor") throw error;
      const path = processPaths(this.lotse).slotLog(slot);
      const lines = await lastLines(path);
      if (lines.length === 0) throw error;
      throw new LotseError({
        code: error.code,
        message: `${error.message}; it wrote last:\n${lines.map((line) => `  | ${line}`).join("\n")}`,
        hint: `all it wrote is in ${path}`,
        cause: error,
      });
    }
  }
}

function plain({ environment, tenant, colour }: Slot): Slot {
  return { environment, tenant, colour };
}

function refusal(message: string): LotseError {
  return new LotseError({ code: "target.refused", message });
}

function stateOf(instance: InstanceStatus): ColourState {
  const { colour, release, version, state, restarts, requests, errors, inFlight } = instance;
  const { pid, port, lastExit, retries } = instance;
  const detail = { pid, port, lastExit, retries };
  return { colour, release, version, state, restarts, requests, errors, inFlight, detail };
}
