import { Transform } from "node:stream";
import type { Sensitive } from "../../kernel/index.ts";
import type { Automaton } from "./automaton.ts";
import { buildAutomaton } from "./build.ts";
import { createFilter, type FilterPlan, type FirewallFilter } from "./filter.ts";
import { formsOf } from "./forms.ts";
import { LineBreaks } from "./line-breaks.ts";
import { markersFor } from "./marker.ts";
import { Scanner } from "./scanner.ts";

/** A value that must not show up in any output. */
export interface FirewallSecret {
  readonly value: Sensitive<string>;
  /** What may be shown instead, such as `spotify.api_key`: letters, digits and `_ . / : @ -`. */
  readonly name?: string;
}

/** Keeps secrets out of output; made once, and used for any number of streams. */
export interface Firewall {
  /** A filter for one stream of bytes. Streams must not share one. */
  filter(): FirewallFilter;
  /** The same as a stream to pipe through. */
  transform(): Transform;
  /** Redacts a text that is complete. A text without secrets comes back as it is. */
  redact(text: string): string;
  /** How many byte strings are looked for. */
  readonly patterns: number;
}

/**
 * Makes a firewall that replaces secrets by `[redacted:NAME]`.
 *
 * It finds each value raw, in base64 at all three offsets and with both alphabets, in base64 of base64, in
 * hexadecimal, percent-encoded, and with the escapes of JSON, shells and markup; also where line breaks stand
 * within it, and where it is cut into several chunks. Of a value of several lines, each line of 8 bytes or
 * more counts. An encoded form is looked for from 4 bytes on; a raw value whatever its length, so a value of
 * one letter takes that letter out of everything.
 *
 * It does not find a value that is encoded in another way, such as compressed, encrypted, reversed, or cut by
 * something other than line breaks; nor part of a value.
 *
 * Memory: about six bytes for each byte of all forms, some 20 kB for a value of 32 characters, shared by all
 * streams; so the values are in memory for as long as the firewall is. Each stream holds back at most the longest form and the line breaks within it.
 */
export function createFirewall(secrets: readonly FirewallSecret[]): Firewall {
  const plan = planFilter(secrets);
  return {
    filter: () => createFilter(plan),
    transform: () => transformOf(createFilter(plan)),
    redact: (text) => redact(plan, text),
    patterns: plan.markers.length,
  };
}

function planFilter(secrets: readonly FirewallSecret[]): FilterPlan {
  const found = new Map<string, { readonly bytes: Buffer; readonly secret: number }>();
  for (const [secret, { value }] of secrets.entries()) {
    for (const bytes of formsOf(value.reveal())) {
      const key = bytes.toString("latin1");
      if (!found.has(key)) found.set(key, { bytes, secret });
    }
  }
  const patterns = [...found.values()];
  if (patterns.length === 0) return { automaton: null, markers: [] };
  const automaton = buildAutomaton(patterns.map(({ bytes }) => bytes));
  const markers = markersFor(
    secrets.map(({ name }) => name),
    (text) => matchesNothing(automaton, text),
  );
  return { automaton, markers: patterns.map(({ secret }) => markers[secret] as Buffer) };
}

function matchesNothing(automaton: Automaton, text: string): boolean {
  let matches = 0;
  new Scanner(automaton, new LineBreaks(), () => matches++).read(Buffer.from(text));
  return matches === 0;
}

function transformOf(filter: FirewallFilter): Transform {
  return new Transform({
    transform(chunk: Uint8Array | string, encoding, done) {
      const output = filter.write(typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
      done(null, output);
    },
    flush(done) {
      done(null, filter.end());
    },
  });
}

function redact(plan: FilterPlan, text: string): string {
  const filter = createFilter(plan);
  const input = Buffer.from(text, "utf8");
  const output = Buffer.concat([filter.write(input), filter.end()]);
  // Text that is no valid UTF-16 does not survive being written as bytes.
  return output.equals(input) ? text : output.toString("utf8");
}
