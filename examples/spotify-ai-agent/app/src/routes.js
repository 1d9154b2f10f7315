import { runChecks } from "./checks.js";
import { wholeNumber } from "./config.js";
import { catalogue, recommend } from "./recommend.js";

const slowestMs = 30_000;
const mostTracks = 20;

/**
 * @typedef {object} Service what every route may use
 * @property {Record<string, any>} config
 * @property {string} version
 * @property {{ release?: string, tenant?: string, environment?: string, colour?: string, secrets?: string[] }} identity
 * @property {() => boolean} draining
 */
/** @typedef {{status: number, body: Record<string, unknown>}} Answer */
/** @typedef {(service: Service, query: URLSearchParams, signal: AbortSignal) => Answer | Promise<Answer>} Route */

/** Routes by path; all of them answer GET and HEAD. @type {ReadonlyMap<string, Route>} */
export const routes = new Map([
  ["/", overview],
  ["/health", health],
  ["/version", versions],
  ["/slow", slow],
  ["/recommend", recommendations],
]);

/**
 * An answer that says what went wrong.
 *
 * @type {(status: number, code: string, message: string) => Answer}
 */
export function failure(status, code, message) {
  return { status, body: { error: { code, message } } };
}

/** @type {Route} */
function overview({ config, version, identity }) {
  return {
    status: 200,
    body: {
      service: config.application?.name ?? "spotify-ai-agent",
      version,
      environment: identity.environment ?? config.environment?.name ?? null,
      tenant: identity.tenant ?? config.tenant?.id ?? null,
      name: config.tenant?.name ?? null,
      tier: config.tenant?.tier ?? null,
      region: config.region?.name ?? null,
      requests_per_minute: config.application?.api?.rate_limit?.requests_per_minute ?? null,
      feature_flags: config.ml_services?.feature_flags ?? {},
    },
  };
}

/** @type {Route} */
function health({ config, version, identity, draining }) {
  const checks = runChecks(config, identity);
  const healthy = checks.every((check) => check.ok);
  const status = draining() ? "draining" : healthy ? "healthy" : "unhealthy";
  return { status: status === "healthy" ? 200 : 503, body: { status, version, checks, secrets: identity.secrets ?? [] } };
}

/** @type {Route} */
function versions({ version, identity }) {
  return {
    status: 200,
    body: { version, release: identity.release ?? null, colour: identity.colour ?? null },
  };
}

/** @type {Route} */
async function slow(_service, query, signal) {
  const ms = query.has("ms") ? wholeNumber(query.get("ms"), 0, slowestMs) : 1000;
  if (ms === null) return failure(400, "bad_ms", `ms is a whole number from 0 to ${slowestMs}`);
  await pause(ms, signal);
  return { status: 200, body: { waited_ms: ms } };
}

/** @type {Route} */
function recommendations({ config }, query) {
  const id = query.get("track");
  if (!id) return failure(400, "no_track", "name a track, for instance ?track=harbour-lights");
  const limit = query.has("limit") ? wholeNumber(query.get("limit"), 1, mostTracks) : 5;
  if (limit === null) return failure(400, "bad_limit", `limit is a whole number from 1 to ${mostTracks}`);
  const flags = config.ml_services?.feature_flags ?? {};
  const found = recommend(id, { limit, oneTrackPerArtist: flags.one_track_per_artist === true });
  if (!found) return failure(404, "unknown_track", `no such track; there are ${catalogue.length}`);
  return { status: 200, body: { track: id, recommendations: found.map(describe) } };
}

/** @type {(found: {track: import("./recommend.js").Track, score: number}) => Record<string, unknown>} */
function describe({ track: { id, title, artist }, score }) {
  return { id, title, artist, score };
}

/** Waits, or less when the caller has gone. @type {(ms: number, signal: AbortSignal) => Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
