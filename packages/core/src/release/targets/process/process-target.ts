import { randomBytes } from "node:crypto";
import { join } from "node:path";
import {
  type Clock,
  isLotseError,
  LotseError,
  removeTree,
  systemClock,
  writePrivateFile,
} from "../../../kernel/index.ts";
import { probeHttp, probeTcp } from "../../health/probes.ts";
import { waitUntilHealthy, watchHealth, type HealthTry } from "../../health/wait.ts";
import type { FilledFiles } from "../../filled-files.ts";
import { checkVariables } from "../../materialise.ts";
import { checkScope, formatSlot, type Slot, type TenantScope } from "../../names.ts";
import type { HealthSpec } from "../../health/spec.ts";
import type { Sticky, Weights } from "../../step.ts";
import type { ColourState, Drained, Fencing, On, Payload, Target, TargetState } from "../../target.ts";
import { allTo, sameWeights, soleColour } from "../../weights.ts";
import { writeHiddenWords } from "./hidden-words.ts";
import { lastLines } from "./log-file.ts";
import { canonicalPath, processPaths } from "./paths.ts";
import { slotStatusSchema, type InstanceStatus, type SlotStatus } from "./protocol.ts";
import { reveal } from "./slot-secrets.ts";
import { parseProcessSpec } from "./spec.ts";
import { readDesired } from "./supervisor.ts";
import { supervisorClient, type SupervisorClient } from "./supervisor-client.ts";

const nothing: SlotStatus = { weights: allTo(null), port: null, unrouted: 0, colours: [] };
const drainPollMs = 25;
const marginMs = 15_000;

/** How long a command may run where nobody says. */
const defaultRunMs = 300_000;

/**
 * The target `process`: each colour is a supervised process of this machine behind a reverse proxy on
 * 127.0.0.1. A supervisor process per workspace runs them; this class only asks it.
 */
export class ProcessTarget implements Target {
  readonly type = "process";
  readonly hosts = ["local"] as const;
  /** The one spelling of the path of `.lotse`. */
  readonly lotse: string;
  readonly #clock: Clock;
  readonly #client: SupervisorClient;
  readonly #owner: string | undefined;
  readonly #fencing: { readonly fencing?: Fencing & { readonly owner?: string } };

  /**
   * @param lotse - the absolute path of the workspace's `.lotse`
   * @param parts - `owner`: whose fences these are; `fencing`: what its effects carry, see {@link fenced}
   */
  constructor(
    lotse: string,
    clock: Clock = systemClock,
    { owner, fencing }: { readonly owner?: string | undefined; readonly fencing?: Fencing } = {},
  ) {
    this.#owner = owner;
    this.lotse = canonicalPath(lotse);
    this.#clock = clock;
    this.#client = supervisorClient(this.lotse, clock);
    this.#fencing =
      fencing === undefined
        ? {}
        : { fencing: { fence: fencing.fence, key: fencing.key, ...(owner === undefined ? {} : { owner }) } };
  }

