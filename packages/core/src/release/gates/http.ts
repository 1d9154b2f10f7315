import type { Gate, GateContext, Verdict } from "../gate.ts";
import { durationMs } from "../strategies/duration.ts";
import type { HttpSpec } from "./spec.ts";

/** How much of an answer is read. */
const maxBytes = 1024 * 1024;

/** Asks a URL, which must answer 2xx, and hold a text where one is named. */
export function httpGate(spec: HttpSpec): Gate {
  return {
    async judge(context) {
      const url = await urlOf(spec, context);
      if (url === null)
        return { verdict: "no-data", reason: "the tenant is not reached anywhere at present" };
      const timeout = AbortSignal.timeout(durationMs(spec.timeout));
      const signal = context.signal === undefined ? timeout : AbortSignal.any([timeout, context.signal]);
      try {
        return await ask(spec, url, signal);
      } catch (error) {
        context.signal?.throwIfAborted();
        const why = timeout.aborted ? `nothing within ${spec.timeout}` : causeOf(error);
        return { verdict: "no-data", reason: `${url} did not answer: ${why}` };
      }
    },
  };
}

async function urlOf(
  { url }: HttpSpec,
  { target, environment, tenant }: GateContext,
): Promise<string | null> {
  if (!url.startsWith("/")) return url;
  const { url: base } = await target.inspect({ environment, tenant });
  return base === null ? null : new URL(url, base).href;
}

async function ask({ match }: HttpSpec, url: string, signal: AbortSignal): Promise<Verdict> {
  const answer = await fetch(url, { signal, headers: { connection: "close" } });
  const text = await textOf(answer);
  if (!answer.ok) return { verdict: "fail", reason: `${url} answered ${answer.status}` };
  if (match !== undefined && !text.includes(match)) {
    return {
      verdict: "fail",
      reason: `${url} answered ${answer.status}, without the text that it must hold`,
    };
  }
  return { verdict: "pass", reason: `${url} answered ${answer.status}` };
}

async function textOf(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (cause instanceof Error) return "code" in cause ? String(cause.code) : cause.message;
  return String(cause);
}
