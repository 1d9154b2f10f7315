import { once } from "node:events";
import type { IncomingHttpHeaders, Server } from "node:http";
import { LotseError } from "../../../kernel/index.ts";
import { colours, type Colour } from "../../names.ts";
import { allTo } from "../../weights.ts";
import type { AppProcess } from "./app-process.ts";
import { chooseFreePort, isFree } from "./ports.ts";
import type { DesiredState, Launch, SlotStatus } from "./protocol.ts";
import { createProxy } from "./proxy.ts";
import { ShareOut, sharesOf, type Shares } from "./share-out.ts";
import type { Picked, Route, Upstream } from "./upstream.ts";

/** One colour in the supervisor. */
export interface Instance {
  readonly launch: Launch;
  readonly app: AppProcess;
  readonly upstream: Upstream;
  /** Where this colour wants its tenant to be reached. */
  readonly port: number;
  routed: boolean;
}

/** The error for what the supervisor will not do. */
export function refused(message: string): LotseError {
  return new LotseError({ code: "target.refused", message });
}

/** How many effects that are done are remembered. */
const rememberedEffects = 50;

/**
 * One tenant in one environment: its listeners, its colours, and how requests are shared out. What is `desired`
 * is written to disk; `shares` follow it once that is done, and are what requests go by.
 */
export class SupervisedSlot implements Route {
  readonly environment: string;
  readonly tenant: string;
  readonly instances = new Map<Colour, Instance>();
  desired: Shares = sharesOf(allTo(null));
  shares: Shares = this.desired;
  /** The newest fence that was seen. */
  fence = 0;
  /** Whose it is. */
  fenceOwner = "";
  /** Effects that are done, with what they answered, newest first. */
  done: readonly { readonly key: string; readonly answer: string }[] = [];
  unrouted = 0;
  /** The port of the tenant; kept when nothing runs. */
  port: number | null;
  readonly #listeners = new Map<number, Server>();
  readonly #shareOut = new ShareOut();

  constructor(environment: string, tenant: string, port: number | null) {
    this.environment = environment;
    this.tenant = tenant;
    this.port = port;
  }

  pick(headers: IncomingHttpHeaders): Picked | null {
    const picked = this.#shareOut.pick(this.shares, headers);
    const upstream = picked === null ? undefined : this.instances.get(picked.colour)?.upstream;
    return upstream === undefined ? null : { upstream, setCookie: picked?.setCookie };
  }

  /** Whether requests go to a colour, or are about to. */
  hasTraffic(colour: Colour): boolean {
    return this.desired.weights[colour] > 0 || this.shares.weights[colour] > 0;
  }

  /** What an effect answered when it was done before, or null. */
  answerOf(key: string): string | null {
    return this.done.find((effect) => effect.key === key)?.answer ?? null;
  }

  /** Remembers that an effect is done. */
  remember(key: string, answer: string): void {
    const others = this.done.filter((effect) => effect.key !== key);
    this.done = [{ key, answer }, ...others].slice(0, rememberedEffects);
  }

  missed(): void {
    this.unrouted += 1;
  }

  /** The colour, which must be there. @throws LotseError `target.refused` */
  instance(colour: Colour): Instance {
    const instance = this.instances.get(colour);
    if (instance !== undefined) return instance;
    throw refused(`${this.environment}:${this.tenant} has nothing prepared in ${colour}`);
  }

  /** The port a colour with this description is reached at; a free one is chosen where none is given. */
  async choosePort(launch: Launch): Promise<number> {
    if (launch.spec.port !== 0) return launch.spec.port;
    // The port of a tenant that ran nothing for a while may have gone to another program.
    if (this.port === null || (this.instances.size === 0 && !(await isFree(this.port)))) {
      this.port = await chooseFreePort();
    }
    return this.port;
  }

  /**
   * Opens the ports that the colours want and closes the others.
   *
   * @throws LotseError `target.port` when one is taken
   */
  async listen(): Promise<void> {
    const wanted = new Set([...this.instances.values()].map(({ port }) => port));
    for (const port of wanted) if (!this.#listeners.has(port)) await this.#open(port);
    for (const [port, server] of this.#listeners) {
      if (wanted.has(port)) continue;
      this.#listeners.delete(port);
      server.close();
      server.closeIdleConnections();
    }
  }

  async #open(port: number): Promise<void> {
    const server = createProxy(this);
    try {
      server.listen({ host: "127.0.0.1", port, exclusive: true });
      await once(server, "listening");
    } catch (cause) {
      throw new LotseError({
        code: "target.port",
        message: `port ${port} of ${this.environment}:${this.tenant} cannot be opened on 127.0.0.1`,
        hint: "another program may hold it; choose another target.port, or 0 for a free one",
        cause,
      });
    }
    this.#listeners.set(port, server);
  }

  /** Cuts every connection of clients and closes all ports. */
  close(): void {
    for (const server of this.#listeners.values()) {
      server.close();
      server.closeAllConnections();
    }
    this.#listeners.clear();
  }

  /** What there is to report. */
  status(): SlotStatus {
    const served = colours.find((colour) => this.shares.weights[colour] > 0);
    const shown = served === undefined ? [...this.instances.values()][0] : this.instances.get(served);
    return {
      weights: this.shares.weights,
      port: shown !== undefined && this.#listeners.has(shown.port) ? shown.port : null,
      unrouted: this.unrouted,
      colours: this.#sorted().map(({ launch, app, upstream }) => ({
        colour: launch.colour,
        release: launch.release,
        version: launch.version,
        ...app.status(),
        requests: upstream.requests,
        errors: upstream.errors,
        retries: upstream.retries,
        inFlight: upstream.inFlight,
        spec: launch.spec,
      })),
    };
  }

  /** What a later supervisor must know to run the same. */
  desiredState(): DesiredState["slots"][number] {
    return {
      environment: this.environment,
      tenant: this.tenant,
      port: this.port,
      active: null,
      ...this.desired,
      fence: this.fence,
      fenceOwner: this.fenceOwner,
      done: [...this.done],
      colours: this.#sorted().map(({ launch, port, routed, app }) => ({
        launch,
        port,
        routed,
        stopped: app.state === "stopped",
        process: app.identity,
      })),
    };
  }

  #sorted(): readonly Instance[] {
    return colours.flatMap((colour) => this.instances.get(colour) ?? []);
  }
}
