import { dirname } from "node:path";
import { LotseError, readPrivateFile, removeTree, writePrivateFile } from "../../../kernel/index.ts";
import { colours, formatSlot, type Slot, type TenantScope } from "../../names.ts";
import type { Sticky, Weights } from "../../step.ts";
import { allTo } from "../../weights.ts";
import { AppProcess } from "./app-process.ts";
import { removeLog } from "./log-file.ts";
import { killOrphans } from "./orphans.ts";
import { processPaths, type ProcessPaths } from "./paths.ts";
import {
  desiredStateSchema,
  type DesiredState,
  type Launch,
  type SlotStatus,
  type SupervisorFencing,
} from "./protocol.ts";
import { waitForListener } from "./ports.ts";
import { runCommand } from "./run-command.ts";
import { sharesOf } from "./share-out.ts";
import { readHiddenWords } from "./hidden-words.ts";
import type { SecretVariables, SlotSecrets } from "./slot-secrets.ts";
import { refused, SupervisedSlot, type Instance } from "./supervised-slot.ts";
import { SharedRuns } from "./shared-runs.ts";
import { Upstream } from "./upstream.ts";

/** How long a supervisor that takes over waits for the processes, before it answers. */
const resumeMs = 5000;

/** A command that is to be run. */
export interface CommandWanted {
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

/** How long until it tries again to open a port that someone else had. */
const listenAgainMs = 2000;

/**
 * Runs the colours of all tenants of one workspace and keeps on disk what should run, so that a supervisor
 * after this one can go on. Steps on one tenant happen one after the other.
 */
export class Supervisor {
  readonly #paths: ProcessPaths;
  readonly #slots = new Map<string, SupervisedSlot>();
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #shared = new SharedRuns();
  #writing: Promise<void> = Promise.resolve();

  readonly #secrets: SlotSecrets;

  /** @param lotse - the absolute path of the workspace's `.lotse` */
  constructor(lotse: string, secrets: SlotSecrets) {
    this.#paths = processPaths(lotse);
    this.#secrets = secrets;
  }