  fenced(fencing: Fencing): ProcessTarget {
    return new ProcessTarget(this.lotse, this.#clock, { owner: this.#owner, fencing });
  }

  /** Starts a supervisor only where something should run. */
  async inspect(scope: TenantScope): Promise<TargetState> {
    const { weights, port, colours, unrouted } = await this.#status(checkScope(scope));
    return {
      active: soleColour(weights),
      traffic: { local: weights },
      unreachable: {},
      unrouted,
      url: port === null ? null : `http://127.0.0.1:${port}`,
      colours: colours.map((instance) => stateOf(instance)),
    };
  }

  async prepare(slot: Slot, payload: Payload, on?: On): Promise<void> {
    const spec = parseProcessSpec(payload.spec);
    checkHosts(on);
    checkScope(slot);
    const fenced = this.#fencing.fencing !== undefined;
    if (
      fenced &&
      (await this.#client.call({ method: "admit", slot: plain(slot), ...this.#fencing })) === true
    )
      return;
    await this.retire(slot);
    // A directory of its own: a worker that was taken for dead may still be writing.
    const directory = join(processPaths(this.lotse).slotDirectory(slot), randomBytes(6).toString("hex"));
    const { release, version } = payload;
    const secrets = checkVariables(reveal((await payload.secrets?.()) ?? {}));
    const rendered = (await payload.files?.())?.reveal() ?? { files: [], secrets: [] };
    on?.signal?.throwIfAborted();
    const { codeDirectory, configFile, ...made } = await payload.materialise(directory);
    const filesDirectory = await writeFiles(directory, rendered);
    const variables = { ...made.variables, ...placesOf(made.artefactFile, filesDirectory) };
    const secretNames = Object.keys(secrets);
    const written = { directory, codeDirectory, configFile, variables, secretNames };
    await this.#client.call({
      method: "prepare",
      launch: { ...plain(slot), release, version, spec, ...written },
      secrets,
      ...this.#fencing,
    });
  }

  async start(slot: Slot, on?: On): Promise<void> {
    checkHosts(on);
    await this.#client.call({ method: "start", slot: plain(slot), ...this.#fencing });
  }

