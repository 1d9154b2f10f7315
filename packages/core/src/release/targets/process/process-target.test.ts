import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "node:net";
import { once } from "node:events";
import { copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Sensitive } from "../../../kernel/index.ts";
import { payloadsOf } from "../../payload.ts";
import type { Release } from "../../release.ts";
import {
  conformanceCases,
  runningCases,
  type Behaviour,
  type ConformanceHarness,
} from "../../testing/conformance.ts";
import { playStrategy, strategyExpected, strategyFiles } from "../../testing/strategy-cases.ts";
import { environment, get, TestWorkspace, until } from "../../testing/test-workspace.ts";
import { markedProcesses } from "./orphans.ts";

const variablesOf: Readonly<Record<Behaviour, Record<string, string>>> = {
  good: {},
  crash: { TINY_CRASH: "1" },
  "never-healthy": { TINY_HEALTH: "never" },
  brief: { TINY_HEALTH: "brief" },
};
const shortDeadline = { health: { "interval-ms": 20, "deadline-ms": 2500 } };

async function openSocket(url: string): Promise<{ socket: ReturnType<typeof connect>; head: string }> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write("GET /ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n");
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return { socket, head: chunk.toString() };
}

describe("process target", () => {
  let workspace: TestWorkspace;
  const releases = new Map<string, Release>();
  let tenants = 0;

  const harness = (): ConformanceHarness => ({
    target: workspace.target,
    newScope: () => {
      tenants += 1;
      return { environment, tenant: `t${tenants}` };
    },
    payload: (version, behaviour) => {
      const release = releases.get(`${version} ${behaviour}`);
      if (release === undefined) throw new Error(`no ${behaviour} release ${version}`);
      return payloadsOf(workspace.releases, release)({ environment, tenant: `t${tenants}` });
    },
    versionOf: async (scope) => workspace.versionOf(scope),
    hold: async (scope) => {
      const { url } = await workspace.target.inspect(scope);
      const { socket } = await openSocket(url ?? "");
      return () => socket.destroy();
    },
    running: {
      tolerancePercent: 0,
      request: async (scope, headers) => {
        const { url } = await workspace.target.inspect(scope);
        const answer = await fetch(url ?? "", { headers: { connection: "close", ...headers } });
        const { version } = (await answer.json()) as { version: string };
        const cookie = answer.headers.getSetCookie().map((set) => set.split(";")[0]);
        return { status: answer.status, version, cookie: cookie.join("; ") };
      },
      fail: async (scope) => {
        const { url } = await workspace.target.inspect(scope);
        expect((await get(`${url}/status?code=503`)).status).toBe(503);
      },
    },
  });

  beforeAll(async () => {
    workspace = await TestWorkspace.make("target");
    const names = Array.from({ length: 60 }, (_, index) => `t${index + 1}`);
    let minor = 0;
    for (const version of ["0.9.0", "1.0.0", "2.0.0"]) {
      releases.set(`${version} good`, await workspace.release(version, {}, names));
    }
    for (const behaviour of ["crash", "never-healthy", "brief"] as const) {
      minor += 1;
      const release = await workspace.release(
        `1.${minor}.0`,
        variablesOf[behaviour],
        names,
        behaviour === "never-healthy" ? shortDeadline : {},
      );
      releases.set(`1.0.0 ${behaviour}`, release);
    }
  });
  afterAll(() => workspace.dispose());

  for (const { name, run } of [...conformanceCases, ...runningCases]) it(name, () => run(harness()));

  it("gives the process only its own environment, and marks what the proxy adds", async () => {
    const release = await workspace.release("3.0.0", { GREETING: "hello", PORT: "1" });
    await workspace.deploy(release);
    const url = await workspace.url();
    expect(JSON.parse((await get(`${url}/env`)).body)).toEqual([
      "GREETING",
      "HOME",
      "HOST",
      "LOTSE_COLOUR",
      "LOTSE_CONFIG",
      "LOTSE_ENVIRONMENT",
      "LOTSE_INSTANCE",
      "LOTSE_RELEASE",
      "LOTSE_TENANT",
      "LOTSE_VERSION",
      "PATH",
      "PORT",
    ]);
    const { body } = await get(`${url}/headers`, {
      headers: { connection: "close, x-mine", "x-mine": "1", "x-yours": "2", te: "trailers" },
    });
    const headers = JSON.parse(body) as Record<string, string>;
    expect(headers["x-forwarded-for"]).toContain("127.0.0.1");
    expect(headers).toMatchObject({ "x-yours": "2", "x-forwarded-proto": "http", host: new URL(url).host });
    expect(headers).not.toHaveProperty("x-mine");
    expect(headers).not.toHaveProperty("te");
    expect((await get(`${url}/`)).body).toBe(
      JSON.stringify({ version: "3.0.0", colour: "blue", config: { tenant: "acme", version: "3.0.0" } }),
    );
  });

  it("keeps its files to the user alone", async () => {
    const modeOf = async (path: string): Promise<number> =>
      (await stat(join(workspace.lotse, path))).mode & 0o777;
    expect(await modeOf("run")).toBe(0o700);
    expect(await modeOf("run/supervisor.sock")).toBe(0o600);
    expect(await modeOf("run/supervisor.json")).toBe(0o600);
    expect(await modeOf("run/logs/prod/acme/blue.log")).toBe(0o600);
    expect(await modeOf("state/process-target.json")).toBe(0o600);
    const [placed = ""] = await readdir(join(workspace.lotse, "run/slots/prod/acme/blue"));
    expect(await modeOf(`run/slots/prod/acme/blue/${placed}/config.json`)).toBe(0o600);
    expect(await readFile(join(workspace.lotse, ".gitignore"), "utf8")).toBe("*\n");
  });

  it("tells the process where its rendered files and its artefact are", async () => {
    const artefact = join(workspace.directory, "app.bin");
    await writeFile(artefact, "built");
    const rendered = { path: "etc/app.conf", secret: false, secrets: [], template: "app.conf" };
    const input = { configText: "{}", rendered: [{ ...rendered, bytes: Buffer.from("port=1") }] };
    const { release } = await workspace.releases.create(
      {
        version: "3.0.1",
        codeDirectory: join(workspace.directory, "app"),
        configurations: { [environment]: { files: input, bare: { configText: "{}" } } },
        target: { type: "process", command: ["node", "tiny-app.ts"] },
        artefact: { file: artefact },
      },
      { kind: "user", id: "tester" },
    );
    const show = [
      "sh",
      "-c",
      'cat "$LOTSE_FILES/etc/app.conf" "$LOTSE_ARTEFACT"; echo "${LOTSE_FILES-none}"',
    ];
    const told = async (tenant: string): Promise<string> => {
      const slot = { environment, tenant, colour: "blue" } as const;
      await workspace.target.prepare(slot, payloadsOf(workspace.releases, release)(slot));
      const wrote = await workspace.target.run(slot, show);
      await workspace.target.retire(slot);
      return wrote;
    };
    expect(await told("files")).toMatch(/^port=1built\/.*\/prod\/files\/blue\/[0-9a-f]+\/files$/u);
    expect(await told("bare")).toMatch(/built.*none/su);
  });

  it("starts a crashed process again, answers 502 meanwhile, and shows it", async () => {
    const url = await workspace.url();
    await get(`${url}/exit`);
    await until("a refusal", async () => (await get(`${url}/`).catch(() => ({ status: 0 }))).status === 502);
    await until("the version again", async () => (await get(`${url}/`)).status === 200);
    const [state] = (await workspace.target.inspect({ environment, tenant: "acme" })).colours;
    expect(state).toMatchObject({ restarts: 1, state: "running", detail: { lastExit: "exit status 4" } });
    expect(state?.errors).toBeGreaterThan(0);
  });

  it("goes on after its supervisor was killed: same port, same release, no orphan", async () => {
    const release = await workspace.release("3.1.0", { TINY_CHILD: "1" });
    await workspace.deploy(release, { strategy: { strategy: "blue-green", old: "removed" } });
    const url = await workspace.url();
    const before = await markedProcesses(workspace.lotse);
    // The app and the process it started; nothing else of this workspace runs.
    expect(before).toHaveLength(2);
    const record = JSON.parse(await readFile(join(workspace.lotse, "run/supervisor.json"), "utf8")) as {
      process: { pid: number };
    };
    process.kill(record.process.pid, "SIGKILL");
    await until("the supervisor is gone", async () => (await get(url).catch(() => null)) === null);
    expect(await workspace.url()).toBe(url);
    await until("the release answers again", async () => (await workspace.versionOf()) === "3.1.0");
    const after = await markedProcesses(workspace.lotse);
    expect(after).toHaveLength(2);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  });

  it("keeps shares, sessions, fences and what was stopped over the death of its supervisor", async () => {
    const other = await TestWorkspace.make("kept");
    const here = { environment, tenant: "acme" };
    try {
      await other.deploy(await other.release("1.0.0"));
      await other.deploy(await other.release("2.0.0"), {
        strategy: { strategy: "blue-green", old: "stopped" },
      });
      const die = async (): Promise<void> => {
        const record = JSON.parse(await readFile(join(other.lotse, "run/supervisor.json"), "utf8")) as {
          process: { pid: number };
        };
        process.kill(record.process.pid, "SIGKILL");
      };
      const states = async (): Promise<readonly string[]> =>
        (await other.target.inspect(here)).colours.map(({ version, state }) => `${version} ${state}`);
      expect(await states()).toEqual(["1.0.0 stopped", "2.0.0 running"]);
      await die();
      await until("it runs again", async () => (await other.versionOf()) === "2.0.0");
      expect(await states()).toEqual(["1.0.0 stopped", "2.0.0 running"]);
      const fence = other.nextFence();
      const fenced = (key: string, by = fence) => other.target.fenced({ fence: by, key });
      await fenced("start").start({ ...here, colour: "blue" });
      await fenced("wait").waitHealthy({ ...here, colour: "blue" });
      await fenced("route").route(here, { blue: 40, green: 60 }, { sticky: "session" });
      const count = ["sh", "-c", "echo x >> ran; wc -l < ran"];
      expect(await fenced("hook").run({ ...here, colour: "blue" }, count)).toBe("1");
      await die();
      await until("it runs again", async () => (await other.versionOf()) !== null);
      const { traffic } = await other.target.inspect(here);
      expect(traffic).toEqual({ local: { blue: 40, green: 60 } });
      const answer = await fetch(await other.url(), { headers: { connection: "close" } });
      expect(answer.headers.getSetCookie()[0]).toMatch(/^lotse-share=/u);
      expect(await fenced("hook").run({ ...here, colour: "blue" }, count)).toBe("1");
      await expect(fenced("late", fence - 1).route(here, { blue: 100, green: 0 })).rejects.toMatchObject({
        code: "rollout.fence",
      });
    } finally {
      await other.dispose();
    }
  });

  it("asks for health by TCP and by a command, too", async () => {
    const here = { environment, tenant: "acme" };
    const script = "test -f healthy || { echo 'not yet' >&2; exit 1; }";
    const health = { "interval-ms": 20, "deadline-ms": 1500, successes: 2 };
    const byCommand = await workspace.release("4.0.0", {}, ["acme"], {
      health: { ...health, kind: "command", run: ["sh", "-c", script] },
    });
    const refused = await workspace.deploy(byCommand);
    expect(refused.tenants[0]).toMatchObject({ code: "target.unhealthy" });
    expect(refused.tenants[0]?.reason).toMatch(/sh was not healthy within 1500 ms: .*not yet/su);
    const touched = await workspace.deploy(byCommand, {
      onDone: async (name) => {
        if (name !== "prepare") return;
        const { colours } = await workspace.target.inspect(here);
        const colour = colours.find(({ version }) => version === "4.0.0")?.colour ?? "blue";
        await workspace.target.run({ ...here, colour }, ["touch", "healthy"]);
      },
    });
    expect(touched.status).toBe("deployed");
    const byPort = await workspace.release("4.1.0", { TINY_HEALTH: "never" }, ["acme"], {
      health: { ...health, kind: "tcp" },
    });
    expect((await workspace.deploy(byPort)).status).toBe("deployed");
  });

  it("takes the secrets out of what a command writes, and ends all that it started", async () => {
    const here = { environment, tenant: "acme", colour: "blue" } as const;
    const other = await TestWorkspace.make("hooks");
    try {
      const release = await other.release("1.0.0");
      const payload = payloadsOf(other.releases, release, () =>
        Promise.resolve({ PASSWORD: new Sensitive("correct horse battery") }),
      )(here);
      const files = new Sensitive({
        files: [{ path: "etc/app.env", bytes: Buffer.from("KEY=hunter-two-zero\n") }],
        secrets: ["hunter-two-zero"],
      });
      await other.target.prepare(here, { ...payload, files: () => Promise.resolve(files) });
      const show = 'echo it is $PASSWORD; cat "$LOTSE_FILES/etc/app.env"; env | grep -c file: || true';
      const told = await other.target.run(here, ["sh", "-c", show]);
      expect(told).toMatch(/^it is \[redacted:PASSWORD\]\nKEY=\[redacted:file:1\]\n0\n?$/u);
      const hung = ["sh", "-c", "sleep 300 & echo started; wait"];
      await expect(other.target.run(here, hung, { timeoutMs: 300 })).rejects.toMatchObject({
        code: "target.hook",
        message: expect.stringMatching(
          /did not end within 300 ms; it wrote last:\n {2}\| started/u,
        ) as string,
      });
      await until("all of it has ended", async () => (await markedProcesses(other.lotse)).length === 0);
    } finally {
      await other.dispose();
    }
  });

  it("ends by itself when nothing is deployed any more, and frees the socket", async () => {
    const other = await TestWorkspace.make("idle");
    try {
      const release = await other.release("1.0.0");
      await other.deploy(release);
      await other.target.route({ environment, tenant: "acme" }, { blue: 0, green: 0 });
      await other.target.retire({ environment, tenant: "acme", colour: "blue" });
      const record = join(other.lotse, "run/supervisor.json");
      await until("the supervisor has ended", () =>
        stat(record).then(
          () => false,
          () => true,
        ),
      );
      expect(await other.target.inspect({ environment, tenant: "acme" })).toMatchObject({ active: null });
    } finally {
      await other.dispose();
    }
  });

  it("finds a short place for its socket where the workspace lies deep", async () => {
    const shallow = await TestWorkspace.make("deep");
    const deep = join(shallow.directory, "x".repeat(120));
    await mkdir(join(deep, "app"), { recursive: true });
    const other = new TestWorkspace(deep);
    try {
      await copyFile(join(shallow.directory, "app/tiny-app.ts"), join(deep, "app/tiny-app.ts"));
      const release = await other.release("1.0.0");
      expect((await other.deploy(release)).status).toBe("deployed");
      expect(await other.versionOf()).toBe("1.0.0");
    } finally {
      await other.dispose();
      await shallow.dispose();
    }
  });

  it("is the same workspace through a symbolic link", async () => {
    const link = `${workspace.directory}-link`;
    await symlink(workspace.directory, link);
    try {
      const other = new TestWorkspace(link);
      expect(await other.url()).toBe(await workspace.url());
      expect((await other.deploy(await other.releases.get("3.0.0"))).status).toBe("deployed");
      expect(await workspace.versionOf()).toBe("3.0.0");
    } finally {
      await rm(link);
    }
  });

  it("passes upgraded connections both ways, and lets the process decline", async () => {
    const { socket, head } = await openSocket(await workspace.url());
    expect(head).toMatch(/^HTTP\/1.1 101 /u);
    socket.write("ping");
    const [echo] = (await once(socket, "data")) as [Buffer];
    expect(echo.toString()).toBe("ping");
    socket.destroy();
    const declined = connect(Number(new URL(await workspace.url()).port), "127.0.0.1");
    declined.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: other\r\n\r\n");
    const [answer] = (await once(declined, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 426 /u);
    declined.destroy();
  });
});

describe("strategies on a process target", () => {
  let workspace: TestWorkspace;
  beforeAll(async () => {
    workspace = await TestWorkspace.make("strategies");
  });
  afterAll(() => workspace.dispose());

  it.each(Object.entries(strategyFiles))("%s, from the same file as on every target", async (name, file) => {
    const scope = { environment, tenant: name };
    const stage = {
      deploy: async (version: string, how: "good" | "bad", strategy: string | typeof file) => {
        const variables = { CASE: name, ...(how === "bad" ? { TINY_CRASH: "1" } : {}) };
        const release = await workspace.release(`${version}-${name}`, variables, [name]);
        return workspace.deploy(release, { tenants: [name], strategy });
      },
      ask: async () => (await workspace.versionOf(scope))?.replace(`-${name}`, "") ?? null,
    };
    const shown = await playStrategy(stage, file);
    expect(shown).toEqual({ ...strategyExpected, unbroken: name !== "recreate" });
  });
});
