import {
  createServer,
  request as send,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { pipeline } from "node:stream";
import { endToEndHeaders, hasBody, upstreamHeaders } from "./headers.ts";
import { forwardUpgrade } from "./proxy-upgrade.ts";
import type { Route, Upstream } from "./upstream.ts";

/** Bounds on what passes the proxy. */
export interface ProxyLimits {
  /** Silence of the process in the middle of an answer, or before it. @defaultValue 300000 */
  readonly idleTimeoutMs: number;
  /** To receive a whole request. @defaultValue 300000 */
  readonly requestTimeoutMs: number;
  /** All header fields of a request together. @defaultValue 32 KiB */
  readonly maxHeaderBytes: number;
  /** The body of a request. @defaultValue 1 GiB */
  readonly maxBodyBytes: number;
  /** Open connections of clients. @defaultValue 10000 */
  readonly maxConnections: number;
}

/** The defaults of {@link ProxyLimits}. */
export const proxyLimits: ProxyLimits = {
  idleTimeoutMs: 300_000,
  requestTimeoutMs: 300_000,
  maxHeaderBytes: 32 * 1024,
  maxBodyBytes: 1024 * 1024 * 1024,
  maxConnections: 10_000,
};

/**
 * Makes the reverse proxy of one tenant: streams both ways, passes upgrades through, and chooses the colour
 * for every request by itself, so that a switch is seen by all requests after it and by none before.
 *
 * A request without body and of a method that may be repeated uses the pool of kept connections, and is sent
 * once more on a fresh connection if the process closed the kept one just then. All others get a fresh
 * connection in the first place, because a proxy must not repeat them.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.3.1
 */
export function createProxy(route: Route, limits: ProxyLimits = proxyLimits): Server {
  const server = createServer({
    // Longer than what clients usually keep, so that it is they who close idle connections.
    keepAliveTimeout: 75_000,
    headersTimeout: Math.min(30_000, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    maxHeaderSize: limits.maxHeaderBytes,
    noDelay: true,
  });
  server.maxConnections = limits.maxConnections;
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    forward(request, response, route, limits);
  });
  server.on("upgrade", (request: IncomingMessage, socket, head: Buffer) => {
    forwardUpgrade(request, socket, head, route);
  });
  return server;
}

/** Answers with an error of the proxy itself, unless an answer is under way already. */
function refuse(response: ServerResponse, status: number, error: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify({ error, by: "lotse" });
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

function forward(
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
  limits: ProxyLimits,
): void {
  const picked = route.pick(request.headers);
  if (picked === null) {
    route.missed();
    refuse(response, 503, "no release is deployed here");
    return;
  }
  if (Number(request.headers["content-length"] ?? 0) > limits.maxBodyBytes) {
    refuse(response, 413, "the body of the request is too large");
    return;
  }
  const { upstream, setCookie } = picked;
  const done = upstream.begin();
  response.once("close", done);
  attempt({ request, response, upstream, setCookie, limits }, isRepeatable(request));
}

function isRepeatable(request: IncomingMessage): boolean {
  const method = request.method ?? "GET";
  return !hasBody(request) && ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].includes(method);
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upstream: Upstream;
  readonly setCookie: string | undefined;
  readonly limits: ProxyLimits;
}

function attempt(exchange: Exchange, pooled: boolean): void {
  const { request, response, upstream, limits } = exchange;
  if (upstream.port === null) {
    fail(exchange, 502, "the process is not running");
    return;
  }
  let outgoing;
  try {
    outgoing = send({
      host: upstream.host,
      port: upstream.port,
      method: request.method ?? "GET",
      path: request.url ?? "/",
      headers: upstreamHeaders(request),
      agent: pooled ? upstream.pool : upstream.fresh,
    });
  } catch {
    refuse(response, 400, "the request cannot be passed on");
    return;
  }
  const sent = outgoing;
  let answered = false;
  const onClose = (): void => void sent.destroy();
  response.once("close", onClose);
  sent.setTimeout(limits.idleTimeoutMs, () => sent.destroy(new Error("it was silent for too long")));
  sent.on("response", (incoming: IncomingMessage) => {
    answered = true;
    relay(exchange, incoming);
  });
  sent.on("error", (error) => {
    response.off("close", onClose);
    if (answered || response.destroyed) return;
    if (pooled && sent.reusedSocket) {
      upstream.retries += 1;
      attempt(exchange, false);
    } else fail(exchange, 502, `the process did not answer: ${error.message}`);
  });
  sendBody(exchange, sent);
}

function sendBody({ request, response, limits }: Exchange, sent: ReturnType<typeof send>): void {
  if (!hasBody(request)) {
    sent.end();
    return;
  }
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > limits.maxBodyBytes) {
      refuse(response, 413, "the body of the request is too large");
      sent.destroy();
    }
  });
  request.pipe(sent);
}

function relay(exchange: Exchange, incoming: IncomingMessage): void {
  const { response, upstream, setCookie } = exchange;
  const status = incoming.statusCode ?? 502;
  try {
    const headers = endToEndHeaders(incoming).flat();
    if (setCookie !== undefined) headers.push("set-cookie", setCookie);
    response.writeHead(status, incoming.statusMessage, headers);
  } catch {
    incoming.resume();
    fail(exchange, 502, "the process gave an answer that cannot be passed on");
    return;
  }
  const isFault = status >= 500;
  if (isFault) upstream.errors += 1;
  let begun = false;
  incoming.once("data", () => {
    begun = true;
  });
  // Together with the first content where that is here already; alone where the process keeps silent first.
  setImmediate(() => {
    if (!begun && !response.writableEnded && !response.destroyed) response.flushHeaders();
  });
  // An answer that breaks off is the process's fault only where the client was still there to read it.
  incoming.once("error", () => {
    if (!response.destroyed && !isFault) upstream.errors += 1;
  });
  pipeline(incoming, response, () => {});
}

function fail({ response, upstream }: Exchange, status: number, error: string): void {
  upstream.errors += 1;
  refuse(response, status, error);
}