  /** Whether nothing is deployed. */
  get idle(): boolean {
    return [...this.#slots.values()].every((slot) => slot.instances.size === 0);
  }

  /** What a tenant runs; null when nothing is known of it. */
  inspect(scope: TenantScope): SlotStatus | null {
    return this.#slots.get(keyOf(scope))?.status() ?? null;
  }

  /**
   * Goes on after the death of a supervisor before: ends what it left running, starts again what had or has
   * the traffic, and drops what never had. Returns when all listen again, or after some seconds.
   *
   * @throws LotseError `target.supervisor` when the state on disk is damaged
   */
  async recover(): Promise<void> {
    const state = await readDesired(this.#paths.desired);
    const known = state.slots.flatMap((slot) => slot.colours.flatMap(({ process }) => process ?? []));
    await killOrphans(this.#paths.lotse, known);
    const routed = state.slots.flatMap(({ colours }) => colours.filter((colour) => colour.routed));
    await this.#secrets.sweep(routed.map(({ launch }) => launch));
    for (const written of state.slots) {
      const slot = new SupervisedSlot(written.environment, written.tenant, written.port);
      this.#slots.set(keyOf(written), slot);
      slot.fence = written.fence;
      slot.fenceOwner = written.fenceOwner;
      slot.done = written.done;
      for (const { launch, port, routed, stopped } of written.colours) {
        if (routed) {
          const secrets = launch.secretNames.length === 0 ? {} : await this.#secrets.read(launch);
          const instance = this.#instance(slot, launch, secrets, { port, routed });
          if (stopped) instance.app.keepStopped();
          slot.instances.set(launch.colour, instance);
        } else {
          await this.#secrets.remove(launch);
          await removeTree(this.#paths.slotDirectory(launch));
        }
      }
      const { weights = allTo(written.active), sticky, turn } = written;
      slot.desired = { weights, sticky, turn };
      slot.shares = slot.desired;
      await this.#resume(slot);
    }
    await this.#save();
    const all = [...this.#slots.values()].flatMap((slot) => [...slot.instances.values()]);
    const started = all.filter(({ app }) => app.state !== "stopped");
    await Promise.all(started.map(({ upstream }) => waitForListener(() => upstream.port, resumeMs)));
  }

  async #resume(slot: SupervisedSlot): Promise<void> {
    // One tenant's trouble, such as a port that someone took, must not keep the others down.
    await this.#keepListening(slot);
    for (const { app } of slot.instances.values()) {
      if (app.state === "stopped") continue;
      app.keepAlive();
      await app.start().catch(report);
    }
  }

  async #keepListening(slot: SupervisedSlot): Promise<void> {
    await slot.listen().catch((error: unknown) => {
      report(error);
      setTimeout(() => void this.#inTurn(slot, undefined, () => this.#keepListening(slot)), listenAgainMs);
    });
  }

  /** Takes over what is in a slot's directory. The slot must be free. */
  prepare(launch: Launch, secrets: SecretVariables, fencing?: SupervisorFencing): Promise<void> {
    return this.#inTurn(launch, fencing, async () => {
      const slot =
        this.#slots.get(keyOf(launch)) ?? new SupervisedSlot(launch.environment, launch.tenant, null);
      if (slot.instances.has(launch.colour)) throw refused(`${formatSlot(launch)} is taken`);
      if (dirname(launch.directory) !== this.#paths.slotDirectory(launch)) {
        throw refused(`${formatSlot(launch)} does not run in ${launch.directory}`);
      }
      this.#slots.set(keyOf(launch), slot);
      const port = await slot.choosePort(launch);
      this.#refusePortOfOthers(slot, port);
      await removeLog(this.#paths.slotLog(launch));
      if (launch.secretNames.length > 0) await this.#secrets.write(launch, secrets);
      slot.instances.set(launch.colour, this.#instance(slot, launch, secrets, { port, routed: false }));
      try {
        await slot.listen();
        if (fencing !== undefined) slot.remember(fencing.key, launch.release);
        await this.#save();
      } catch (error) {
        slot.instances.delete(launch.colour);
        await this.#secrets.remove(launch);
        throw error;
      }
    });
  }

  #refusePortOfOthers(slot: SupervisedSlot, port: number): void {
    for (const other of this.#slots.values()) {
      if (other === slot || ![...other.instances.values()].some((instance) => instance.port === port))
        continue;
      throw new LotseError({
        code: "target.port",
        message: `port ${port} is that of ${other.environment}:${other.tenant}`,
      });
    }
  }

  /**
   * Whether an effect may begin.
   *
   * @returns whether it was done before, and what it put into the slot is there
   * @throws LotseError `rollout.fence`
   */
  async admit(scope: Slot, fencing?: SupervisorFencing): Promise<boolean> {
    let done = false;
    await this.#inTurn(scope, fencing, (slot) => {
      const release = slot.instances.get(scope.colour)?.launch.release;
      done = fencing !== undefined && release !== undefined && slot.answerOf(fencing.key) === release;
      return Promise.resolve();
    });
    return done;
  }

  /** Starts a prepared or stopped colour. @throws LotseError `target.refused`, `target.start` */
  start(scope: Slot, fencing?: SupervisorFencing): Promise<void> {
    return this.#inTurn(scope, fencing, async (slot) => {
      const { app } = slot.instance(scope.colour);
      if (app.state === "exited") throw refused(`${formatSlot(scope)} has ended`);
      await app.start();
      await this.#save();
    });
  }

