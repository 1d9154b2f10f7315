import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { failure, routes } from "./routes.js";

const longestUrl = 2048;
const largestHeaderBytes = 16_384;
const refusals = new Map([
  ["HPE_HEADER_OVERFLOW", ["431 Request Header Fields Too Large", "headers_too_large"]],
  ["ERR_HTTP_REQUEST_TIMEOUT", ["408 Request Timeout", "request_timeout"]],
]);

/**
 * The HTTP service, not listening yet.
 *
 * @param {Omit<import("./routes.js").Service, "draining">} parts configuration, version and whom it serves
 * @param {ReturnType<typeof import("./log.js").createLog>} log
 * @returns {{server: import("node:http").Server, drain: (limitMs: number) => Promise<boolean>}} `drain` takes no new
 *   connection, lets requests in flight finish, and says whether all of them did within the limit
 */
export function createApp(parts, log) {
  let draining = false;
  const service = { ...parts, draining: () => draining };
  const timeouts = parts.config.application?.api?.timeouts ?? {};
  const server = createServer({
    maxHeaderSize: largestHeaderBytes,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: timeouts.keep_alive_ms ?? 5000,
  });
  server.on("request", (request, response) => {
    void handle(service, request, response, log);
    // A connection that was busy when the drain began is idle now.
    response.on("close", () => {
      if (draining) setImmediate(() => server.closeIdleConnections());
    });
  });
  server.on("clientError", refuse);

  const drain = (limitMs) => {
    draining = true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        server.closeAllConnections();
        resolve(false);
      }, limitMs);
      server.close(() => {
        clearTimeout(timer);
        resolve(true);
      });
      server.closeIdleConnections();
    });
  };
  return { server, drain };
}

/**
 * Answers one request and logs it. Never rejects.
 *
 * @type {(service: import("./routes.js").Service, request: import("node:http").IncomingMessage,
 *   response: import("node:http").ServerResponse, log: Function) => Promise<void>}
 */
async function handle(service, request, response, log) {
  const started = performance.now();
  const requestId = idFrom(request.headers["x-request-id"]);
  const correlationId = idFrom(request.headers["x-correlation-id"], requestId);
  const gone = new AbortController();
  const about = {
    method: request.method,
    path: pathOf(request.url),
    request_id: requestId,
    correlation_id: correlationId,
  };
  response.on("close", () => {
    gone.abort();
    const duration_ms = Math.round((performance.now() - started) * 10) / 10;
    log("info", "request", {
      ...about,
      status: response.statusCode,
      finished: response.writableFinished,
      duration_ms,
    });
  });
  let answer;
  try {
    answer = await answerTo(service, request, gone.signal);
  } catch (error) {
    log("error", "request failed", {
      ...about,
      reason: error instanceof Error ? error.message : String(error),
    });
    answer = failure(500, "internal", "this is our mistake; quote the request id");
  }
  // Nobody reads a body here: the connection of a request that has one is not used again.
  const close = service.draining() || hasBody(request);
  send(response, answer, { requestId, correlationId, close, head: request.method === "HEAD" });
}

/** @type {(service: import("./routes.js").Service, request: import("node:http").IncomingMessage, signal: AbortSignal) => Promise<import("./routes.js").Answer>} */
async function answerTo(service, request, signal) {
  const target = request.url ?? "/";
  if (target.length > longestUrl)
    return failure(414, "url_too_long", `an address has at most ${longestUrl} characters`);
  const url = URL.canParse(target, "http://app") ? new URL(target, "http://app") : null;
  if (!url) return failure(400, "bad_url", "the address cannot be read");
  const route = routes.get(url.pathname);
  if (!route) return failure(404, "not_found", `there is ${[...routes.keys()].join(", ")}`);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return failure(405, "method_not_allowed", "only GET and HEAD");
  }
  if (hasBody(request)) return failure(400, "unexpected_body", "these requests have no body");
  return route(service, url.searchParams, signal);
}

/**
 * @type {(response: import("node:http").ServerResponse, answer: import("./routes.js").Answer,
 *   how: {requestId: string, correlationId: string, close: boolean, head: boolean}) => void}
 */
function send(response, { status, body }, { requestId, correlationId, close, head }) {
  if (response.destroyed) return;
  const text = `${JSON.stringify(status < 400 ? body : { ...body, request_id: requestId })}\n`;
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-request-id": requestId,
    "x-correlation-id": correlationId,
    ...(status === 405 ? { allow: "GET, HEAD" } : {}),
    ...(close ? { connection: "close" } : {}),
  });
  response.end(head ? undefined : text);
}

/**
 * Answers what is no HTTP, or too much of it, before there is a request to answer.
 *
 * @type {(error: NodeJS.ErrnoException, socket: import("node:stream").Duplex) => void}
 */
function refuse(error, socket) {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [line, code] = refusals.get(error.code) ?? ["400 Bad Request", "bad_request"];
  const { body } = failure(Number(line.slice(0, 3)), code, "the request cannot be read");
  const text = `${JSON.stringify(body)}\n`;
  const head = [
    `HTTP/1.1 ${line}`,
    "content-type: application/json",
    `content-length: ${text.length}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`);
}

/** The caller's id where it is a harmless one. @type {(given: string | string[] | undefined, otherwise?: string) => string} */
function idFrom(given, otherwise) {
  return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : (otherwise ?? randomUUID());
}

/** Queries may name people; logs carry the path only. @type {(url: string | undefined) => string} */
function pathOf(url = "/") {
  return url.split("?", 1)[0].slice(0, 200);
}

/** @type {(request: import("node:http").IncomingMessage) => boolean} */
function hasBody({ headers }) {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
