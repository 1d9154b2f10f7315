import { createHash, randomInt } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Colour } from "../../names.ts";
import type { Sticky, Weights } from "../../step.ts";
import { soleColour } from "../../weights.ts";

/** The cookie by which a client keeps its colour. It holds a number from 0 to 99 and so tells nobody apart. */
export const shareCookie = "lotse-share";

/** Into so many parts the clients are divided; one for each percent. */
const parts = 100;

/** Steps through all parts before one comes again, because it has no divisor in common with their number. */
const stride = 37;

/** How requests are shared out; kept on disk. */
export interface Shares {
  readonly weights: Weights;
  readonly sticky: Sticky;
  /** Turns the parts, so that it is not always the same clients who are first; from 0 to 99. */
  readonly turn: number;
}

/** All requests to one colour, or none to any. */
export function sharesOf(weights: Weights, sticky: Sticky = "none", before?: Shares): Shares {
  const isOn = before !== undefined && soleColour(before.weights) === null && soleColour(weights) === null;
  return { weights, sticky, turn: isOn ? before.turn : randomInt(parts) };
}

/**
 * Chooses the colour of each request by the shares, exactly: of a hundred requests or new clients in a row, as many
 * go to a colour as it has percent. A client that is known again is in the part it was in before, and the parts of
 * green grow from one end, so that raising a weight takes nobody back.
 */
export class ShareOut {
  #next = 0;

  /** The colour, and the cookie for a client that has none yet; null when nobody gets requests. */
  pick(
    { weights, sticky, turn }: Shares,
    headers: IncomingHttpHeaders,
  ): { readonly colour: Colour; readonly setCookie?: string } | null {
    if (weights.blue + weights.green === 0) return null;
    const sole = soleColour(weights);
    if (sole !== null) return { colour: sole };
    const known = sticky === "session" ? partOfCookie(headers.cookie) : partOfHeader(sticky, headers);
    const part = known ?? this.#fresh();
    const colour = (part + turn) % parts < weights.green ? "green" : "blue";
    if (known !== null || sticky !== "session") return { colour };
    return { colour, setCookie: `${shareCookie}=${part}; Path=/; HttpOnly; SameSite=Lax` };
  }

  #fresh(): number {
    this.#next = (this.#next + stride) % parts;
    return this.#next;
  }
}

function partOfCookie(cookies: string | undefined): number | null {
  const found = /(?:^|;\s*)lotse-share=(\d{1,2})(?:;|$)/u.exec(cookies ?? "")?.[1];
  return found === undefined ? null : Number(found);
}

function partOfHeader(sticky: Sticky, headers: IncomingHttpHeaders): number | null {
  if (typeof sticky === "string") return null;
  const value = headers[sticky.header.toLowerCase()];
  if (value === undefined) return null;
  return createHash("sha256").update(String(value)).digest().readUInt32BE(0) % parts;
}
