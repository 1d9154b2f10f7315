import { request } from "node:http";
import type { Duplex } from "node:stream";

/** How much of an unhealthy answer is told. */
const toldCharacters = 300;

/** Opens a stream to what is asked. */
export type Opens = () => Duplex;

/**
 * Asks by HTTP GET over a stream, such as one through ssh.
 *
 * @param host - for the field `host`
 * @returns null when it answered 2xx in time, else a few words
 */
export function probeHttpOver(
  open: Opens,
  host: string,
  path: string,
  timeoutMs: number,
): Promise<string | null> {
  return new Promise((resolve) => {
    const stream = open();
    let settled = false;
    const end = (result: string | null): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      stream.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => end(`no answer within ${timeoutMs} ms`), timeoutMs);
    stream.on("error", (error) => end(`no connection: ${error.message}`));
    const sent = request({ createConnection: () => stream, path, headers: { host, connection: "close" } });
    sent.on("response", (answer) => {
      const status = answer.statusCode ?? 0;
      let told = "";
      answer.setEncoding("utf8");
      answer.on("data", (text: string) => (told += text.slice(0, toldCharacters - told.length)));
      answer.on("error", () => end("the answer broke off"));
      answer.on("end", () => end(status >= 200 && status < 300 ? null : `status ${status}${oneLine(told)}`));
    });
    sent.on("error", (error) => end(`no connection: ${error.message}`));
    sent.end();
  });
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/gu, " ").trim();
  return line === "" ? "" : `: ${line}`;
}
