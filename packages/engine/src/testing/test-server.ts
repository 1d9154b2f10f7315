import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree, Sensitive } from "@lotse/core/kernel";
import { Database } from "../database/database.ts";
import { startEmbedded, stopEmbedded, type EmbeddedServer } from "../postgres/embedded.ts";

/** A PostgreSQL of a test file, in a directory of its own that goes with it. */
export class TestServer {
  readonly root: string;
  #server: EmbeddedServer;

  private constructor(root: string, server: EmbeddedServer) {
    this.root = root;
    this.#server = server;
  }

  static async start(): Promise<TestServer> {
    const root = await mkdtemp(join(tmpdir(), "lotse-engine-"));
    await chmod(root, 0o711);
    return new TestServer(root, await startEmbedded({ directory: join(root, "postgres") }));
  }

  get server(): EmbeddedServer {
    return this.#server;
  }

  /** Makes a database of its own for a test. */
  async database(name: string): Promise<Sensitive<string>> {
    const database = new Database({ url: this.#server.url, connections: 1 });
    try {
      await database.query(`CREATE DATABASE "${name}"`);
    } finally {
      await database.close();
    }
    return this.urlOf(name);
  }

  urlOf(name: string): Sensitive<string> {
    return new Sensitive(this.#server.url.reveal().replace(/\/lotse$/u, `/${name}`));
  }

  /** Ends it as a power cut would. */
  kill(): void {
    if (this.#server.pid !== null) process.kill(this.#server.pid, "SIGKILL");
  }

  /** Starts it again after `kill`. */
  async restart(): Promise<void> {
    this.#server = await startEmbedded({ directory: join(this.root, "postgres") });
  }

  async dispose(): Promise<void> {
    await stopEmbedded({ directory: join(this.root, "postgres") });
    await removeTree(this.root);
  }
}
