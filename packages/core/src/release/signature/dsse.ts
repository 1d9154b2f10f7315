import { z } from "zod";
import { canonicalJson } from "../../kernel/index.ts";

const base64 = z.string().max(4 * 1024 * 1024);

const envelopeSchema = z.strictObject({
  payloadType: z.string().max(256),
  payload: base64,
  signatures: z
    .array(z.strictObject({ keyid: z.string().max(256), sig: base64 }))
    .min(1)
    .max(16),
});

/**
 * A signed message in the form of DSSE, the Dead Simple Signing Envelope.
 *
 * @see https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
 */
export type Envelope = z.infer<typeof envelopeSchema>;

/**
 * What is signed: the type and the body, each with its length in front, so that no two pairs give the same bytes.
 *
 * @see https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
 */
export function preAuthenticationEncoding(payloadType: string, body: string): string {
  const length = (text: string): number => Buffer.byteLength(text, "utf8");
  return `DSSEv1 ${length(payloadType)} ${payloadType} ${length(body)} ${body}`;
}

/** Writes an envelope as it is stored: canonical JSON, so that it has one form only. */
export function printEnvelope(envelope: Envelope): string {
  return canonicalJson(envelope);
}

/**
 * Reads an envelope.
 *
 * @returns null for anything but the one form in which {@link printEnvelope} writes it
 */
export function parseEnvelope(text: string): Envelope | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = envelopeSchema.safeParse(value);
  return parsed.success && printEnvelope(parsed.data) === text ? parsed.data : null;
}
