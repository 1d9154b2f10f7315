import { request } from "node:http";
import { request as secureRequest } from "node:https";

/** How an address answered plain HTTP, and what its HTTPS side sends. */
export interface HttpAnswer {
  readonly address: string;
  readonly redirectsToHttps: boolean;
  /** `max-age` of Strict-Transport-Security; `undefined` where the header is missing. */
  readonly hstsMaxAgeSeconds: number | undefined;
}

interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Asks an `http://` address, and follows its redirect to HTTPS once.
 *
 * @param timeoutMs - for each request. @defaultValue 5000
 * @returns `undefined` where nothing answers
 * @see https://www.rfc-editor.org/rfc/rfc6797
 */
export async function probeHttp(address: string, timeoutMs = 5000): Promise<HttpAnswer | undefined> {
  const first = await head(address, timeoutMs);
  if (first === undefined) return undefined;
  const { location } = first.headers;
  const target =
    typeof location === "string" && URL.canParse(location, address) ? new URL(location, address) : undefined;
  const redirects = first.status >= 300 && first.status < 400 && target?.protocol === "https:";
  // A header that comes over plain HTTP means nothing (RFC 6797, section 8.1).
  const second = redirects && target !== undefined ? await head(target.href, timeoutMs) : undefined;
  const header = second?.headers["strict-transport-security"];
  const age =
    typeof header === "string" ? /(?:^|;)\s*max-age\s*=\s*"?(\d+)"?/iu.exec(header)?.[1] : undefined;
  return {
    address,
    redirectsToHttps: redirects,
    hstsMaxAgeSeconds: age === undefined ? undefined : Number(age),
  };
}

function head(address: string, timeoutMs: number): Promise<Head | undefined> {
  return new Promise((resolve) => {
    const ask = address.startsWith("https:") ? secureRequest : request;
    const asked = ask(
      address,
      { method: "HEAD", timeout: timeoutMs, agent: false, rejectUnauthorized: false },
      (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, headers: response.headers });
      },
    );
    asked.once("timeout", () => asked.destroy());
    asked.once("error", () => resolve(undefined));
    asked.end();
  });
}
