import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";

/**
 * Header fields that concern one connection only and are never passed on.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
 */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

function named(message: IncomingMessage): ReadonlySet<string> {
  const value = message.headers.connection ?? "";
  return new Set(value.split(",").map((token) => token.trim().toLowerCase()));
}

/** The header fields of a message that may be passed on, as name and value pairs in their order. */
export function endToEndHeaders(message: IncomingMessage): readonly (readonly [string, string])[] {
  const dropped = named(message);
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index] ?? "";
    const key = name.toLowerCase();
    if (!hopByHop.has(key) && !dropped.has(key)) pairs.push([name, message.rawHeaders[index + 1] ?? ""]);
  }
  return pairs;
}

/** Whether a request brings a body. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  return request.headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

/**
 * The header fields for the request to the process. The client's address is added to `x-forwarded-for`;
 * `x-forwarded-proto` and `-host` of a proxy before this one are kept, for this one listens on 127.0.0.1
 * only. `Expect` is answered here and not passed on.
 */
export function upstreamHeaders(request: IncomingMessage): OutgoingHttpHeaders {
  const headers = new Map<string, string[]>();
  for (const [name, value] of endToEndHeaders(request)) {
    const key = name.toLowerCase();
    const values = headers.get(key);
    if (values === undefined) headers.set(key, [value]);
    else values.push(value);
  }
  headers.delete("expect");
  const forwarded = [...(headers.get("x-forwarded-for") ?? []), request.socket.remoteAddress ?? "unknown"];
  headers.set("x-forwarded-for", [forwarded.join(", ")]);
  const host = request.headers.host;
  if (!headers.has("x-forwarded-proto")) headers.set("x-forwarded-proto", ["http"]);
  if (!headers.has("x-forwarded-host") && host !== undefined) headers.set("x-forwarded-host", [host]);
  if (hasBody(request) && !headers.has("content-length")) headers.set("transfer-encoding", ["chunked"]);
  const plain: OutgoingHttpHeaders = Object.create(null) as OutgoingHttpHeaders;
  for (const [key, values] of headers) plain[key] = values.length === 1 ? values[0] : values;
  return plain;
}
