import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openChannel, type Channel } from "./channel.ts";
import { askOverChannel, closeChannels } from "./channels.ts";
import { formatBalancerFile } from "../haproxy.ts";
import { remoteProgram } from "../program.ts";
import { parseHostSpec } from "../spec.ts";

// The program of hosts answers for real, started here instead of over ssh. socat and systemctl are doubles.
const doubles: Readonly<Record<string, string>> = {
  systemctl: ":",
  socat: "exit 1",
  // Tells on both streams, and takes its time.
  sync: 'echo "syncs $1" >&2; if [ -e "$LOTSE_ROOT/../slow" ]; then exec sleep 30; fi',
};
const { text } = await remoteProgram();
const host = { name: "web-1" };
const timeoutMs = 20_000;
const lock = ["prod", "acme", "me", "1", "60"];

describe("a channel", () => {
  let directory: string;
  let children: ChildProcess[];

  const open = (): Channel => {
    const child = spawn(join(directory, "lotse-host"), ["serve"], {
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        LOTSE_ROOT: join(directory, "root"),
        LOTSE_UNITS: join(directory, "units"),
        LOTSE_TEST_PATH: join(directory, "doubles"),
      },
    });
    children.push(child);
    return openChannel(host, child);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "lotse-channel-"));
    children = [];
    for (const name of ["doubles", "units"]) mkdirSync(join(directory, name));
    for (const [name, body] of Object.entries(doubles)) {
      writeFileSync(join(directory, "doubles", name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    }
    writeFileSync(join(directory, "lotse-host"), text);
    chmodSync(join(directory, "lotse-host"), 0o755);
  });
  afterEach(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  });

  it("answers one question after another, with what it wrote and its status", async () => {
    const channel = open();
    const ask = (...words: readonly string[]) => channel.ask({ words, timeoutMs });
    expect(await ask("weights", ...lock, "100", "0")).toMatchObject({ status: 0, stdout: "" });
    expect(await ask("state", "prod", "acme")).toMatchObject({ status: 0, stdout: "weights 100 0\nend\n" });
    const refused = await ask("weights", "prod", "acme", "me", "0", "60", "0", "100");
    expect(refused).toMatchObject({
      status: 77,
      stderr: expect.stringContaining("fence 1 was seen") as string,
    });
    expect(await ask("state", "prod", "acme")).toMatchObject({ status: 0, stdout: "weights 100 0\nend\n" });
    channel.close();
  });

  it("goes on after an operation that did not read its input", async () => {
    const channel = open();
    const bytes = "x".repeat(300_000);
    // No word of this line may be taken for the next question.
    const refused = await channel.ask({ words: ["no-operation"], bytes: `${bytes}\nstate`, timeoutMs });
    expect(refused).toMatchObject({
      status: 64,
      stderr: expect.stringContaining("no such operation") as string,
    });
    const next = await channel.ask({ words: ["state", "prod", "acme"], timeoutMs });
    expect(next).toEqual({ status: 0, stdout: "end\n", stderr: "" });
    channel.close();
  });

  it("brings input whole, with zeros, line ends and letters of all kinds", async () => {
    const channel = open();
    const spec = parseHostSpec({ type: "host", command: ["node"], hosts: [{ name: "web-1" }] });
    const file = formatBalancerFile({
      scope: { environment: "prod", tenant: "acme" },
      spec,
      port: 1,
      servers: [],
    });
    const words = ["lb-put", ...lock, join(directory, "lb"), join(directory, "s"), "/etc/h.cfg", "haproxy"];
    const damaged = await channel.ask({ words, bytes: file.replace("mode", "m\0de"), timeoutMs });
    expect(damaged).toMatchObject({
      status: 65,
      stderr: expect.stringContaining("not what was sent") as string,
    });
    // The checksum is of every byte; what comes after it is that there is no HAProxy here.
    const whole = await channel.ask({ words, bytes: file, timeoutMs });
    expect(whole.stderr).not.toContain("not what was sent");
    channel.close();
  });

  it("is closed when its time is over or it is told to stop, and what hangs answers nobody", async () => {
    writeFileSync(join(directory, "slow"), "");
    const fake = [
      "#!/bin/sh",
      "read -r token length words",
      'printf "it says\\n\\n%s 0\\n" "$token"',
      'printf "\\n%s\\nfrom ssh\\n" "$token" >&2',
      "sleep 30",
    ];
    rmSync(join(directory, "lotse-host"));
    writeFileSync(join(directory, "lotse-host"), fake.join("\n"), { mode: 0o755 });
    const told = await open().ask({ words: ["state"], timeoutMs });
    expect(told).toEqual({ status: 0, stdout: "it says\n", stderr: "" });
  });

  it("answers for both where a host has a balancer, and each part ends", async () => {
    const channel = open();
    const words = ["look", "prod", "acme", join(directory, "lb"), join(directory, "s"), join(directory, "m")];
    const { status, stdout } = await channel.ask({ words, timeoutMs });
    expect([status, stdout.split("\n").filter((line) => line === "end")]).toEqual([0, ["end", "end"]]);
    channel.close();
  });

  it("that was lost while it was idle is replaced, and nobody notices", async () => {
    const question = { words: ["state", "prod", "acme"], timeoutMs };
    const ask = () => askOverChannel(`${directory} lost`, "serve", open, question);
    await ask();
    children[0]?.kill("SIGKILL");
    expect(await ask()).toMatchObject({ status: 0, stdout: "end\n" });
    expect(children).toHaveLength(2);
    closeChannels(`${directory} lost`);
  });

  it("is used again by whoever asks next, until all are closed", async () => {
    const question = { words: ["state", "prod", "acme"], timeoutMs };
    const ask = () => askOverChannel(directory, "serve", open, question);
    await ask();
    await ask();
    expect(children).toHaveLength(1);
    await Promise.all([ask(), ask(), ask(), ask()]);
    await Promise.all([ask(), ask(), ask(), ask()]);
    expect(children).toHaveLength(4);
    expect(children.filter(({ killed }) => killed)).toHaveLength(0);
    closeChannels(directory);
    await expect.poll(() => children.filter(({ killed }) => killed)).toHaveLength(4);
    await ask();
    expect(children).toHaveLength(5);
    closeChannels(directory);
  });

  it("keeps the process from its end only while it is asked", async () => {
    const holding = () =>
      process.getActiveResourcesInfo().filter((name) => ["ProcessWrap", "PipeWrap"].includes(name)).length;
    const before = holding();
    const channel = open();
    const asked = channel.ask({ words: ["state", "prod", "acme"], timeoutMs });
    expect(holding()).toBeGreaterThan(before);
    await asked;
    expect(holding()).toBe(before);
    channel.close();
  });
});
