import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { identify, Sensitive, systemExec } from "../../kernel/index.ts";
import { runWithVariables } from "./index.ts";
import { ownIdentity } from "./place-owner.ts";
import { ChildDesk, js, Output, runner, sh, value } from "./testing/child-desk.ts";

let desk: ChildDesk;
beforeEach(() => void (desk = new ChildDesk()));
afterEach(() => desk.dispose());

describe("fifo", () => {
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
      desk.request({
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
    expect(desk.left()).toEqual([]);
  });

  test("the path stands for {} in the arguments, and in the variable of the given name", async () => {
    const { text } = await desk.outputOf({
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
    const { text } = await desk.outputOf({
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
    const outcome = await runWithVariables(desk.request({ command: sh(script), how: "fifo" }));
    if (read !== undefined) expect(outcome.fifoRead).toBe(read);
    expect(desk.left()).toEqual([]);
  });

  test("a program that does not exist leaves nothing behind", async () => {
    const running = runWithVariables(desk.request({ command: ["no-such-program-anywhere"], how: "fifo" }));
    await expect(running).rejects.toMatchObject({ code: "machine.missing" });
    expect(desk.left()).toEqual([]);
  });

  test("what the dialect cannot hold is refused before anything is made", async () => {
    const running = runWithVariables(
      desk.request({ how: "fifo", variables: [{ name: "A", value: "it's $5", secret: true }] }),
    );
    await expect(running).rejects.toMatchObject({ code: "secret.unrepresentable" });
    expect(desk.left()).toEqual([]);
  });

  test("after kill -9 of Lotse the next run removes what it left", async () => {
    const child = spawn(
      process.execPath,
      [runner, "fifo", desk.directory, ...sh('echo "$LOTSE_ENV_FILE $$"; exec sleep 100')],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const stdout = new Output();
    child.stdout.pipe(stdout);
    await stdout.shows("\n");
    const [, pid] = stdout.text.trim().split(" ");
    child.kill("SIGKILL");
    await once(child, "exit");
    try {
      expect(desk.left()).toHaveLength(1);
      const { text } = await desk.outputOf({ command: sh('cat "$LOTSE_ENV_FILE"'), how: "fifo" });
      expect(text).toContain(value);
      expect(desk.left()).toEqual([]);
    } finally {
      process.kill(Number(pid), "SIGKILL");
    }
  });

  test("SIGTERM to Lotse ends the child and leaves nothing behind", async () => {
    const child = spawn(
      process.execPath,
      [runner, "fifo", desk.directory, ...sh("echo ready; exec sleep 100")],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const stdout = new Output();
    child.stdout.pipe(stdout);
    await stdout.shows("ready");
    child.kill("SIGTERM");
    const [status] = (await once(child, "exit")) as [number | null];
    expect(status).toBe(143);
    expect(desk.left()).toEqual([]);
  });
});

describe("directories of other processes", () => {
  const name = (pid: number): string => `lotse-${pid}-0123456789abcdef`;
  const deadPid = 4_194_305;

  async function afterRun(make: (path: string) => Promise<void> | void, pid: number): Promise<boolean> {
    const path = join(desk.directory, name(pid));
    mkdirSync(path, { mode: 0o700 });
    await make(path);
    await runWithVariables(desk.request({ how: "fifo" }));
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
    const path = join(desk.directory, name(deadPid));
    mkdirSync(path);
    await systemExec("chmod", ["755", path]);
    await runWithVariables(desk.request({ how: "fifo" }));
    expect(statSync(path).isDirectory()).toBe(true);
  });
});
