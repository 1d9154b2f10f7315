import { once } from "node:events";
import type { Server } from "node:http";
import { LotseError } from "../../../kernel/index.ts";
import { colours, type Colour } from "../../names.ts";
import type { AppProcess } from "./app-process.ts";
import { chooseFreePort, isFree } from "./ports.ts";
import type { DesiredState, Launch, SlotStatus } from "./protocol.ts";
import { createProxy } from "./proxy.ts";
import type { Route, Upstream } from "./upstream.ts";

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

/**
 * One tenant in one environment: its listeners, its colours, and which of them has the traffic. What is
 * `desired` is written to disk; `active` follows it once that is done, and is what requests go by.
 */
export class SupervisedSlot implements Route {
  readonly environment: string;
  readonly tenant: string;
  readonly instances = new Map<Colour, Instance>();
  desired: Colour | null = null;
  active: Colour | null = null;
  unrouted = 0;
  /** The port of the tenant; kept when nothing runs. */
  port: number | null;
  readonly #listeners = new Map<number, Server>();

  constructor(environment: string, tenant: string, port: number | null) {
    this.environment = environment;
    this.tenant = tenant;
    this.port = port;
  }

  pick(): Upstream | null {
    return this.active === null ? null : (this.instances.get(this.active)?.upstream ?? null);
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
    const shown = this.active === null ? [...this.instances.values()][0] : this.instances.get(this.active);
    return {
      active: this.active,
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
      active: this.desired,
      colours: this.#sorted().map(({ launch, port, routed, app }) => ({
        launch,
        port,
        routed,
        process: app.identity,
      })),
    };
  }

  #sorted(): readonly Instance[] {
    return colours.flatMap((colour) => this.instances.get(colour) ?? []);
  }
}
