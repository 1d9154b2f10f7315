import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";
import { LotseError } from "../../../kernel/index.ts";

/**
 * Chooses a free port on 127.0.0.1 below the range that systems take for outgoing connections, so that it is
 * unlikely to be taken between this answer and its use, and can be had again after a restart.
 *
 * @throws LotseError `target.port` when a hundred tries found none
 */
export async function chooseFreePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(20_000, 32_768);
    if (await isFree(port)) return port;
  }
  throw new LotseError({ code: "target.port", message: "no free port was found between 20000 and 32767" });
}

/** Whether a port of 127.0.0.1 can be opened now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Waits until something accepts connections on a port of 127.0.0.1.
 *
 * @param port - looked up before each try; null while there is none yet
 * @returns whether it did before the time was over
 */
export async function waitForListener(port: () => number | null, timeoutMs: number): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const present = port();
    if (present !== null && (await accepts(present))) return true;
    if (Date.now() >= end) return false;
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
