import { connect } from "node:net";

/**
 * Asks a PostgreSQL server whether it speaks TLS, with the packet that every client starts with: no user, no
 * password and no query are needed.
 *
 * @param timeoutMs - @defaultValue 5000
 * @returns `undefined` where nothing answers, or something that is no PostgreSQL
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html SSLRequest
 */
export function probePostgresql(host: string, port: number, timeoutMs = 5000): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => end(undefined));
    socket.once("error", () => end(undefined));
    socket.once("close", () => resolve(undefined));
    socket.once("connect", () => {
      const packet = Buffer.alloc(8);
      packet.writeInt32BE(8, 0);
      packet.writeInt32BE(80_877_103, 4);
      socket.write(packet);
    });
    socket.once("data", (answer) => {
      const first = String.fromCharCode(answer[0] ?? 0);
      end(first === "S" ? true : first === "N" ? false : undefined);
    });
  });
}
