import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Transform, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { identify, Sensitive, systemExec } from "../../kernel/index.ts";
import { runWithVariables, type InjectedVariable, type RunRequest } from "./index.ts";
import { ownIdentity } from "./place-owner.ts";

const runner = fileURLToPath(new URL("./testing/run-child.ts", import.meta.url));
const node = process.execPath;
const value = "hunter22-very-secret";
const variables: readonly InjectedVariable[] = [
  { name: "DB_PASSWORD", value: new Sensitive(value), secret: true },
  { name: "PORT", value: "8080", secret: false },
];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "inject-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const js = (script: string): readonly string[] => [node, "-e", script];
const sh = (script: string): readonly string[] => ["/bin/sh", "-c", script];

/** Collects what is written, and tells when a text has come. */
class Output extends Writable {
  text = "";
  readonly #news = new EventEmitter();
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    this.#news.emit("news");
    done();
  }
  async shows(part: string): Promise<void> {
    while (!this.text.includes(part)) await once(this.#news, "news");
  }
}

function request(more: Partial<RunRequest>): RunRequest {
  return {
    command: sh("true"),
    variables,
    how: "environment",
    cwd: directory,
    environment: { PATH: process.env["PATH"] },
    stdio: { stdin: "ignore", stdout: new Output(), stderr: new Output() },
    terminal: false,
    signals: new EventEmitter(),
    places: [directory],
    ...more,
  };
}

async function outputOf(more: Partial<RunRequest>): Promise<{ status: number; text: string }> {
  const stdout = new Output();
  const { status } = await runWithVariables(
    request({ stdio: { stdin: "ignore", stdout, stderr: stdout }, ...more }),
  );
  return { status, text: stdout.text };
}

