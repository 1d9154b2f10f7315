import { Agent, type IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";

/**
 * One colour as the proxy sees it: where it listens, its pool of connections, and its counters.
 */
export class Upstream {
  readonly host = "127.0.0.1";
  /** Where the process listens now; null while there is none. */
  port: number | null = null;
  requests = 0;
  errors = 0;
  retries = 0;
  inFlight = 0;
  /** Connections that are kept for the next request. */
  readonly pool = new Agent({ keepAlive: true, maxFreeSockets: 256, scheduling: "lifo" });
  /** Makes a new connection for each request. */
  readonly fresh = new Agent({ keepAlive: false });
  readonly #upgraded = new Set<Duplex>();

  /** Counts a request in; the returned function counts it out, once. */
  begin(): () => void {
    this.requests += 1;
    this.inFlight += 1;
    let open = true;
    return () => {
      if (open) this.inFlight -= 1;
      open = false;
    };
  }

  /** Remembers a connection that left HTTP, so that it can be cut when the colour goes. */
  track(socket: Duplex): void {
    this.#upgraded.add(socket);
    socket.once("close", () => this.#upgraded.delete(socket));
  }

  /** Closes connections nobody uses, so that the process does not wait for them when it ends. */
  closeIdle(): void {
    for (const sockets of Object.values(this.pool.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }

  /** Cuts everything. */
  destroy(): void {
    this.pool.destroy();
    this.fresh.destroy();
    for (const socket of this.#upgraded) socket.destroy();
  }
}

/** Where a request goes. */
export interface Picked {
  readonly upstream: Upstream;
  /** A cookie by which the client is known again. */
  readonly setCookie?: string | undefined;
}

/** Where requests go. It is asked anew for each request, also on connections that are open already. */
export interface Route {
  /** The colour that gets a request with these header fields, or null when none gets any. */
  pick(headers: IncomingHttpHeaders): Picked | null;
  /** Called for each request that found no colour. */
  missed(): void;
}
