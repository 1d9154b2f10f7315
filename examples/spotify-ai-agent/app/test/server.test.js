import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { exampleConfig } from "../testing/example-config.js";

const folder = mkdtempSync(join(tmpdir(), "agent-app-"));
after(() => rmSync(folder, { recursive: true }));

/** Starts the service as Lotse does and waits until it listens. */
async function start(t, config) {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(process.execPath, ["src/server.js"], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: {
      PORT: "0",
      HOST: "127.0.0.1",
      LOTSE_CONFIG: file,
      LOTSE_TENANT: "nordlicht-records",
      LOTSE_ENVIRONMENT: "prod",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const lines = [];
  const output = createInterface({ input: child.stdout });
  output.on("line", (line) => lines.push(JSON.parse(line)));
  const ended = once(child, "close");
  await once(output, "line");
  return { child, lines, ended, port: lines[0].port };
}

function get(port, path, agent) {
  const sent = request({ host: "127.0.0.1", port, path, agent });
  sent.end();
  return once(sent, "response").then(async ([response]) => ({
    status: response.statusCode,
    connection: response.headers.connection,
    body: JSON.parse(await text(response)),
  }));
}

const until = async (condition) => {
  for (const deadline = performance.now() + 3000; !condition() && performance.now() < deadline;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(condition());
};

test("SIGTERM: requests in flight finish, idle connections close, new ones are refused, status 0", async (t) => {
  const { child, lines, ended, port } = await start(t, exampleConfig());
  const idle = new Agent({ keepAlive: true });
  t.after(() => idle.destroy());
  assert.equal((await get(port, "/health", idle)).status, 200);
  const slow = get(port, "/slow?ms=600", new Agent({ keepAlive: true }));
  await new Promise((resolve) => setTimeout(resolve, 150));
  child.kill("SIGTERM");
  await until(() => lines.some(({ message }) => message === "draining"));
  child.kill("SIGTERM");
  await assert.rejects(get(port, "/", false), { code: "ECONNREFUSED" });
  const answer = await slow;
  assert.deepEqual([answer.status, answer.body.waited_ms, answer.connection], [200, 600, "close"]);
  assert.deepEqual(await ended, [0, null]);
  assert.equal(lines.at(-1).message, "stopped");
  assert.equal(lines[0].tenant_id, "nordlicht-records");
});

test("a request that outlasts the limit is cut off, status 1", async (t) => {
  const { child, lines, ended, port } = await start(t, exampleConfig({ shutdownMs: 200 }));
  const cut = assert.rejects(get(port, "/slow?ms=20000", false));
  await new Promise((resolve) => setTimeout(resolve, 150));
  child.kill("SIGTERM");
  await cut;
  assert.deepEqual(await ended, [1, null]);
  assert.equal(lines.at(-1).level, "warn");
});

const unusable = [
  { env: {}, reason: /LOTSE_CONFIG is not set/ },
  { env: { LOTSE_CONFIG: "/nowhere/config.json" }, reason: /cannot read the configuration \/nowhere/ },
  { env: { LOTSE_CONFIG: "list.json" }, reason: /is not a JSON object/ },
  { env: { LOTSE_CONFIG: "good.json", PORT: "eighty" }, reason: /PORT is not a port: eighty/ },
];
for (const { env, reason } of unusable) {
  test(`does not start: ${reason.source}`, async () => {
    writeFileSync(join(folder, "list.json"), "[]");
    writeFileSync(join(folder, "good.json"), JSON.stringify(exampleConfig()));
    const script = fileURLToPath(new URL("../src/server.js", import.meta.url));
    const child = spawn(process.execPath, [script], {
      cwd: folder,
      env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [said, [status]] = await Promise.all([text(child.stderr), once(child, "close")]);
    assert.match(JSON.parse(said).reason, reason);
    assert.equal(status, 1);
  });
}
