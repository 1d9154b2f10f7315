/* oxlint-disable max-lines-per-function -- a suite is one function */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Sensitive } from "@lotse/core/kernel";
import type { Slot, TenantScope } from "../../../packages/core/src/release/names.ts";
import { get } from "../../../packages/core/src/release/testing/test-workspace.ts";
import { allTo } from "../../../packages/core/src/release/weights.ts";
import type { HostTarget } from "../../../packages/core/src/release/targets/host/host-target.ts";
import { startHostBed, type HostBed } from "../index.ts";
import { BedWorkspace, environment } from "./bed-workspace.ts";

const run = promisify(execFile);
const hostile = "a \"b\" 'c' $HOME `id` $(id) \\ %n %% \nsecond line\ttab ü end";

describe("hosts that fail", () => {
  let bed: HostBed;
  let workspace: BedWorkspace;
  let target: HostTarget;
  let tenants = 0;

  const slots = (): { scope: TenantScope; blue: Slot; green: Slot } => {
    tenants += 1;
    const scope = { environment, tenant: `f${tenants}` };
    return { scope, blue: { ...scope, colour: "blue" }, green: { ...scope, colour: "green" } };
  };
  const bringUp = async (slot: Slot, name: string): Promise<void> => {
    await target.prepare(slot, workspace.payload(name, slot));
    await target.start(slot);
    await target.waitHealthy(slot);
  };
  const answer = async (scope: TenantScope): Promise<string> => {
    const { url } = await target.inspect(scope);
    const { body } = await get(url ?? "");
    return (JSON.parse(body) as { version: string }).version;
  };

  beforeAll(async () => {
    bed = await startHostBed({ hosts: 3, diskMb: 64 });
    workspace = await BedWorkspace.make(bed);
    target = workspace.target({ owner: "tests" });
    const names = Array.from({ length: 20 }, (_, index) => `f${index + 1}`);
    await workspace.release("one", "1.0.0", names);
    await workspace.release("two", "2.0.0", names);
    await workspace.release("limited", "3.0.0", names, {}, { limits: { "memory-mb": 200, tasks: 99 } });
  });
  afterAll(async () => {
    await workspace?.dispose();
    await bed?.stop();
  });

  it("values with anything in them reach the service as they are, and secrets are in no output", async () => {
    const { scope, blue } = slots();
    const secrets = async () => ({
      HOSTILE: new Sensitive(hostile),
      TOKEN: new Sensitive("a-very-secret-token"),
    });
    await target.prepare(blue, workspace.payload("limited", scope, { secrets }));
    const digest = await target.run(blue, ["sh", "-c", 'printf %s "$HOSTILE" | sha256sum'], {
      hosts: ["web-1"],
    });
    const { createHash } = await import("node:crypto");
    expect(digest).toContain(createHash("sha256").update(hostile).digest("hex"));
    expect(await target.run(blue, ["sh", "-c", "echo x$TOKEN"], { hosts: ["web-1"] })).toBe("x[redacted]");
    const word = 'a "b" $HOME %n \\ end';
    expect(await target.run(blue, ["printf", "%s", word], { hosts: ["web-1"] })).toBe(word);
    const env = `/var/lib/lotse/tenants/prod/${scope.tenant}/slots/blue/.env`;
    expect((await bed.exec("web-1", ["stat", "-c", "%a", env])).stdout.trim()).toBe("600");
    const unit = `lotse:prod:${scope.tenant}:blue.service`;
    const { stdout } = await bed.exec("web-1", [
      "systemctl",
      "show",
      "-p",
      "MemoryMax,TasksMax,NoNewPrivileges",
      unit,
    ]);
    expect(stdout.split("\n").sort()).toEqual([
      "",
      "MemoryMax=209715200",
      "NoNewPrivileges=yes",
      "TasksMax=99",
    ]);
  });

  it("shares survive a restart of the balancer, its kill, a damaged file and a hard reboot of its host", async () => {
    const { scope, blue, green } = slots();
    await bringUp(blue, "one");
    await bringUp(green, "two");
    await target.route(scope, { blue: 70, green: 30 });
    const shares = async () => (await target.inspect(scope)).traffic;
    const before = await shares();
    expect(before["web-2"]).toEqual({ blue: 70, green: 30 });
    // Whenever it answers again: what it says first has to be right.
    const ask = "echo show stat | socat - UNIX-CONNECT:/run/haproxy/admin.sock 2>/dev/null";
    const asking = `for try in $(seq 200); do ${ask} && break; sleep 0.1; done`;
    const running = async () =>
      (await bed.exec("web-1", ["sh", "-c", asking])).stdout
        .split("\n")
        .filter((line) => line.startsWith(`lotse:prod:${scope.tenant},web-`))
        .map((line) => line.split(",")[18]);
    const weights = ["70", "30", "70", "30", "70", "30"];
    expect(await running()).toEqual(weights);
    await bed.exec("web-1", ["systemctl", "restart", "haproxy"]);
    expect(await running()).toEqual(weights);
    await bed.exec("web-1", ["systemctl", "kill", "-s", "KILL", "haproxy"]);
    expect(await running()).toEqual(weights);
    const file = `/etc/haproxy/lotse.d/prod:${scope.tenant}.cfg`;
    await bed.exec("web-1", ["sh", "-c", `sed -i 's/weight 30/weight 99/' ${file}`]);
    expect(await shares()).toEqual(before);
    await bed.reboot("web-1", { hard: true });
    expect(await running()).toEqual(weights);
    expect(await shares()).toEqual(before);
    await expect.poll(() => answer(scope).catch(() => ""), { timeout: 20_000 }).toMatch(/^[12]\.0\.0$/u);
    await target.route(scope, allTo("green"));
    expect(await answer(scope)).toBe("2.0.0");
  });

  it("a full disk leaves nothing half, and the way back is open", async () => {
    const { scope, blue, green } = slots();
    await bringUp(blue, "one");
    await target.route(scope, allTo("blue"));
    await bed.fillDisk("web-2");
    const payload = workspace.payload("two", scope);
    await expect(target.prepare(green, payload)).rejects.toMatchObject({ code: "target.host" });
    await target.route(scope, allTo("blue"));
    await target.retire(green);
    await bed.freeDisk("web-2");
    const below = `/var/lib/lotse/tenants/prod/${scope.tenant}`;
    await target.prepare(green, payload);
    const { stdout } = await bed.exec("web-2", [
      "find",
      below,
      "-name",
      "*.partial.*",
      "-o",
      "-name",
      "*.tmp.*",
    ]);
    expect(stdout).toBe("");
    expect(await answer(scope)).toBe("1.0.0");
  });

  it("a host that is frozen or off the network gets nothing, and is named; the rest goes on", async () => {
    const { scope, blue, green } = slots();
    const quick = workspace.target(
      { owner: "tests" },
      {
        ssh: { config: bed.sshConfigFile, "connect-timeout-ms": 2000, "answer-timeout-ms": 8000 },
      },
    );
    await bringUp(blue, "one");
    await bringUp(green, "two");
    await target.route(scope, allTo("blue"));
    for (const [lose, bringBack] of [
      [() => bed.pause("web-3"), () => bed.resume("web-3")],
      [() => bed.disconnect("web-3"), () => bed.connect("web-3")],
    ] as const) {
      await lose();
      try {
        await expect(quick.route(scope, allTo("green"))).rejects.toMatchObject({
          code: "target.host",
          message: expect.stringContaining("web-3"),
        });
        const { traffic, unreachable } = await quick.inspect(scope);
        expect(Object.keys(unreachable)).toEqual(["web-3"]);
        expect([traffic["web-1"], traffic["web-3"]]).toEqual([allTo("green"), allTo(null)]);
      } finally {
        await bringBack();
      }
      await target.route(scope, allTo("green"));
      await target.route(scope, allTo("blue"));
    }
    expect((await target.inspect(scope)).active).toBe("blue");
  });

  it("a command whose host goes off the network ends there, and is not run again by who asks for it again", async () => {
    const { scope, blue } = slots();
    const quick = workspace.target(
      { owner: "tests" },
      { ssh: { config: bed.sshConfigFile, "connect-timeout-ms": 2000, "answer-timeout-ms": 8000 } },
    );
    await bringUp(blue, "one");
    const command = ["sh", "-c", "echo begun >>runs; sleep 12; echo ended >>runs; cat runs"];
    const ask = () => quick.fenced({ fence: 3, key: "step-7" }).run(blue, command, { hosts: ["web-2"] });
    const runs = async (): Promise<string> => {
      const of = `/var/lib/lotse/tenants/${environment}/${scope.tenant}`;
      return (await bed.exec("web-2", ["sh", "-c", `find ${of} -name runs -exec cat {} +`])).stdout;
    };
    const asked = ask();
    asked.catch(() => undefined);
    while ((await runs()) === "") await sleep(50);
    await bed.disconnect("web-2");
    try {
      await expect(asked).rejects.toMatchObject({
        code: "target.host",
        message: expect.stringContaining("web-2"),
        retryable: true,
      });
    } finally {
      await bed.connect("web-2");
    }
    expect(await ask()).toBe("begun\nended");
    expect(await runs()).toBe("begun\nended\n");
  });

  it("a host whose key changed is refused", async () => {
    const { scope } = slots();
    await run("ssh", ["-F", bed.sshConfigFile, "-O", "exit", "web-2"]).catch(() => undefined);
    const undo = await bed.changeHostKey("web-2");
    try {
      // Another identity of the settings: no connection from before is shared.
      const ssh = {
        config: bed.sshConfigFile,
        "known-hosts": bed.sshConfigFile.replace("ssh_config", "known_hosts"),
      };
      const { unreachable } = await workspace.target({}, { ssh }).inspect(scope);
      expect(unreachable["web-2"]).toMatch(/host key|verification/iu);
      expect(Object.keys(unreachable)).toEqual(["web-2"]);
    } finally {
      await undo();
    }
  });

  it("two controllers at once: the second waits or is refused, and the one that lost stays out", async () => {
    const { scope, blue } = slots();
    const [one, two] = [workspace.target({ owner: "one" }), workspace.target({ owner: "two" })];
    await one.fenced({ fence: 7, key: "a" }).prepare(blue, workspace.payload("one", scope));
    // The lock of the first expires ten seconds after its last step; the second waits for that.
    await two.fenced({ fence: 1, key: "b" }).start(blue);
    await expect(one.fenced({ fence: 7, key: "c" }).stop(blue)).rejects.toMatchObject({
      code: expect.stringMatching(/^(rollout\.fence|target\.lock)$/u),
    });
    expect((await two.inspect(scope)).colours.map(({ state }) => state)).toEqual([
      "running",
      "running",
      "running",
    ]);
  });
});
