import { LotseError } from "@lotse/core/kernel";
import { rolloutRequestSchema, type RolloutRequest } from "@lotse/core/release";
import { z } from "zod";

/** What callers write of a {@link RolloutRequest}; what has a default may be left out. */
export type RolloutRequestInput = z.input<typeof rolloutRequestSchema>;

/** The largest request in bytes of JSON; a strategy is a part of it. */
const maxRequestBytes = 1_000_000;

/** How a NUL, or half of a pair of surrogates, is written in JSON; PostgreSQL stores neither. */
const notStored = /(?:^|[^\\])(?:\\\\)*\\u(?:0000|d[89a-f])/u;

/**
 * Checks a request that comes from outside.
 *
 * @throws LotseError `usage.argument` naming what is wrong
 */
export function parseRequest(input: RolloutRequestInput): RolloutRequest {
  const parsed = rolloutRequestSchema.safeParse(input);
  if (!parsed.success) throw unusable(z.prettifyError(parsed.error).slice(0, 500), parsed.error);
  const text = JSON.stringify(parsed.data);
  if (notStored.test(text)) throw unusable("it has a NUL, or half a character, in a text");
  const bytes = Buffer.byteLength(text);
  if (bytes > maxRequestBytes) throw unusable(`it has ${bytes} bytes, more than ${maxRequestBytes}`);
  return parsed.data;
}

function unusable(why: string, cause?: unknown): LotseError {
  return new LotseError({
    code: "usage.argument",
    message: `the request is not usable: ${why}`,
    hint: "name an environment, a release, a strategy and each tenant once",
    cause,
  });
}
