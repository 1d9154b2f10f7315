import { LotseError } from "@lotse/core/kernel";
import type { ActStep, Effect, RolloutRequest } from "@lotse/core/release";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEngine, type Engine } from "../engine/open-engine.ts";
import { requestFor } from "../testing/requests.ts";
import { ScriptedDriver } from "../testing/scripted-driver.ts";
import { TestServer } from "../testing/test-server.ts";
import { told } from "./told.ts";

const timeout = 300_000;
const actor = { kind: "user", id: "alice" } as const;
const nul = "status 503: \0";
const halfEmoji = `${"x".repeat(3999)}\u{1F600}`;

/** What `verify` of a tenant says, and as what. */
class TalkingDriver extends ScriptedDriver {
  readonly says = new Map<string, { readonly text: string; as: "note" | "failure" | "what may pass" }>();

  override act(request: RolloutRequest, step: ActStep, effect: Effect): Promise<string | undefined> {
    const said = step.name === "verify" ? this.says.get(effect.tenant) : undefined;
    if (said === undefined) return super.act(request, step, effect);
    const { text, as } = said;
    if (as === "note") return Promise.resolve(text);
    if (as === "what may pass") said.as = "note";
    const retryable = as === "what may pass";
    return Promise.reject(new LotseError({ code: "target.unhealthy", message: text, retryable }));
  }
}

const driver = new TalkingDriver();
let server: TestServer;
let engine: Engine;
beforeAll(async () => {
  server = await TestServer.start();
  engine = await openEngine({ url: await server.database("told"), driver });
}, timeout);
afterAll(async () => {
  await engine.close();
  await server.dispose();
}, timeout);

describe("what a step says", { timeout }, () => {
  it("is cut, and what cannot be stored is replaced", () => {
    expect(told("fine")).toBe("fine");
    expect(told(nul)).toBe("status 503: \uFFFD");
    expect(told(halfEmoji)).toBe(`${"x".repeat(3999)}\uFFFD`);
  });

  it.each([
    ["a NUL in a note", "note", nul, "deployed"],
    ["half a character in a note", "note", halfEmoji, "deployed"],
    ["a NUL in what failed", "failure", nul, "rolled-back"],
    ["half a character in what failed", "failure", halfEmoji, "rolled-back"],
    ["a NUL in what may pass", "what may pass", nul, "deployed"],
  ] as const)("%s: the rollout goes on", async (name, as, text, status) => {
    const tenant = name.replaceAll(/\W/gu, "-").toLowerCase();
    driver.says.set(tenant, { text, as });
    await engine.rollouts.startRollout(requestFor(tenant, [tenant]), { actor });
    const ended = await engine.rollouts.finished(tenant);
    expect(ended.tenants).toMatchObject([{ tenant, status }]);
    const step = ended.steps.find(({ name: of }) => of === "verify");
    expect(as === "failure" ? step?.error : step?.note).toBe(told(text));
  });
});
