import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { text } from "node:stream/consumers";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { systemExec } from "../../kernel/index.ts";
import { runWithVariables } from "./index.ts";
import { ChildDesk, Output, js, runner, sh, value, variables } from "./testing/child-desk.ts";

let desk: ChildDesk;
beforeEach(() => void (desk = new ChildDesk()));
afterEach(() => desk.dispose());

describe("environment", () => {
  test("the secret is in the child's environment, and in no argument of any process", async () => {
    const script = `
      const { execFileSync } = require("node:child_process");
      const { readFileSync } = require("node:fs");
      const read = (name) => readFileSync("/proc/self/" + name, "latin1");
      const ps = execFileSync("ps", ["-e", "-o", "args=", "-ww"]).toString();
      console.log(JSON.stringify({ environ: read("environ").split("\\0"), cmdline: read("cmdline"), ps }));`;
    const { text } = await desk.outputOf({ command: js(script) });
    const seen = JSON.parse(text) as { environ: string[]; cmdline: string; ps: string };
    expect(seen.environ).toContain(`DB_PASSWORD=${value}`);
    expect(seen.environ).toContain("PORT=8080");
    expect(seen.cmdline).toContain("readFileSync");
    expect(seen.ps).toContain("readFileSync");
    expect(seen.cmdline).not.toContain(value);
    expect(seen.ps).not.toContain(value);
  });

  test("the keys to other secrets are not inherited; what is injected is", async () => {
    const { text } = await desk.outputOf({
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
    const { text } = await desk.outputOf({
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
    await expect(runWithVariables(desk.request({ command: sh(script) }))).resolves.toEqual({
      status,
      signal,
      coreDumpsOff: true,
      fifoRead: null,
    });
  });

  test("without prlimit it says that core dumps are not off", async () => {
    const exec: typeof systemExec = () => Promise.reject(new Error("none"));
    await expect(runWithVariables(desk.request({ exec }))).resolves.toMatchObject({ coreDumpsOff: false });
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
    const error: unknown = await runWithVariables(desk.request(more)).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: "LotseError", code });
    expect(inspect(error, { depth: 5 })).not.toContain(value);
  });

  test("the longest value that the kernel takes arrives", async () => {
    const long = "x".repeat(131_072 - "LONG=".length - 1);
    const { text } = await desk.outputOf({
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
      desk.request({
        command: trap(name.slice(3)),
        signals,
        stdio: { stdin: "ignore", stdout, stderr: stdout },
      }),
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
      desk.request({ command, signals, terminal: true, stdio: { stdin: "ignore", stdout, stderr: stdout } }),
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
      desk.request({
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
      desk.request({
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
    const running = runWithVariables(
      desk.request({ command: sh("exec sleep 100"), signal: AbortSignal.abort() }),
    );
    await expect(running).resolves.toMatchObject({ status: 143 });
  });

  test("what an ended child has started cannot hold it up by keeping the output open", async () => {
    const stdout = new Output();
    const controller = new AbortController();
    const running = runWithVariables(
      desk.request({
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
    const child = spawn(process.execPath, [runner, "environment", desk.directory, ...trap("TERM")], {
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

test("core dumps are off in the child, even where they were allowed", async () => {
  const script = 'ulimit -S -c "$(ulimit -H -c)"; ulimit -S -c; exec "$@"';
  const inner = [process.execPath, runner, "environment", desk.directory, ...sh("ulimit -S -c")];
  const child = spawn("/bin/sh", ["-c", script, "sh", ...inner], { stdio: ["ignore", "pipe", "inherit"] });
  const [before, inChild] = (await text(child.stdout)).trim().split("\n");
  expect(inChild).toBe("0");
  if (before === "0") console.warn("this machine allows no core dumps at all");
});
