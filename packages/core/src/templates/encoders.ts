import { Environment } from "@lotse/jinja";

/** Filters that a secret may go through on its way into a file: each depends on nothing but the text. */
export const encoders = ["quote", "b64encode", "urlencode", "e"] as const;

/** See {@link encoders}. */
export type Encoder = (typeof encoders)[number];

/** A text as the filter of a template writes it. */
export function encode(encoder: Encoder, text: string): string {
  return new Environment().fromString(`{{ text | ${encoder} }}`).render({ text });
}