  /**
   * Shares out new requests. It is written to disk first and then done, so that it is never taken back by a crash.
   *
   * @throws LotseError `target.refused`
   */
  route(scope: TenantScope, weights: Weights, sticky: Sticky, fencing?: SupervisorFencing): Promise<void> {
    return this.#inTurn(scope, fencing, async (slot) => {
      const wanted = colours.filter((colour) => weights[colour] > 0).map((colour) => slot.instance(colour));
      for (const { app, launch } of wanted) {
        const isMore = weights[launch.colour] > slot.desired.weights[launch.colour];
        const isUp = app.state === "running" || app.state === "backing-off";
        if (isMore && !isUp) throw refused(`${formatSlot(launch)} does not run`);
      }
      const before = slot.desired;
      const routed = wanted.map((instance) => [instance, instance.routed] as const);
      slot.desired = sharesOf(weights, sticky, before);
      for (const instance of wanted) instance.routed = true;
      try {
        await this.#save();
      } catch (error) {
        slot.desired = before;
        for (const [instance, value] of routed) instance.routed = value;
        throw error;
      }
      slot.shares = slot.desired;
      for (const { app } of wanted) app.keepAlive();
    });
  }

  /**
   * Runs a command beside what is in a slot. It does not hold up other steps. Asked twice at the same time for
   * the same effect it runs once, and is ended when nobody waits for it any more.
   *
   * @throws LotseError `target.hook`, `target.refused`, `target.start` when its secrets are gone
   */
  async run(
    scope: Slot,
    wanted: CommandWanted,
    signal: AbortSignal,
    fencing?: SupervisorFencing,
  ): Promise<string> {
    let before: string | null = null;
    let instance: Instance | undefined;
    await this.#inTurn(scope, fencing, (slot) => {
      instance = slot.instance(scope.colour);
      before = fencing === undefined ? null : slot.answerOf(`run ${fencing.key}`);
      return Promise.resolve();
    });
    if (before !== null || instance === undefined) return before ?? "";
    const { app, launch } = instance;
    const secrets = launch.secretNames.length === 0 ? {} : await this.#secrets.read(launch);
    if (secrets === null)
      throw new LotseError({ code: "target.start", message: "its secrets are not in memory any more" });
    const hidden = await readHiddenWords(launch.directory);
    const go = (both: AbortSignal): Promise<string> =>
      runCommand({
        ...wanted,
        directory: launch.codeDirectory,
        env: app.environment(secrets),
        secrets: { ...secrets, ...hidden },
        signal: both,
      });
    if (fencing === undefined) return go(signal);
    const answer = await this.#shared.join(`${keyOf(scope)} ${fencing.key}`, signal, go);
    await this.#inTurn(scope, undefined, async (slot) => {
      slot.remember(`run ${fencing.key}`, answer);
      await this.#save();
    });
    return answer;
  }

  /** Ends a colour and keeps it; it is no error when there is none. @throws LotseError `target.refused` */
  end(scope: Slot, fencing?: SupervisorFencing): Promise<void> {
    return this.#inTurn(scope, fencing, async (slot) => {
      if (slot.hasTraffic(scope.colour)) throw refused(`${formatSlot(scope)} has traffic`);
      const instance = slot.instances.get(scope.colour);
      if (instance === undefined || instance.app.state === "prepared") return;
      instance.upstream.closeIdle();
      await instance.app.halt(instance.launch.spec["drain-timeout-ms"]);
      // What was stopped on purpose is kept by a supervisor after this one.
      instance.routed = true;
      await this.#save();
    });
  }

  /** Ends and removes a colour; it is no error when there is none. */
  remove(scope: Slot, fencing?: SupervisorFencing): Promise<void> {
    return this.#inTurn(scope, fencing, async (slot) => {
      if (slot.hasTraffic(scope.colour)) throw refused(`${formatSlot(scope)} has traffic`);
      await this.#discard(slot, scope);
      await this.#save();
    });
  }

  async #discard(slot: SupervisedSlot, scope: Slot): Promise<void> {
    const instance = slot.instances.get(scope.colour);
    if (instance !== undefined) {
      instance.upstream.closeIdle();
      await instance.app.stop(instance.launch.spec["drain-timeout-ms"]);
      instance.upstream.destroy();
      slot.instances.delete(scope.colour);
      await slot.listen();
    }
    await this.#secrets.remove(scope);
    await removeTree(this.#paths.slotDirectory(scope));
  }

  /** Removes everything of every tenant; their ports stay theirs. */
  async removeAll(): Promise<void> {
    const all = [...this.#slots.values()].map((slot) =>
      this.#inTurn(slot, undefined, async () => {
        slot.desired = sharesOf(allTo(null));
        await this.#save();
        slot.shares = slot.desired;
        const { environment, tenant } = slot;
        await Promise.all(
          [...slot.instances.keys()].map((colour) => this.#discard(slot, { environment, tenant, colour })),
        );
        await this.#save();
      }),
    );
    await Promise.all(all);
  }

  /** Ends all processes and leaves on disk that they should run, as for the shutdown of the machine. */
  async shutDown(): Promise<void> {
    for (const slot of this.#slots.values()) slot.close();
    const all = [...this.#slots.values()].flatMap((slot) => [...slot.instances.values()]);
    await Promise.all(
      all.map(async ({ app, upstream, launch }) => {
        await app.stop(Math.min(5000, launch.spec["drain-timeout-ms"]));
        upstream.destroy();
      }),
    );
  }

  #instance(
    slot: SupervisedSlot,
    launch: Launch,
    secrets: SecretVariables | null,
    { port, routed }: Pick<Instance, "port" | "routed">,
  ): Instance {
    const upstream = new Upstream();
    const app = new AppProcess(launch, {
      lotse: this.#paths.lotse,
      logPath: this.#paths.slotLog(launch),
      secrets: () => secrets,
      onPort: (present) => {
        upstream.port = present;
      },
      onChange: () => {
        if (slot.instances.get(launch.colour)?.app === app) this.#save().catch(report);
      },
    });
    return { launch, app, upstream, port, routed };
  }

  #inTurn(
    scope: TenantScope,
    fencing: SupervisorFencing | undefined,
    act: (slot: SupervisedSlot) => Promise<void>,
  ): Promise<void> {
    const key = keyOf(scope);
    const before = this.#queues.get(key) ?? Promise.resolve();
    const take = async (): Promise<void> => {
      await before;
      const slot = this.#slots.get(key) ?? new SupervisedSlot(scope.environment, scope.tenant, null);
      await this.#admit(key, slot, fencing);
      await act(slot);
    };
    const turn = take();
    this.#queues.set(
      key,
      turn.catch(() => {}),
    );
    return turn;
  }

  /** Refuses an old fence, and writes down a new one before anything is done under it. */
  async #admit(key: string, slot: SupervisedSlot, fencing: SupervisorFencing | undefined): Promise<void> {
    if (fencing === undefined) return;
    const isOwner = fencing.owner === slot.fenceOwner;
    if (isOwner && fencing.fence === slot.fence) return;
    if (isOwner && fencing.fence < slot.fence) {
      throw new LotseError({
        code: "rollout.fence",
        message: `${key} was taken over: fence ${fencing.fence} is older than ${slot.fence}`,
      });
    }
    slot.fence = fencing.fence;
    slot.fenceOwner = fencing.owner;
    this.#slots.set(key, slot);
    await this.#save();
  }

  #save(): Promise<void> {
    const write = async (): Promise<void> => {
      const slots = [...this.#slots.values()].map((slot) => slot.desiredState());
      await writePrivateFile(
        this.#paths.desired,
        JSON.stringify({ schema: 1, slots } satisfies DesiredState),
      );
    };
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => {});
    return written;
  }
}

/**
 * What should run, as written on disk.
 *
 * @throws LotseError `target.supervisor` when it is damaged
 */
export async function readDesired(path: string): Promise<DesiredState> {
  const content = await readPrivateFile(path, 64 * 1024 * 1024);
  if (content === null) return { schema: 1, slots: [] };
  try {
    return desiredStateSchema.parse(JSON.parse(content.toString("utf8")));
  } catch (cause) {
    throw new LotseError({
      code: "target.supervisor",
      message: `the state of the process target, ${path}, is damaged`,
      hint: "remove it and deploy again",
      where: { file: path },
      cause,
    });
  }
}

function keyOf({ environment, tenant }: TenantScope): string {
  return `${environment}/${tenant}`;
}

function report(error: unknown): void {
  process.stderr.write(
    `${new Date().toISOString()} ${error instanceof Error ? error.message : String(error)}\n`,
  );
}
