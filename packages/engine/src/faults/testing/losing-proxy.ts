import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** How many answers of each kind are lost once {@link LosingProxy.arm} was called. */
const lostOfEach = 2;

/**
 * Stands between a controller and its database. Armed, it loses the first answers to every kind of statement: the
 * server has done what it was asked, and whoever asked never hears of it. It can also be cut off as a whole, or fall silent.
 *
 * It reads what the protocol of PostgreSQL says openly: the text in `Parse` and `Query` messages, which of them is meant
 * by `Bind`, and that a statement is over and committed by `ReadyForQuery`.
 * See https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class LosingProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #armed = false;
  #isCut = false;
  #isSilent = false;
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

  /** From now on nothing arrives, and nobody is told: connections stay open, and new ones are never answered. */
  silence(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** The network is back. */
  mend(): void {
    this.#isCut = false;
    this.#isSilent = false;
    for (const socket of this.#sockets) socket.resume();
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
    if (this.#isSilent) for (const socket of [client, server]) socket.pause();
    client.on("data", (bytes: Buffer) => {
      talk.asks(bytes);
      server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      // What was answered along with one that is lost is lost, too.
      if (!talk.answered(bytes).some((kind) => this.#loses(kind))) client.write(bytes);
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

/** Takes messages out of one direction of a connection. */
class Messages {
  #rest: Buffer = Buffer.alloc(0);
  /** A client's first message has no type. */
  #typed: boolean;

  constructor(typed: boolean) {
    this.#typed = typed;
  }

  *take(bytes: Buffer): Iterable<{ readonly type: string; readonly body: Buffer }> {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const at = this.#typed ? 1 : 0;
      if (this.#rest.length < at + 4) return;
      const end = at + this.#rest.readUInt32BE(at);
      if (this.#rest.length < end) return;
      const type = this.#typed ? String.fromCharCode(this.#rest[0] ?? 0) : "";
      const body = this.#rest.subarray(at + 4, end);
      this.#rest = this.#rest.subarray(end);
      this.#typed = true;
      yield { type, body };
    }
  }
}

/** What goes over one connection; a statement may be sent before the one ahead of it is answered. */
class Conversation {
  readonly #fromClient = new Messages(false);
  readonly #fromServer = new Messages(true);
  /** The texts of prepared statements. */
  readonly #prepared = new Map<string, string>();
  #text = "";
  #greeted = false;
  /** What waits for an answer. */
  readonly #kinds: (string | null)[] = [];
  /** What was written since `BEGIN`; null outside of a transaction. */
  #written: Set<string> | null = null;

  /** Notes what kinds of statements a client sends. */
  asks(bytes: Buffer): void {
    for (const { type, body } of this.#fromClient.take(bytes)) {
      const [first = "", second = ""] = body.toString("latin1").split("\0", 2);
      if (type === "P") this.#prepared.set(first, second);
      else if (type === "B") this.#text = this.#prepared.get(second) ?? "";
      else if (type === "S") this.#kinds.push(this.#kindOf(this.#text));
      else if (type === "Q") this.#kinds.push(this.#kindOf(first));
    }
  }

  /** @returns the kinds of the statements whose answers end here */
  answered(bytes: Buffer): readonly string[] {
    const ended: string[] = [];
    for (const { type } of this.#fromServer.take(bytes)) {
      // The first one ends the greeting.
      if (type === "Z") ended.push(this.#greeted ? (this.#kinds.shift() ?? "") : "");
      this.#greeted ||= type === "Z";
    }
    return ended.filter((kind) => kind !== "");
  }

  #kindOf(text: string): string | null {
    // A statement may begin with what it selects and still write.
    const write = /\b(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?\."?(\w+)"?/u.exec(text);
    const [, verb = "", schema = "", table = ""] = write ?? [];
    if (write !== null) {
      const kind = `${verb.split(" ")[0]} ${schema}.${table}`;
      this.#written?.add(kind);
      return kind;
    }
    const [control] = /\b(?:BEGIN|COMMIT|ROLLBACK)\b/u.exec(text) ?? [];
    if (control === "BEGIN") this.#written = new Set();
    if (control === "COMMIT") {
      const written = [...(this.#written ?? [])].sort().join(", ") || "nothing";
      this.#written = null;
      return `COMMIT of ${written}`;
    }
    return control ?? (/\bSELECT\b/u.test(text) ? "SELECT" : null);
  }
}