describe("environment", () => {
  test("the secret is in the child's environment, and in no argument of any process", async () => {
    const script = `
      const { execFileSync } = require("node:child_process");
      const { readFileSync } = require("node:fs");
      const read = (name) => readFileSync("/proc/self/" + name, "latin1");
      const ps = execFileSync("ps", ["-e", "-o", "args=", "-ww"]).toString();
      console.log(JSON.stringify({ environ: read("environ").split("\\0"), cmdline: read("cmdline"), ps }));`;
    const { text } = await outputOf({ command: js(script) });
    const seen = JSON.parse(text) as { environ: string[]; cmdline: string; ps: string };
    expect(seen.environ).toContain(`DB_PASSWORD=${value}`);
    expect(seen.environ).toContain("PORT=8080");
    expect(seen.cmdline).toContain("readFileSync");
    expect(seen.ps).toContain("readFileSync");
    expect(seen.cmdline).not.toContain(value);
    expect(seen.ps).not.toContain(value);
  });

  test("the keys to other secrets are not inherited; what is injected is", async () => {
    const { text } = await outputOf({
      command: ["/usr/bin/env"],
      environment: {
        SOPS_AGE_KEY: "AGE-SECRET-KEY-1X",
        SOPS_AGE_KEY_FILE: "/k",
        SOPS_AGE_SSH_PRIVATE_KEY_FILE: "/k",
        AGE_PASSPHRASE: "k",
        VAULT_TOKEN: "hvs.parent",
        LOTSE_SIGNING_KEY: "k",
        LOTSE_CONFIG: "kept",
        AWS_ACCESS_KEY_ID: "kept",
        VAULT_ADDR: "kept",
        PORT: "1",
      },
      variables: [...variables, { name: "VAULT_ROLE_ID", value: "own", secret: true }],
    });
    expect(text.trim().split("\n").sort()).toEqual([
      "AWS_ACCESS_KEY_ID=kept",
      `DB_PASSWORD=${value}`,
      "LOTSE_CONFIG=kept",
      "PORT=8080",
      "VAULT_ADDR=kept",
      "VAULT_ROLE_ID=own",
    ]);
  });

  test("clean inherits only what a program needs to run", async () => {
    const { text } = await outputOf({
      command: ["/usr/bin/env"],
      environment: { PATH: "/bin", HOME: "/h", LC_ALL: "C", EDITOR: "x", AWS_ACCESS_KEY_ID: "x" },
      clean: true,
    });
    expect(text.trim().split("\n").sort()).toEqual([
      `DB_PASSWORD=${value}`,
      "HOME=/h",
      "LC_ALL=C",
      "PATH=/bin",
      "PORT=8080",
    ]);
  });

  test.each([
    ["true", 0, null],
    ["exit 3", 3, null],
    ["exit 255", 255, null],
    ["kill -TERM $$", 143, "SIGTERM"],
    ["kill -KILL $$", 137, "SIGKILL"],
    ["kill -SEGV $$", 139, "SIGSEGV"],
  ])("%s ends with %i", async (script, status, signal) => {
    await expect(runWithVariables(request({ command: sh(script) }))).resolves.toEqual({
      status,
      signal,
      coreDumpsOff: true,
      fifoRead: null,
    });
  });

  test("without prlimit it says that core dumps are not off", async () => {
    const exec: typeof systemExec = () => Promise.reject(new Error("none"));
    await expect(runWithVariables(request({ exec }))).resolves.toMatchObject({ coreDumpsOff: false });
  });

  test.each([
    [{ command: ["no-such-program-anywhere"] }, "machine.missing"],
    [{ command: sh("true"), cwd: "/no/such/directory" }, "machine.missing"],
    [{ command: ["/etc/passwd"] }, "machine.exec"],
    [{ command: [] }, "usage.argument"],
    [{ command: [""] }, "usage.argument"],
    [{ command: ["echo", `--password=${value}`] }, "secret.leak"],
    [{ variables: [{ name: "A", value: "x".repeat(131_072), secret: true }] }, "secret.unrepresentable"],
    [{ how: "fifo", fifoName: "A=B" }, "secret.name"],
    [{ variables: [{ name: "A=B", value: "x", secret: true }] }, "secret.name"],
  ] as const)("refuses %# with a code and without a value", async (more, code) => {
    const error: unknown = await runWithVariables(request(more)).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: "LotseError", code });
    expect(inspect(error, { depth: 5 })).not.toContain(value);
  });

  test("the longest value that the kernel takes arrives", async () => {
    const long = "x".repeat(131_072 - "LONG=".length - 1);
    const { text } = await outputOf({
      command: js("console.log(process.env.LONG.length)"),
      variables: [{ name: "LONG", value: long, secret: true }],
    });
    expect(text.trim()).toBe(String(long.length));
  });
});

