import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../../kernel/index.ts";
import type { SshResult } from "./ssh/call.ts";
import { openRemote, type Remote } from "./remote.ts";
import { parseHostSpec } from "./spec.ts";
import type { Ssh } from "./ssh/ssh.ts";

const good = { status: 0, stdout: "", stderr: "" };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A double of ssh whose calls end when they are told to; each has a connection of its own name. */
function scene(): { remote: Remote; calls: ((result: SshResult) => void)[] } {
  const spec = parseHostSpec({ type: "host", command: ["node"], hosts: [{ name: "web-1" }] });
  const connection = randomUUID();
  const calls: ((result: SshResult) => void)[] = [];
  const run = (): Promise<SshResult> => new Promise((resolve) => calls.push(resolve));
  const ssh: Ssh = {
    run,
    ask: run,
    connect: () => {
      throw new Error("not asked for");
    },
    connectionTo: () => connection,
    forget: () => Promise.resolve(),
  };
  const program = { text: "", digest: "0".repeat(64), path: "/bin/lotse-host" };
  return {
    remote: openRemote({ ssh, program, spec, clock: systemClock, holder: { owner: "tests" } }),
    calls,
  };
}
const host = { name: "web-1" };

describe("calls to a host", () => {
  it("wait for the first one, which opens the connection, and then go at once", async () => {
    const { remote, calls } = scene();
    const asked = [1, 2, 3].map(() => remote.ask(host, "state", ["prod", "acme"]));
    await settled();
    expect(calls).toHaveLength(1);
    calls[0]?.(good);
    await settled();
    expect(calls).toHaveLength(3);
    for (const call of calls) call(good);
    await Promise.all(asked);
  });

  it("open it anew one by one after one that failed, and nobody waits who was told to stop", async () => {
    const { remote, calls } = scene();
    const first = remote.ask(host, "state", ["prod", "acme"]);
    const stop = new AbortController();
    const waiting = remote.ask(host, "state", ["prod", "acme"], { signal: stop.signal });
    stop.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
    calls[0]?.({ status: 255, stdout: "", stderr: "no route to host" });
    await settled();
    // A connection that breaks at once is tried once more.
    calls[1]?.({ status: 255, stdout: "", stderr: "no route to host" });
    await expect(first).rejects.toMatchObject({ code: "target.host" });
    const again = [1, 2].map(() => remote.ask(host, "state", ["prod", "acme"]));
    await settled();
    expect(calls).toHaveLength(3);
    calls[2]?.(good);
    await settled();
    calls[3]?.(good);
    await Promise.all(again);
  });
});
