import { request } from "node:http";
import { LotseError, type Clock } from "../../../kernel/index.ts";
import type { ProcessSpec } from "./spec.ts";

/** What one try found: `null` when it answered 2xx in time, else a few words. */
export type Probe = (port: number, path: string, timeoutMs: number) => Promise<string | null>;

/** How much of an unhealthy answer is told. */
const toldCharacters = 300;

/** Asks a process on this machine by HTTP GET. Of an answer that is not good, the beginning is told. */
export const httpProbe: Probe = (port, path, timeoutMs) =>
  new Promise((resolve) => {
    const sent = request({ host: "127.0.0.1", port, path, agent: false, headers: { host: "127.0.0.1" } });
    const timer = setTimeout(() => {
      resolve(`no answer within ${timeoutMs} ms`);
      sent.destroy();
    }, timeoutMs);
    const end = (result: string | null): void => {
      clearTimeout(timer);
      resolve(result);
    };
    sent.on("response", (answer) => {
      const status = answer.statusCode ?? 0;
      let told = "";
      answer.setEncoding("utf8");
      answer.on("data", (text: string) => (told += text.slice(0, toldCharacters - told.length)));
      answer.on("error", () => end("the answer broke off"));
      answer.on("end", () => end(status >= 200 && status < 300 ? null : `status ${status}${oneLine(told)}`));
    });
    sent.on("error", (error) => end("code" in error ? String(error.code) : error.message));
    sent.end();
  });

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/gu, " ").trim();
  return line === "" ? "" : `: ${line}`;
}

/** How a process stands: its port, null while it has none, or why it is gone for good. */
export type Presence = { readonly port: number | null } | { readonly gone: string };

/** The process as health checking sees it. */
export interface Checked {
  readonly present: () => Promise<Presence>;
  readonly spec: ProcessSpec;
  readonly clock: Clock;
  readonly probe?: Probe;
  readonly signal?: AbortSignal | undefined;
}

function tryOnce(
  port: number | null,
  { health }: ProcessSpec,
  probe: Probe = httpProbe,
): Promise<string | null> {
  if (port === null) return Promise.resolve("the process is not running");
  return probe(port, health.path, health["timeout-ms"]);
}

/**
 * Waits for as many good answers in a row as the description asks for.
 *
 * @throws LotseError `target.start` as soon as the process is gone, `target.unhealthy` when the time is over;
 * the signal's reason when it is aborted
 */
export async function waitUntilHealthy({ present, spec, clock, probe, signal }: Checked): Promise<void> {
  const { health } = spec;
  const end = clock.now().getTime() + health["deadline-ms"];
  let good = 0;
  for (;;) {
    signal?.throwIfAborted();
    const state = await present();
    if ("gone" in state) throw new LotseError({ code: "target.start", message: state.gone });
    const trouble = await tryOnce(state.port, spec, probe);
    good = trouble === null ? good + 1 : 0;
    if (good >= health.successes) return;
    if (clock.now().getTime() + health["interval-ms"] >= end) {
      const last = trouble ?? `only ${good} good answers in a row`;
      throw new LotseError({
        code: "target.unhealthy",
        message: `GET ${health.path} was not healthy within ${health["deadline-ms"]} ms: ${last}`,
      });
    }
    await clock.sleep(health["interval-ms"], signal);
  }
}

/**
 * Watches a process under traffic: every try must be good, and it must not end.
 *
 * @throws LotseError `target.verify`; the signal's reason when it is aborted
 */
export async function watchHealth({ present, spec, clock, probe, signal }: Checked): Promise<void> {
  const { health } = spec;
  const end = clock.now().getTime() + spec.verify["duration-ms"];
  for (;;) {
    signal?.throwIfAborted();
    const state = await present();
    if ("gone" in state) throw new LotseError({ code: "target.verify", message: state.gone });
    const trouble = await tryOnce(state.port, spec, probe);
    if (trouble !== null) {
      const message = `GET ${health.path} failed after the switch: ${trouble}`;
      throw new LotseError({ code: "target.verify", message });
    }
    const left = end - clock.now().getTime();
    if (left <= 0) return;
    await clock.sleep(Math.min(left, health["interval-ms"]), signal);
  }
}
