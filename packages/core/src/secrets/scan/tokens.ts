import { z } from "zod";

const headerSchema = z.looseObject({ alg: z.string().min(1).max(32) });

/**
 * Whether a text is a JSON Web Token: its header is JSON that names an algorithm, and its payload is JSON.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7519
 */
export function isJwt(text: string): boolean {
  const [header = "", payload = ""] = text.split(".");
  return headerSchema.safeParse(jsonOf(header)).success && jsonOf(payload) !== undefined;
}

function jsonOf(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

/** The signature of the token that jwt.io shows to everybody. */
export const publicJwtSignature = "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
