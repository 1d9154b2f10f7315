import type { Clock } from "../../kernel/index.ts";
import type { Gate, GateContext, Verdict } from "../gate.ts";
import { durationMs } from "../strategies/duration.ts";
import type { RequestsSpec } from "./spec.ts";

interface Counted {
  /** Those that are finished: what is still under way can be neither good nor bad. */
  readonly requests: number;
  readonly errors: number;
  readonly countedBy: string;
}

/** How many whiles are looked at, where the counters begin anew in each. */
const maxWhiles = 3;

/**
 * Counts what the new release got in a while, by the target's own counters, and how much of it went wrong. Where the
 * counters begin anew in the middle, as after a reload of a balancer, what they had is lost: another while is looked at.
 */
export function requestsGate(spec: RequestsSpec, clock: Clock): Gate {
  return {
    async judge(context) {
      let before = await count(context);
      for (let left = maxWhiles; ; left -= 1) {
        if (typeof before === "string") return { verdict: "no-data", reason: before };
        await clock.sleep(durationMs(spec.for), context.signal);
        const after = await count(context);
        if (typeof after === "string") return { verdict: "no-data", reason: after };
        const requests = after.requests - before.requests;
        const errors = after.errors - before.errors;
        const isNew = after.countedBy !== before.countedBy || requests < 0 || errors < 0;
        // An error is counted a moment before its request is finished.
        if (!isNew) return judge(spec, requests, Math.min(requests, errors));
        if (left === 1) return { verdict: "no-data", reason: "the counters begin anew again and again" };
        before = after;
      }
    },
  };
}

function judge(spec: RequestsSpec, requests: number, errors: number): Verdict {
  const told = `${errors} of ${requests} requests in ${spec.for} went wrong`;
  if (requests < spec["min-requests"]) {
    return { verdict: "no-data", reason: `${told}; ${spec["min-requests"]} are needed to judge` };
  }
  const percent = (errors * 100) / requests;
  const limit = `at most ${spec["max-error-percent"]} % may`;
  return { verdict: percent > spec["max-error-percent"] ? "fail" : "pass", reason: `${told}, ${limit}` };
}

/** The counters of the release over all hosts, or why they cannot be told. */
async function count({
  target,
  environment,
  tenant,
  colour,
  release,
}: GateContext): Promise<Counted | string> {
  const { colours, unreachable } = await target.inspect({ environment, tenant });
  const lost = Object.keys(unreachable);
  if (lost.length > 0) return `${lost.join(", ")} cannot be reached`;
  const found = colours.filter((state) => state.colour === colour && state.release === release);
  if (found.length === 0) return "the release does not run";
  return {
    requests: found.reduce((sum, { requests, inFlight }) => sum + requests - inFlight, 0),
    errors: found.reduce((sum, { errors }) => sum + errors, 0),
    countedBy: found.map(({ host, countedBy = "" }) => `${host} ${countedBy}`).join(" "),
  };
}
