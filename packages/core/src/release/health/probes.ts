import { request } from "node:http";
import { connect } from "node:net";

/** How much of an unhealthy answer is told. */
const toldCharacters = 300;

/**
 * Asks by HTTP GET. Of an answer that is not good, the beginning is told.
 *
 * @returns null when it answered 2xx in time, else a few words
 */
export function probeHttp(
  host: string,
  port: number,
  path: string,
  timeoutMs: number,
): Promise<string | null> {
  return new Promise((resolve) => {
    const sent = request({ host, port, path, agent: false, headers: { host } });
    const timer = setTimeout(() => {
      resolve(`no answer within ${timeoutMs} ms`);
      sent.destroy();
    }, timeoutMs);
    const end = (result: string | null): void => {
      clearTimeout(timer);
      resolve(result);
    };
    sent.on("response", (answer) => {
      const status = answer.statusCode ?? 0;
      let told = "";
      answer.setEncoding("utf8");
      answer.on("data", (text: string) => (told += text.slice(0, toldCharacters - told.length)));
      answer.on("error", () => end("the answer broke off"));
      answer.on("end", () => end(status >= 200 && status < 300 ? null : `status ${status}${oneLine(told)}`));
    });
    sent.on("error", (error) => end("code" in error ? String(error.code) : error.message));
    sent.end();
  });
}

/** Opens a connection. @returns null when it was taken in time, else a few words */
export function probeTcp(host: string, port: number, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (result: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => end(`no connection within ${timeoutMs} ms`), timeoutMs);
    socket.on("connect", () => end(null));
    socket.on("error", (error) => end("code" in error ? String(error.code) : error.message));
  });
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/gu, " ").trim();
  return line === "" ? "" : `: ${line}`;
}