  async waitHealthy(slot: Slot, on?: On): Promise<void> {
    checkHosts(on);
    const { spec } = await this.#instance(slot);
    const ask = this.#healthOf(slot, spec.health, null, on?.signal);
    await this.#withLog(slot, () =>
      waitUntilHealthy({ ask, health: spec.health, clock: this.#clock, signal: on?.signal }),
    );
  }

  async route(
    scope: TenantScope,
    weights: Weights,
    on?: On & { readonly sticky?: Sticky | undefined },
  ): Promise<void> {
    checkHosts(on);
    const { environment, tenant } = checkScope(scope);
    const isNone = weights.blue + weights.green === 0;
    if (isNone && sameWeights((await this.#status(scope)).weights, weights)) return;
    const sticky = on?.sticky ?? "none";
    await this.#client.call({
      method: "route",
      scope: { environment, tenant },
      weights,
      sticky,
      ...this.#fencing,
    });
  }

  async verify(slot: Slot, on?: On): Promise<void> {
    checkHosts(on);
    const { spec, exits } = await this.#instance(slot);
    const ask = this.#healthOf(slot, spec.health, exits, on?.signal);
    const wait = { ask, health: spec.health, clock: this.#clock, signal: on?.signal };
    await this.#withLog(slot, () => watchHealth(wait, spec.verify["duration-ms"]));
  }

  async run(
    slot: Slot,
    command: readonly string[],
    on?: On & { readonly timeoutMs?: number },
  ): Promise<string> {
    checkHosts(on);
    const timeoutMs = on?.timeoutMs ?? defaultRunMs;
    const request = { slot: plain(checkScope(slot)), command: [...command], timeoutMs };
    return String(
      await this.#client.call(
        { ...request, method: "run", ...this.#fencing },
        timeoutMs + marginMs,
        on?.signal,
      ),
    );
  }

  async drain(slot: Slot, on?: On): Promise<Drained> {
    checkHosts(on);
    let end: number | undefined;
    for (;;) {
      const { weights, colours } = await this.#status(slot);
      if (weights[slot.colour] > 0) throw refusal(`${formatSlot(slot)} has traffic`);
      const instance = colours.find(({ colour }) => colour === slot.colour);
      const now = this.#clock.elapsedMs();
      end ??= now + (instance?.spec["drain-timeout-ms"] ?? 0);
      const remaining = instance?.inFlight ?? 0;
      if (remaining === 0 || now >= end) return { remaining };
      await this.#clock.sleep(drainPollMs, on?.signal);
    }
  }

  async stop(slot: Slot, on?: On): Promise<void> {
    checkHosts(on);
    const { colours } = await this.#status(checkScope(slot));
    const instance = colours.find(({ colour }) => colour === slot.colour);
    if (instance === undefined) return;
    const graceMs = instance.spec["drain-timeout-ms"];
    await this.#client.call({ method: "end", slot: plain(slot), ...this.#fencing }, graceMs + marginMs);
  }

  async retire(slot: Slot, on?: On): Promise<void> {
    checkHosts(on);
    const { colours } = await this.#status(checkScope(slot));
    const instance = colours.find(({ colour }) => colour === slot.colour);
    if (instance === undefined && this.#fencing.fencing === undefined) {
      await removeTree(processPaths(this.lotse).slotDirectory(slot));
      return;
    }
    const graceMs = instance?.spec["drain-timeout-ms"] ?? 0;
    await this.#client.call({ method: "remove", slot: plain(slot), ...this.#fencing }, graceMs + marginMs);
  }

  /** Ends and removes everything of every tenant of the workspace, and the supervisor. */
  async stopAll(): Promise<void> {
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

  /**
   * How the process is asked whether it is healthy.
   *
   * @param exitsBefore - how often it may have ended; null where it may be started again meanwhile
   */
  #healthOf(
    slot: Slot,
    health: HealthSpec,
    exitsBefore: number | null,
    signal: AbortSignal | undefined,
  ): HealthTry {
    return async () => {
      const { port, exits, lastExit, state } = await this.#instance(slot);
      const ended = state === "exited" || (exitsBefore !== null && exits > exitsBefore);
      if (ended) return { gone: `the process ended with ${lastExit ?? "an unknown status"}` };
      if (port === null) return "the process is not running";
      switch (health.kind) {
        case "http":
          return probeHttp("127.0.0.1", port, health.path, health["timeout-ms"]);
        case "tcp":
          return probeTcp("127.0.0.1", port, health["timeout-ms"]);
        case "command":
          return this.#probeCommand(slot, health, signal);
        default:
          throw new LotseError({ code: "target.spec", message: `a process has no health of ${health.kind}` });
      }
    };
  }

  async #probeCommand(
    slot: Slot,
    health: HealthSpec,
    signal: AbortSignal | undefined,
  ): Promise<string | null> {
    const timeoutMs = health["timeout-ms"];
    const request = { slot: plain(slot), command: [...(health.run ?? [])], timeoutMs };
    try {
      await this.#client.call({ ...request, method: "run" }, timeoutMs + marginMs, signal);
      return null;
    } catch (error) {
      if (isLotseError(error) && error.code === "target.hook") return error.message;
      throw error;
    }
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

/** Writes what was rendered beside the code. @returns where; undefined where nothing was */
async function writeFiles(directory: string, { files, secrets }: FilledFiles): Promise<string | undefined> {
  if (files.length === 0) return undefined;
  await writeHiddenWords(directory, secrets);
  const place = join(directory, "files");
  for (const { path, bytes } of files) await writePrivateFile(join(place, path), bytes, { sync: false });
  return place;
}

/** Where the process finds what lies beside its code. */
function placesOf(
  artefactFile: string | undefined,
  filesDirectory: string | undefined,
): Readonly<Record<string, string>> {
  return {
    ...(filesDirectory === undefined ? {} : { LOTSE_FILES: filesDirectory }),
    ...(artefactFile === undefined ? {} : { LOTSE_ARTEFACT: artefactFile }),
  };
}

/** There is one host, and it is this machine. */
function checkHosts(on: On | undefined): void {
  const other = on?.hosts?.find((host) => host !== "local");
  if (other === undefined) return;
  throw new LotseError({ code: "target.host", message: `a process target has no host ${other}` });
}

function refusal(message: string): LotseError {
  return new LotseError({ code: "target.refused", message });
}

function stateOf(instance: InstanceStatus): ColourState {
  const { colour, release, version, state, restarts, requests, errors, inFlight } = instance;
  const { pid, port, lastExit, retries } = instance;
  const detail = { pid, port, lastExit, retries };
  return { host: "local", colour, release, version, state, restarts, requests, errors, inFlight, detail };
}
