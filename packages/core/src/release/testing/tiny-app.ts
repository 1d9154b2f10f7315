/**
 * A small HTTP service for tests and measurements; it needs nothing but Node.js and is released as a single
 * file. What it does is set by the release's variables:
 *
 * - `TINY_CRASH=1` ends at once with status 3
 * - `TINY_HEALTH=never` never answers as healthy; `TINY_HEALTH=brief` only for its first `TINY_GOOD` tries
 * - `TINY_STATUS=500` answers what is not listed below with a status
 * - `TINY_STUBBORN=1` ignores SIGTERM
 * - `TINY_CHILD=1` starts a process of its own that would live for ever
 *
 * `/slow?ms=1000` answers after a while, `/status?code=500` answers with
 * a status, `/echo` sends back the body, `/headers` the header fields, `/exit`
 * ends the process, `/env` names its variables, `/digest?name=X` hashes one, `/log?name=X` prints it, `/cut` breaks off in the middle of an answer, and an upgrade
 * to `echo` sends back every byte.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

const { env } = process;
const on = (name: string): boolean => env[name] === "1";
let healthTries = 0;

if (on("TINY_CRASH")) {
  process.stderr.write("tiny: cannot find its database\n");
  process.exit(3);
}
if (on("TINY_CHILD")) spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

function healthy(): boolean {
  healthTries += 1;
  if (env["TINY_HEALTH"] === "never") return false;
  return env["TINY_HEALTH"] !== "brief" || healthTries <= Number(env["TINY_GOOD"] ?? 2);
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://tiny");
  const version = env["LOTSE_VERSION"] ?? "none";
  switch (url.pathname) {
    case "/health":
      json(response, healthy() ? 200 : 503, { version });
      break;
    case "/slow":
      setTimeout(() => json(response, 200, { version }), Number(url.searchParams.get("ms") ?? 1000));
      break;
    case "/echo":
      request.pipe(response);
      break;
    case "/headers":
      json(response, 200, request.headers);
      break;
    case "/env":
      json(response, 200, Object.keys(env).sort());
      break;
    case "/digest":
      json(response, 200, digest(env[url.searchParams.get("name") ?? ""] ?? ""));
      break;
    case "/log":
      process.stdout.write(`the value is ${env[url.searchParams.get("name") ?? ""]}\n`);
      json(response, 200, null);
      break;
    case "/exit":
      response.end(() => process.exit(4));
      break;
    case "/status":
      json(response, Number(url.searchParams.get("code") ?? 200), { version });
      break;
    case "/cut":
      response.write("half of ");
      setTimeout(() => response.destroy(), 20);
      break;
    default: {
      if (env["TINY_STATUS"] !== undefined) {
        json(response, Number(env["TINY_STATUS"]), { version });
        break;
      }
      const config: unknown = JSON.parse(readFileSync(env["LOTSE_CONFIG"] ?? "", "utf8"));
      json(response, 200, { version, colour: env["LOTSE_COLOUR"], config });
    }
  }
}

const server = createServer(answer);
server.on("upgrade", (request, socket, head) => {
  if (request.headers.upgrade !== "echo") {
    socket.end("HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    return;
  }
  socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n");
  if (head.length > 0) socket.write(head);
  socket.pipe(socket);
  socket.on("error", () => socket.destroy());
});
process.on("SIGTERM", () => {
  if (on("TINY_STUBBORN")) return;
  server.close(() => process.exit(0));
});
server.listen(Number(env["PORT"]), env["HOST"], () => {
  process.stdout.write(`tiny ${env["LOTSE_VERSION"]} listens\n`);
});
