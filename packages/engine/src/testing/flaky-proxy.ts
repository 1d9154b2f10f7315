import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * Stands between a worker and its database, and loses answers: the server has done what it was asked, and the
 * worker never hears of it.
 */
export class FlakyProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #every: number;
  #answers = 0;
  /** How many answers were lost. */
  lost = 0;

  private constructor(target: number, every: number) {
    this.#every = every;
    this.#server = createServer((client) => this.#join(client, connect(target, "127.0.0.1")));
  }

  /**
   * @param target - the port of the database
   * @param every - how many answers to statements there are for each that is lost
   * @param at - its own port; any by default
   */
  static async listen(target: number, every: number, at = 0): Promise<{ proxy: FlakyProxy; port: number }> {
    const proxy = new FlakyProxy(target, every);
    await new Promise<void>((resolve) => {
      proxy.#server.listen(at, "127.0.0.1", resolve);
    });
    const address = proxy.#server.address();
    return { proxy, port: typeof address === "object" && address !== null ? address.port : 0 };
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  /** Cuts all connections, as a network that fails does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    client.on("data", (bytes: Buffer) => server.write(bytes));
    server.on("data", (bytes: Buffer) => {
      if (this.#loses(bytes)) {
        client.destroy();
        server.destroy();
      } else client.write(bytes);
    });
  }

  /** Counts answers that say that something was written: a COMMIT, or a statement that is one by itself. */
  #loses(bytes: Buffer): boolean {
    if (!/C\0\0\0.(?:COMMIT|INSERT|UPDATE|SELECT)/su.test(bytes.toString("latin1"))) return false;
    this.#answers += 1;
    if (this.#answers % this.#every !== 0) return false;
    this.lost += 1;
    return true;
  }
}
