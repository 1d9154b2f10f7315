import { afterEach, describe, expect, it } from "vitest";
import { once } from "node:events";
import { Agent, createServer, request, type RequestListener } from "node:http";
import { connect, createServer as createTcp, type AddressInfo, type Server, type Socket } from "node:net";
import { get, until } from "../../testing/test-workspace.ts";
import { createProxy, proxyLimits, type ProxyLimits } from "./proxy.ts";
import { Upstream } from "./upstream.ts";

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function proxyTo(port: number | null, limits: Partial<ProxyLimits> = {}) {
  const upstream = new Upstream();
  upstream.port = port;
  const route = { active: upstream as Upstream | null, missed: 0 };
  const server = createProxy(
    {
      pick: () => (route.active === null ? null : { upstream: route.active }),
      missed: () => void (route.missed += 1),
    },
    { ...proxyLimits, ...limits },
  );
  const own = await listen(server);
  cleanUps.push(() => {
    server.close();
    server.closeAllConnections();
    upstream.destroy();
  });
  return { url: `http://127.0.0.1:${own}`, port: own, upstream, route };
}

async function appWith(handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  cleanUps.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return listen(server);
}

/** Sends raw bytes and reads until the other side closes. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    answer += chunk;
  });
  socket.on("error", () => {});
  socket.write(text, "latin1");
  await once(socket, "close");
  return answer;
}

describe("proxy", () => {
  it.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
    "passes %s with and without body",
    async (method) => {
      const port = await appWith((incoming, response) => {
        let body = "";
        incoming.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        incoming.on("end", () => {
          response.setHeader("set-cookie", ["a=1", "b=2"]);
          response.end(`${incoming.method} ${incoming.url} ${body}`);
        });
      });
      const { url, upstream } = await proxyTo(port);
      expect((await get(`${url}/x?y=%20`, { method })).body).toBe(`${method} /x?y=%20 `);
      const headers = { "content-length": "5" };
      expect((await get(url, { method, body: "hello", headers })).body).toBe(`${method} / hello`);
      const chunked = { "transfer-encoding": "chunked" };
      expect((await get(url, { method, body: "hello", headers: chunked })).body).toBe(`${method} / hello`);
      await until("all counted out", () => upstream.inFlight === 0);
      expect(upstream).toMatchObject({ requests: 3, errors: 0 });
    },
  );

  it("keeps what an answer without body says about itself", async () => {
    const port = await appWith((incoming, response) => {
      if (incoming.method === "HEAD") response.writeHead(200, "Fine", { "content-length": "1234" });
      else response.writeHead(incoming.url === "/304" ? 304 : 204, { etag: '"x"' });
      response.end();
    });
    const { port: own } = await proxyTo(port);
    const ask = (line: string) => raw(own, `${line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    const head = await ask("HEAD /");
    expect(head).toMatch(/^HTTP\/1.1 200 Fine\r\n/u);
    expect(head).toMatch(/content-length: 1234\r\n/u);
    expect(head.endsWith("\r\n\r\n")).toBe(true);
    expect(await ask("GET /304")).toMatch(/^HTTP\/1.1 304 .*etag: "x"\r\n.*\r\n\r\n$/su);
    expect(await ask("GET /204")).toMatch(/^HTTP\/1.1 204 [^]*\r\n\r\n$/u);
  });

  it("streams: the head goes out before the body, and back-pressure is passed on", async () => {
    let written = 0;
    const port = await appWith((_, response) => {
      response.flushHeaders();
      const chunk = Buffer.alloc(65_536);
      const pump = (): void => {
        while (written < 2000 * chunk.length) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once("drain", pump);
        }
        response.end();
      };
      setTimeout(pump, 50);
    });
    const { url } = await proxyTo(port);
    const sent = request(url, { agent: false }).end();
    const [answer] = (await once(sent, "response")) as [NodeJS.ReadableStream];
    expect(written).toBe(0);
    await until("the sender stalls", async () => {
      const before = written;
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
      return written > 0 && written === before;
    });
    expect(written).toBeLessThan(2000 * 65_536);
    let read = 0;
    for await (const chunk of answer) read += (chunk as Buffer).length;
    expect(read).toBe(2000 * 65_536);
  });

  it("chooses for each request anew, also on a connection that is open already", async () => {
    const one = await appWith((_, response) => response.end("one"));
    const two = await appWith((_, response) => response.end("two"));
    const { url, route } = await proxyTo(one);
    const other = new Upstream();
    other.port = two;
    cleanUps.push(() => other.destroy());
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanUps.push(() => agent.destroy());
    expect((await get(url, { agent })).body).toBe("one");
    route.active = other;
    expect((await get(url, { agent })).body).toBe("two");
    route.active = null;
    expect(await get(url, { agent })).toEqual({
      status: 503,
      body: '{"error":"no release is deployed here","by":"lotse"}',
    });
    expect(route.missed).toBe(1);
  });

  it("survives the race between a kept connection's end and the next request", async () => {
    const sockets = new Set<Socket>();
    let resets = 0;
    const seen: string[] = [];
    // Answers the first request of each connection, and cuts the connection at the second.
    const server = createTcp((socket) => {
      sockets.add(socket);
      let asked = 0;
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        asked += 1;
        if (asked > 1) {
          resets += 1;
          socket.resetAndDestroy();
          return;
        }
        seen.push(chunk.toString().split(" ")[0] ?? "");
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      });
    });
    cleanUps.push(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    const { url, upstream } = await proxyTo(await listen(server));
    for (let round = 0; round < 5; round += 1) {
      expect(await get(url)).toEqual({ status: 200, body: "ok" });
      // Never repeated, so never sent over a connection that may end.
      expect(await get(url, { method: "POST", body: "x" })).toEqual({ status: 200, body: "ok" });
    }
    expect(resets).toBeGreaterThan(0);
    expect(upstream).toMatchObject({ errors: 0, retries: resets });
    expect(seen.filter((method) => method === "POST")).toHaveLength(5);
  });

  it("does not send a request twice that failed on a fresh connection", async () => {
    let asked = 0;
    const port = await appWith((incoming) => {
      asked += 1;
      incoming.socket.resetAndDestroy();
    });
    const { url, upstream } = await proxyTo(port);
    const { status, body } = await get(url);
    expect([status, asked]).toEqual([502, 1]);
    expect(body).toContain('"by":"lotse"');
    expect(upstream).toMatchObject({ errors: 1, retries: 0 });
  });

  it("says 502 when the process does not run, or does not listen", async () => {
    const { url, upstream } = await proxyTo(null);
    expect((await get(url)).status).toBe(502);
    upstream.port = await listen(createServer()).then((port) => port);
    upstream.port = 1;
    expect((await get(url)).status).toBe(502);
    expect(upstream.errors).toBe(2);
  });

  it("cuts the client off when an answer breaks off, and counts it", async () => {
    const port = await appWith((_, response) => {
      response.write("half of ");
      setTimeout(() => response.destroy(), 20);
    });
    const { url, upstream } = await proxyTo(port);
    await expect(get(url)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(upstream.errors).toBe(1);
  });

  it("tells the process when the client has gone, and blames nobody", async () => {
    let gone = false;
    const port = await appWith((_, response) => {
      response.write("first");
      response.on("close", () => {
        gone = true;
      });
    });
    const { url, upstream } = await proxyTo(port);
    const sent = request(url, { agent: false }).end();
    sent.on("error", () => {});
    await once(sent, "response");
    expect(upstream.inFlight).toBe(1);
    sent.destroy();
    await until("the process knows", () => gone);
    await until("it is counted out", () => upstream.inFlight === 0);
    expect(upstream.errors).toBe(0);
  });

  it("gives up on a process that keeps silent", async () => {
    const port = await appWith(() => {});
    const { url } = await proxyTo(port, { idleTimeoutMs: 100 });
    expect(await get(url)).toMatchObject({ status: 502, body: expect.stringContaining("silent") as string });
  });

  it("bounds bodies, header fields and bad requests", async () => {
    const port = await appWith((incoming, response) => {
      incoming.resume();
      incoming.on("end", () => response.end("ok"));
    });
    const { port: own } = await proxyTo(port, { maxBodyBytes: 100, maxHeaderBytes: 2000 });
    const head = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    expect(await raw(own, `${head}content-length: 101\r\n\r\n${"x".repeat(101)}`)).toMatch(
      /^HTTP\/1.1 413 /u,
    );
    const chunk = `64\r\n${"x".repeat(100)}\r\n`;
    expect(await raw(own, `${head}transfer-encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 413 /u,
    );
    expect(await raw(own, `GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(3000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 /u,
    );
    expect(await raw(own, `${head}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 400 /u,
    );
    expect(await raw(own, "GET /\xff HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).toMatch(
      /^HTTP\/1.1 400 /u,
    );
    expect(await raw(own, `${head}expect: 100-continue\r\ncontent-length: 2\r\n\r\nhi`)).toMatch(
      / 200 OK[^]*ok$/u,
    );
  });

  it("answers an upgrade with 503 when there is no colour", async () => {
    const { port: own, route } = await proxyTo(null);
    route.active = null;
    const upgrade = "GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n";
    expect(await raw(own, upgrade)).toMatch(/^HTTP\/1.1 503 /u);
    expect(route.missed).toBe(1);
  });
});
