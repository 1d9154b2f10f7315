import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** How many answers of each kind are lost once {@link LosingProxy.arm} was called. */
const lostOfEach = 2;

/**
 * Stands between a controller and its database. Armed, it loses the first answers to every kind of statement: the
 * server has done what it was asked, and whoever asked never hears of it. It can also be cut off as a whole.
 *
 * It reads what the protocol of PostgreSQL says openly: the text in `Parse` and `Query` messages, and that a
 * statement is over and committed by `ReadyForQuery`.
 * See https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class LosingProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #armed = false;
  #isCut = false;
  /** How often the answer to a kind of statement was lost, such as `UPDATE lotse.locks`. */
  readonly lost = new Map<string, number>();

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  /** @param target - the port of the database on this machine */
  static async listen(target: number): Promise<LosingProxy> {
    const proxy = new LosingProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** The URL of a database by way of it. */
  through(url: string): string {
    const { port } = this.#server.address() as AddressInfo;
    return url.replace(/:\d+\//u, `:${port}/`);
  }

  /** From now on answers are lost. */
  arm(): void {
    this.#armed = true;
  }

  /** Breaks all connections and lets no new one through, as a network that is away does. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The network is back. */
  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket): void {
    if (this.#isCut) {
      client.destroy();
      return;
    }
    const server = connect(this.#target, "127.0.0.1");
    const talk = new Conversation();
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
    client.on("data", (bytes: Buffer) => {
      talk.asks(bytes);
      server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      const kind = talk.isAnswered(bytes);
      if (kind === null || !this.#loses(kind)) client.write(bytes);
      else {
        client.destroy();
        server.destroy();
      }
    });
  }

  #loses(kind: string): boolean {
    const before = this.lost.get(kind) ?? 0;
    if (!this.#armed || before >= lostOfEach) return false;
    this.lost.set(kind, before + 1);
    return true;
  }
}

/** What goes over one connection: one statement after the other. */
class Conversation {
  #kind: string | null = null;
  /** What was written since `BEGIN`; null outside of a transaction. */
  #written: Set<string> | null = null;

  /** Notes what kind of statement a client sends. */
  asks(bytes: Buffer): void {
    const text = bytes.toString("latin1");
    // A statement may begin with what it selects and still write.
    const write = /\b(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?\."?(\w+)"?/u.exec(text);
    const [, verb = "", schema = "", table = ""] = write ?? [];
    const [control] = /\b(?:BEGIN|COMMIT|ROLLBACK)\b/u.exec(text) ?? [];
    if (control === "BEGIN") this.#written = new Set();
    if (write !== null) this.#kind = `${verb.split(" ")[0]} ${schema}.${table}`;
    else if (control !== undefined) this.#kind = control;
    else if (/\bSELECT\b/u.test(text)) this.#kind = "SELECT";
    if (write !== null && this.#kind !== null) this.#written?.add(this.#kind);
    if (write === null && control === "COMMIT") {
      this.#kind = `COMMIT of ${[...(this.#written ?? [])].sort().join(", ") || "nothing"}`;
      this.#written = null;
    }
  }

  /** @returns the kind of statement whose answer this ends, or null */
  isAnswered(bytes: Buffer): string | null {
    // `Z`, its length of 5, and whether the connection is idle or in a transaction.
    const isReady = bytes.subarray(-6, -1).equals(Buffer.from([0x5a, 0, 0, 0, 5]));
    if (!isReady || this.#kind === null) return null;
    const kind = this.#kind;
    this.#kind = null;
    return kind;
  }
}
