import { request as send, STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { endToEndHeaders, upstreamHeaders } from "./headers.ts";
import type { Route } from "./upstream.ts";

/**
 * Passes a request to leave HTTP (WebSocket and the like) to the process, and then every byte both ways.
 * Where the process declines, its answer is passed back and the connection closed.
 */
export function forwardUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, route: Route): void {
  socket.on("error", () => socket.destroy());
  const upstream = route.pick(request.headers)?.upstream;
  if (upstream?.port === undefined || upstream.port === null) {
    if (upstream === undefined) route.missed();
    else upstream.errors += 1;
    socket.end(headOf(503, undefined, [["connection", "close"]]));
    return;
  }
  const done = upstream.begin();
  socket.once("close", done);
  upstream.track(socket);
  let sent;
  try {
    const headers = { ...upstreamHeaders(request), connection: "Upgrade", upgrade: request.headers.upgrade };
    const { host, port } = upstream;
    const path = request.url ?? "/";
    sent = send({ host, port, method: request.method ?? "GET", path, headers, agent: upstream.fresh });
  } catch {
    socket.end(headOf(400, undefined, [["connection", "close"]]));
    return;
  }
  const outgoing = sent;
  socket.once("close", () => outgoing.destroy());
  outgoing.on("upgrade", (answer, far, farHead) => {
    upstream.track(far);
    const upgrade = answer.headers.upgrade ?? request.headers.upgrade ?? "";
    const hop: [string, string][] = [
      ["connection", "Upgrade"],
      ["upgrade", upgrade],
    ];
    socket.write(headOf(101, answer.statusMessage, [...endToEndHeaders(answer), ...hop]));
    join(socket, far, head, farHead);
  });
  outgoing.on("response", (answer) => {
    if ((answer.statusCode ?? 502) >= 500) upstream.errors += 1;
    const headers = [...endToEndHeaders(answer), ["connection", "close"] as const];
    socket.write(headOf(answer.statusCode ?? 502, answer.statusMessage, headers));
    answer.pipe(socket);
  });
  outgoing.on("error", () => {
    if (socket.destroyed) return;
    upstream.errors += 1;
    socket.end(headOf(502, undefined, [["connection", "close"]]));
  });
  outgoing.end();
}

function join(near: Duplex, far: Duplex, nearHead: Buffer, farHead: Buffer): void {
  far.on("error", () => far.destroy());
  near.once("close", () => far.destroy());
  far.once("close", () => near.destroy());
  if (farHead.length > 0) near.write(farHead);
  if (nearHead.length > 0) far.write(nearHead);
  near.pipe(far);
  far.pipe(near);
}

function headOf(
  status: number,
  message: string | undefined,
  headers: readonly (readonly [string, string])[],
): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} ${message ?? STATUS_CODES[status] ?? ""}\r\n${lines}\r\n`;
}
