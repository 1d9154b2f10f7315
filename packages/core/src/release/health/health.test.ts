import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import type { Clock } from "../../kernel/index.ts";
import { probeHttp, probeTcp } from "./probes.ts";
import { healthSchema, type HealthSpec } from "./spec.ts";
import { waitUntilHealthy, watchHealth, type HealthWait } from "./wait.ts";

/** A clock whose time passes only by sleeping, and whose date somebody sets back at every look. */
function fakeClock(): Clock {
  let ms = 0;
  let date = Date.UTC(2026, 0);
  return {
    now: () => new Date((date -= 3_600_000)),
    elapsedMs: () => ms,
    sleep: (forMs) => {
      ms += forMs;
      return Promise.resolve();
    },
  };
}

const health: HealthSpec = healthSchema(["http"]).parse({ successes: 3, "deadline-ms": 2000 });

/** What answers, a character a try: `+` good, `-` bad, `x` gone; the last one for ever. */
function asked(
  answers: string,
  more: Partial<HealthWait> = {},
): HealthWait & { readonly tries: () => number } {
  let tries = 0;
  return {
    health,
    clock: fakeClock(),
    ask: () => {
      const answer = answers[Math.min((tries += 1), answers.length) - 1];
      if (answer === "x") return Promise.resolve({ gone: "it ended" });
      return Promise.resolve(answer === "+" ? null : "status 500");
    },
    tries: () => tries,
    ...more,
  };
}

describe("waiting for health", () => {
  it.each([
    ["+++", 3],
    ["--+++", 5],
    ["++-+++", 6],
  ])("%s is healthy after %i tries: what was good before counts no more", async (answers, tries) => {
    const wait = asked(answers);
    await waitUntilHealthy(wait);
    expect(wait.tries()).toBe(tries);
  });

  it("fails when the time is over, with what came last", async () => {
    await expect(waitUntilHealthy(asked("-"))).rejects.toMatchObject({
      code: "target.unhealthy",
      message: "GET /health was not healthy within 2000 ms: status 500",
    });
    await expect(waitUntilHealthy(asked("+-+-+-+-+-+-+-+-+-+"))).rejects.toMatchObject({
      code: "target.unhealthy",
    });
  });

  it("fails at once when it is gone", async () => {
    const wait = asked("-x");
    await expect(waitUntilHealthy(wait)).rejects.toMatchObject({ code: "target.start", message: "it ended" });
    expect(wait.tries()).toBe(2);
  });

  it("does not take what cannot be asked for what it was before", async () => {
    let tries = 0;
    const ask = (): Promise<null> => {
      tries += 1;
      return tries < 3 ? Promise.resolve(null) : Promise.reject(new Error("no route to host"));
    };
    await expect(waitUntilHealthy(asked("", { ask }))).rejects.toThrow("no route to host");
  });

  it("watches under traffic: one bad answer is enough", async () => {
    await watchHealth(asked("++++++++"), 1000);
    await expect(watchHealth(asked("++-+"), 1000)).rejects.toMatchObject({ code: "target.verify" });
    await expect(watchHealth(asked("x"), 1000)).rejects.toMatchObject({
      code: "target.verify",
      message: "it ended",
    });
  });

  it("stops when it is told to", async () => {
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(waitUntilHealthy(asked("+++", { signal }))).rejects.toThrow("stop");
    await expect(watchHealth(asked("+++", { signal }), 1000)).rejects.toThrow("stop");
  });
});

describe("a probe", () => {
  it("asks by HTTP and by TCP", async () => {
    const server = createServer((request, response) => {
      if (request.url === "/hang") return;
      response.writeHead(Number(request.url?.slice(1))).end("x");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const ask = (path: string, timeoutMs = 5000): Promise<string | null> =>
      probeHttp("127.0.0.1", port, path, timeoutMs);
    expect(await ask("/200")).toBeNull();
    expect(await ask("/204")).toBeNull();
    expect(await ask("/302")).toBe("status 302: x");
    expect(await ask("/hang", 30)).toBe("no answer within 30 ms");
    expect(await probeTcp("127.0.0.1", port, 5000)).toBeNull();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    expect(await ask("/200")).toBe("ECONNREFUSED");
    expect(await probeTcp("127.0.0.1", port, 5000)).toBe("ECONNREFUSED");
  });
});

describe("the schema of health", () => {
  it("takes only what the target can ask", () => {
    expect(healthSchema(["http", "systemd"]).parse({ kind: "systemd" }).kind).toBe("systemd");
    expect(healthSchema(["http", "tcp"]).safeParse({ kind: "systemd" }).success).toBe(false);
    expect(healthSchema(["command"]).safeParse({ kind: "command" }).success).toBe(false);
  });
});
