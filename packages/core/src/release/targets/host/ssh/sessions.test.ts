import { describe, expect, it } from "vitest";
import { inSession, sessionsPerHost, type SessionLength } from "./sessions.ts";

/** Calls that end when they are told to. */
function calls(): { begin: (host: string, length: SessionLength) => void; begun: string[]; end: () => void } {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  return {
    begun,
    begin: (host, length) =>
      void inSession(host, length, () => {
        begun.push(`${host} ${length}`);
        return new Promise<void>((resolve) => ends.push(resolve));
      }),
    end: () => {
      for (const end of ends.splice(0)) end();
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("sessions of a connection", () => {
  it("are fewer than a server gives, and those of uploads leave room for short calls", async () => {
    const { begin, begun, end } = calls();
    for (let call = 0; call < 20; call++) begin("web-1", "long");
    for (let call = 0; call < 20; call++) begin("web-1", "short");
    begin("web-2", "short");
    await settled();
    const count = (name: string): number => begun.filter((each) => each === name).length;
    expect(count("web-1 long")).toBe(sessionsPerHost.long);
    expect(count("web-1 short")).toBe(sessionsPerHost.short);
    expect(count("web-2 short")).toBe(1);
    expect(sessionsPerHost.long + sessionsPerHost.short).toBeLessThan(10);
    while (begun.length < 41) {
      end();
      await settled();
    }
    end();
  });

  it("are not waited for by who gives up, and never begun then", async () => {
    const { begin, begun, end } = calls();
    for (let call = 0; call < sessionsPerHost.long; call++) begin("web-4", "long");
    const stop = new AbortController();
    let late = false;
    const waiting = inSession("web-4", "long", () => Promise.resolve((late = true)), stop.signal);
    stop.abort(new Error("aborted"));
    await expect(waiting).rejects.toThrowError("aborted");
    expect(begun).toHaveLength(sessionsPerHost.long);
    end();
    await settled();
    expect(late).toBe(false);
  });

  it("go on after a call that failed", async () => {
    const fail = (): Promise<never> => Promise.reject(new Error("away"));
    const failed = Array.from({ length: 20 }, () => inSession("web-3", "short", fail));
    expect((await Promise.allSettled(failed)).every(({ status }) => status === "rejected")).toBe(true);
    expect(await inSession("web-3", "short", () => Promise.resolve("there"))).toBe("there");
  });
});
