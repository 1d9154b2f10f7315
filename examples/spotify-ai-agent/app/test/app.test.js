import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { createApp } from "../src/app.js";
import { createLog } from "../src/log.js";
import { exampleConfig } from "../testing/example-config.js";

const lines = [];
const identity = { tenant: "nordlicht-records", environment: "prod", release: "r-1", colour: "blue" };
const config = exampleConfig();
const { server, drain } = createApp(
  { config, version: "9.9.9", identity },
  createLog({ level: "info", write: (line) => lines.push(JSON.parse(line)) }),
);

before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
after(() => drain(1000));

/** One request; the raw path is sent as it stands. */
async function ask(path, { method = "GET", headers = {}, body } = {}) {
  const sent = request({
    host: "127.0.0.1",
    port: server.address().port,
    path,
    method,
    headers,
    agent: false,
  });
  sent.end(body);
  const [response] = await once(sent, "response");
  const answer = await text(response);
  return {
    status: response.statusCode,
    headers: response.headers,
    body: answer === "" ? null : JSON.parse(answer),
  };
}

test("the overview names tenant and version, and nothing secret", async () => {
  const { status, body } = await ask("/");
  assert.equal(status, 200);
  assert.equal(body.tenant, "nordlicht-records");
  assert.equal(body.version, "9.9.9");
  assert.equal(body.requests_per_minute, 3000);
  assert.doesNotMatch(JSON.stringify(body), /secret|password/);
});

test("health is 200 while every check passes and 503 when one fails", async () => {
  const good = await ask("/health");
  assert.equal(good.status, 200);
  assert.equal(good.body.status, "healthy");
  config.scaling.horizontal.max_replicas = 1;
  const bad = await ask("/health");
  config.scaling.horizontal.max_replicas = 10;
  assert.equal(bad.status, 503);
  assert.deepEqual(
    bad.body.checks.filter((check) => !check.ok).map((check) => check.name),
    ["replicas"],
  );
});

test("version says which release and colour answer", async () => {
  assert.deepEqual((await ask("/version")).body, { version: "9.9.9", release: "r-1", colour: "blue" });
});

test("slow takes as long as asked", async () => {
  const started = performance.now();
  assert.deepEqual((await ask("/slow?ms=120")).body, { waited_ms: 120 });
  assert.ok(performance.now() - started >= 115);
});

test("recommendations are a list with scores", async () => {
  const { body } = await ask("/recommend?track=glass-stairs&limit=2");
  assert.deepEqual(
    body.recommendations.map(({ id }) => id),
    ["tram-seven", "pulse-check"],
  );
});

const refused = [
  { path: "/nowhere", status: 404, code: "not_found" },
  { path: "/constructor", status: 404, code: "not_found" },
  { path: "/health", options: { method: "POST" }, status: 405, code: "method_not_allowed" },
  { path: "/health", options: { method: "DELETE" }, status: 405, code: "method_not_allowed" },
  { path: "/slow?ms=-1", status: 400, code: "bad_ms" },
  { path: "/slow?ms=30001", status: 400, code: "bad_ms" },
  { path: "/slow?ms=1e3", status: 400, code: "bad_ms" },
  { path: "/slow?ms=", status: 400, code: "bad_ms" },
  { path: "/recommend", status: 400, code: "no_track" },
  { path: "/recommend?track=toString", status: 404, code: "unknown_track" },
  { path: "/recommend?track=low-tide&limit=21", status: 400, code: "bad_limit" },
  { path: `/?${"a".repeat(2100)}`, status: 414, code: "url_too_long" },
  { path: "//[", status: 400, code: "bad_url" },
  {
    path: "/",
    options: { body: "hello", headers: { "content-length": 5 } },
    status: 400,
    code: "unexpected_body",
  },
];
for (const { path, options = {}, status, code } of refused) {
  test(`${options.method ?? "GET"} ${path.slice(0, 40)} is ${status} ${code}`, async () => {
    const answer = await ask(path, options);
    assert.equal(answer.status, status);
    assert.equal(answer.body.error.code, code);
    assert.equal(answer.body.request_id, answer.headers["x-request-id"]);
    if (status === 405) assert.equal(answer.headers.allow, "GET, HEAD");
  });
}

test("HEAD has the headers and no body", async () => {
  const { status, headers, body } = await ask("/version", { method: "HEAD" });
  assert.equal(status, 200);
  assert.ok(Number(headers["content-length"]) > 10);
  assert.equal(body, null);
});

test("a harmless request id is kept, any other replaced; the log carries it and no query", async () => {
  const kept = await ask("/recommend?track=low-tide", {
    headers: { "x-request-id": "abc-1", "x-correlation-id": "tour.7" },
  });
  assert.equal(kept.headers["x-request-id"], "abc-1");
  assert.equal(kept.headers["x-correlation-id"], "tour.7");
  const line = lines.find(({ request_id: id }) => id === "abc-1");
  assert.deepEqual(
    [line.level, line.path, line.status, line.correlation_id, line.finished],
    ["info", "/recommend", 200, "tour.7", true],
  );
  const replaced = await ask("/", { headers: { "x-request-id": "no spaces" } });
  assert.match(replaced.headers["x-request-id"], /^[0-9a-f-]{36}$/);
});

test("what is no HTTP gets a JSON error too", async () => {
  for (const [sent, status] of [
    ["NONSENSE\r\n\r\n", 400],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  ]) {
    const socket = connect(server.address().port, "127.0.0.1");
    socket.write(sent);
    const answer = await text(socket);
    assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), answer);
    assert.match(JSON.parse(answer.split("\r\n\r\n")[1]).error.message, /cannot be read/);
  }
});

test("a caller who leaves early ends the wait", async () => {
  const sent = request({
    host: "127.0.0.1",
    port: server.address().port,
    path: "/slow?ms=20000",
    agent: false,
    headers: { "x-request-id": "left" },
  });
  sent.on("error", () => {});
  sent.end();
  setTimeout(() => sent.destroy(), 50);
  const deadline = performance.now() + 3000;
  let line;
  while (!line && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    line = lines.find(({ request_id: id }) => id === "left");
  }
  assert.equal(line?.finished, false);
  assert.ok(line.duration_ms < 2000);
});