describe("signals", () => {
  const trap = (name: string): readonly string[] =>
    sh(`trap 'echo got; exit 42' ${name}; echo ready; while :; do sleep 0.05; done`);

  test.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)("%s goes on to the child", async (name) => {
    const stdout = new Output();
    const signals = new EventEmitter();
    const running = runWithVariables(
      request({ command: trap(name.slice(3)), signals, stdio: { stdin: "ignore", stdout, stderr: stdout } }),
    );
    await stdout.shows("ready");
    signals.emit(name, name);
    await expect(running).resolves.toMatchObject({ status: 42, signal: null });
    expect(stdout.text).toContain("got");
    expect(signals.listenerCount(name)).toBe(0);
  });

  test("at a terminal the child has Ctrl-C already, and Lotse waits for it", async () => {
    const stdout = new Output();
    const signals = new EventEmitter();
    const command = sh("trap 'exit 9' INT; trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done");
    const running = runWithVariables(
      request({ command, signals, terminal: true, stdio: { stdin: "ignore", stdout, stderr: stdout } }),
    );
    await stdout.shows("ready");
    signals.emit("SIGINT", "SIGINT");
    signals.emit("SIGTERM", "SIGTERM");
    await expect(running).resolves.toMatchObject({ status: 5 });
  });

  test("abort ends it with SIGTERM", async () => {
    const stdout = new Output();
    const controller = new AbortController();
    const running = runWithVariables(
      request({
        command: trap("TERM"),
        signal: controller.signal,
        stdio: { stdin: "ignore", stdout, stderr: stdout },
      }),
    );
    await stdout.shows("ready");
    controller.abort();
    await expect(running).resolves.toMatchObject({ status: 42 });
  });

  test("abort ends one that ignores SIGTERM with SIGKILL", async () => {
    const stdout = new Output();
    const controller = new AbortController();
    const running = runWithVariables(
      request({
        command: js(`process.on("SIGTERM", () => {}); console.log("ready"); setInterval(() => {}, 1000)`),
        signal: controller.signal,
        killAfterMs: 50,
        stdio: { stdin: "ignore", stdout, stderr: stdout },
      }),
    );
    await stdout.shows("ready");
    controller.abort();
    await expect(running).resolves.toMatchObject({ status: 137, signal: "SIGKILL" });
  });

  test("an abort before the start ends it too", async () => {
    const running = runWithVariables(request({ command: sh("exec sleep 100"), signal: AbortSignal.abort() }));
    await expect(running).resolves.toMatchObject({ status: 143 });
  });

  test("what an ended child has started cannot hold it up by keeping the output open", async () => {
    const stdout = new Output();
    const controller = new AbortController();
    const running = runWithVariables(
      request({
        command: sh('sleep 100 & echo "$! ready"; wait'),
        signal: controller.signal,
        stdio: { stdin: "ignore", stdout, stderr: stdout },
      }),
    );
    await stdout.shows("ready");
    controller.abort();
    try {
      await expect(running).resolves.toMatchObject({ status: 143 });
    } finally {
      process.kill(Number.parseInt(stdout.text, 10), "SIGKILL");
    }
  });

  test("the real process: SIGTERM to it reaches the program, and its status comes back", async () => {
    const child = spawn(node, [runner, "environment", directory, ...trap("TERM")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const stdout = new Output();
    child.stdout.pipe(stdout);
    await stdout.shows("ready");
    child.kill("SIGTERM");
    const [status] = (await once(child, "exit")) as [number | null];
    expect(status).toBe(42);
  });
});

describe("output", () => {
  /** A filter that splits nothing and hides nothing but the one value, for whole chunks. */
  const hide = (): Transform =>
    new Transform({
      transform(chunk: Buffer, _, done) {
        done(null, chunk.toString().replaceAll(value, "***"));
      },
    });

  test("goes through the filter, each stream its own way", async () => {
    const stdout = new Output();
    const stderr = new Output();
    await runWithVariables(
      request({
        command: sh('echo "out $DB_PASSWORD"; echo "err $DB_PASSWORD" >&2'),
        stdio: { stdin: "ignore", stdout, stderr },
        redactOutput: () => ({ stdout: hide(), stderr: hide() }),
      }),
    );
    expect(stdout.text).toBe("out ***\n");
    expect(stderr.text).toBe("err ***\n");
  });

  test("nothing of much output is lost, also what the filter holds back until the end", async () => {
    const stdout = new Output();
    const late = new Transform({
      transform: (chunk, _, done) => done(null, chunk),
      flush(done) {
        done(null, "END");
      },
    });
    await runWithVariables(
      request({
        command: js(`process.stdout.write("x".repeat(3_000_000))`),
        stdio: { stdin: "ignore", stdout, stderr: new Output() },
        redactOutput: () => ({ stdout: late, stderr: new PassThrough() }),
      }),
    );
    expect(stdout.text.length).toBe(3_000_003);
    expect(stdout.text.endsWith("END")).toBe(true);
  });

  test("a filter that fails ends the child, and the failure is told", async () => {
    const broken = new Transform({ transform: (_c, _e, done) => done(new Error("filter broke")) });
    const running = runWithVariables(
      request({
        command: sh("echo x; exec sleep 100"),
        redactOutput: () => ({ stdout: broken, stderr: new PassThrough() }),
      }),
    );
    await expect(running).rejects.toThrow("filter broke");
  });

  test("when nobody reads any more, the child cannot write, and ends", async () => {
    const stdout = new PassThrough();
    stdout.once("data", () => stdout.destroy());
    const running = runWithVariables(
      request({ command: ["/usr/bin/yes"], stdio: { stdin: "ignore", stdout, stderr: new Output() } }),
    );
    const { status } = await running;
    expect(status).not.toBe(0);
  });
});

describe("fifo", () => {
  const left = (): readonly string[] => readdirSync(directory);

  test("the child reads it once; then it is gone, and the environment never had it", async () => {
    const script = `
      const fs = require("node:fs");
      const path = process.env.LOTSE_ENV_FILE;
      const mode = (p) => (fs.statSync(p).mode & 0o777).toString(8);
      const before = { fifo: fs.statSync(path).isFIFO(), mode: mode(path), directory: mode(path + "/..") };
      const content = fs.readFileSync(path, "utf8");
      const environ = fs.readFileSync("/proc/self/environ", "latin1");
      console.log(JSON.stringify({ before, content, environ, again: fs.existsSync(path) }));`;
    const stdout = new Output();
    const outcome = await runWithVariables(
      request({
        command: js(script.replace('path + "/.."', 'require("node:path").dirname(path)')),
        how: "fifo",
        stdio: { stdin: "ignore", stdout, stderr: stdout },
      }),
    );
    expect(outcome).toMatchObject({ status: 0, fifoRead: true });
    const seen = JSON.parse(stdout.text) as Record<string, unknown>;
    expect(seen).toMatchObject({
      before: { fifo: true, mode: "600", directory: "700" },
      content: `DB_PASSWORD=${value}\nPORT=8080\n`,
      again: false,
    });
    expect(seen["environ"]).not.toContain(value);
    expect(left()).toEqual([]);
  });

  test("the path stands for {} in the arguments, and in the variable of the given name", async () => {
    const { text } = await outputOf({
      command: ["/bin/sh", "-c", 'test "$1" = "file=$MY_FILE" && cat "$MY_FILE"', "sh", "file={}"],
      how: "fifo",
      fifoName: "MY_FILE",
    });
    expect(text).toContain(value);
  });

  test("more than a pipe holds arrives whole", async () => {
    const big = Array.from({ length: 100 }, (_, at) => ({
      name: `V${at}`,
      value: new Sensitive("x".repeat(10_000)),
      secret: true,
    }));
    const { text } = await outputOf({
      command: sh('wc -c < "$LOTSE_ENV_FILE"'),
      how: "fifo",
      variables: big,
    });
    const expected = big.reduce((sum, { name }) => sum + name.length + 1 + 10_000 + 1, 0);
    expect(Number(text)).toBe(expected);
  });

  test.each([
    ["never reads", "true", false],
    ["reads nothing of it", 'exec 3< "$LOTSE_ENV_FILE"; exec 3<&-; exit 0', undefined],
    ["is killed before it reads", "kill -KILL $$", false],
    ["is killed after it reads", 'cat "$LOTSE_ENV_FILE" > /dev/null; kill -KILL $$', true],
  ])("a child that %s leaves nothing behind", async (_, script, read) => {
    const outcome = await runWithVariables(request({ command: sh(script), how: "fifo" }));
    if (read !== undefined) expect(outcome.fifoRead).toBe(read);
    expect(left()).toEqual([]);
  });

  test("a program that does not exist leaves nothing behind", async () => {
    const running = runWithVariables(request({ command: ["no-such-program-anywhere"], how: "fifo" }));
    await expect(running).rejects.toMatchObject({ code: "machine.missing" });
    expect(left()).toEqual([]);
  });

  test("what the dialect cannot hold is refused before anything is made", async () => {
    const running = runWithVariables(
      request({ how: "fifo", variables: [{ name: "A", value: "it's $5", secret: true }] }),
    );
    await expect(running).rejects.toMatchObject({ code: "secret.unrepresentable" });
    expect(left()).toEqual([]);
  });

  test("after kill -9 of Lotse the next run removes what it left", async () => {
    const child = spawn(
      node,
      [runner, "fifo", directory, ...sh('echo "$LOTSE_ENV_FILE $$"; exec sleep 100')],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const stdout = new Output();
    child.stdout.pipe(stdout);
    await stdout.shows("\n");
    const [, pid] = stdout.text.trim().split(" ");
    child.kill("SIGKILL");
    await once(child, "exit");
    try {
      expect(left()).toHaveLength(1);
      const { text } = await outputOf({ command: sh('cat "$LOTSE_ENV_FILE"'), how: "fifo" });
      expect(text).toContain(value);
      expect(left()).toEqual([]);
    } finally {
      process.kill(Number(pid), "SIGKILL");
    }
  });

  test("SIGTERM to Lotse ends the child and leaves nothing behind", async () => {
    const child = spawn(node, [runner, "fifo", directory, ...sh("echo ready; exec sleep 100")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const stdout = new Output();
    child.stdout.pipe(stdout);
    await stdout.shows("ready");
    child.kill("SIGTERM");
    const [status] = (await once(child, "exit")) as [number | null];
    expect(status).toBe(143);
    expect(left()).toEqual([]);
  });
});

describe("directories of other processes", () => {
  const name = (pid: number): string => `lotse-${pid}-0123456789abcdef`;
  const deadPid = 4_194_305;

  async function afterRun(make: (path: string) => Promise<void> | void, pid: number): Promise<boolean> {
    const path = join(directory, name(pid));
    mkdirSync(path, { mode: 0o700 });
    await make(path);
    await runWithVariables(request({ how: "fifo" }));
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  }
  const owned =
    (change: (owner: Awaited<ReturnType<typeof ownIdentity>>) => unknown) =>
    async (path: string): Promise<void> => {
      writeFileSync(join(path, "owner.json"), JSON.stringify(change(await ownIdentity())));
    };

  test("of a process that runs stays", async () => {
    expect(
      await afterRun(
        owned((owner) => owner),
        process.pid,
      ),
    ).toBe(true);
  });

  test("of an earlier process with the same number goes", async () => {
    const earlier = owned((owner) => ({ ...owner, process: { ...owner.process, started: "earlier" } }));
    expect(await identify(process.pid)).not.toBeNull();
    expect(await afterRun(earlier, process.pid)).toBe(false);
  });

  test("of a process of another namespace stays, as its numbers mean nothing here", async () => {
    const foreign = owned(() => ({ process: { pid: deadPid, started: null }, namespace: "pid:[1]" }));
    expect(await afterRun(foreign, deadPid)).toBe(true);
  });

  test("without an owner's file it goes when its number is free, and stays when not", async () => {
    expect(await afterRun(() => undefined, deadPid)).toBe(false);
    expect(await afterRun(() => undefined, process.pid)).toBe(true);
  });

  test("open to others, it is not ours and stays", async () => {
    const path = join(directory, name(deadPid));
    mkdirSync(path);
    await systemExec("chmod", ["755", path]);
    await runWithVariables(request({ how: "fifo" }));
    expect(statSync(path).isDirectory()).toBe(true);
  });
});

test("core dumps are off in the child, even where they were allowed", async () => {
  const script = 'ulimit -S -c "$(ulimit -H -c)"; ulimit -S -c; exec "$@"';
  const inner = [node, runner, "environment", directory, ...sh("ulimit -S -c")];
  const child = spawn("/bin/sh", ["-c", script, "sh", ...inner], { stdio: ["ignore", "pipe", "inherit"] });
  const [before, inChild] = (await text(child.stdout)).trim().split("\n");
  expect(inChild).toBe("0");
  if (before === "0") console.warn("this machine allows no core dumps at all");
});
