import { connect } from "node:net";

/**
 * Whether a port accepts a connection.
 *
 * @param timeoutMs - silence counts as closed after it. @defaultValue 3000
 */
export function portAnswers(host: string, port: number, timeoutMs = 3000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once("error", () => end(false));
    socket.once("connect", () => end(true));
  });
}
