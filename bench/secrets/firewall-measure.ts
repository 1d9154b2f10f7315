// Measures one contender and prints the figures as JSON; firewall.ts starts it.
import { Sensitive } from "../../packages/core/src/kernel/index.ts";
import { createFirewall } from "../../packages/core/src/secrets/firewall/index.ts";
import { formsOf } from "../../packages/core/src/secrets/firewall/forms.ts";
import { peakMegabytes } from "../config/measured.ts";
import { makeSecrets, makeText, type FirewallFigures } from "./firewall-workload.ts";

/** Filters a stream: takes chunks, and returns what may be shown. */
interface Contender {
  readonly patterns: number;
  /** Starts a stream. */
  start(): { write(chunk: Buffer): Buffer; end(): Buffer };
}

function load(name: string, secrets: readonly string[]): Contender {
  if (name === "lotse") {
    const firewall = createFirewall(
      secrets.map((secret, index) => ({ value: new Sensitive(secret), name: `s${index}` })),
    );
    return { patterns: firewall.patterns, start: () => firewall.filter() };
  }
  const patterns = name.endsWith("raw values only")
    ? secrets
    : secrets.flatMap((secret) => formsOf(secret).map((form) => form.toString("utf8")));
  return { patterns: patterns.length, start: () => stateless(replacerOf(name, patterns)) };
}

function replacerOf(name: string, patterns: readonly string[]): (text: string) => string {
  if (name.startsWith("replaceAll")) {
    return (text) => patterns.reduce((rest, pattern) => rest.replaceAll(pattern, "[redacted]"), text);
  }
  const expression = new RegExp(
    patterns.map((pattern) => pattern.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, "\\$&")).join("|"),
    "gu",
  );
  return (text) => text.replaceAll(expression, "[redacted]");
}

/** What most programs do: each chunk by itself. */
function stateless(replace: (text: string) => string): ReturnType<Contender["start"]> {
  return { write: (chunk) => Buffer.from(replace(chunk.toString("utf8"))), end: () => Buffer.alloc(0) };
}

/** Which forms of a secret come through, by trying each. */
function leaksOf(contender: Contender, secret: string): readonly string[] {
  const behind = (text: string, encoding: "base64" | "hex"): string => Buffer.from(text).toString(encoding);
  const samples: Readonly<Record<string, readonly string[]>> = {
    raw: [secret],
    base64: [behind(`a ${secret} b`, "base64")],
    "base64 twice": [behind(behind(`a ${secret} b`, "base64"), "base64")],
    hex: [behind(secret, "hex")],
    "over chunks": [secret.slice(0, 7), secret.slice(7)],
    "over lines": [`${secret.slice(0, 7)}\n${secret.slice(7)}`],
  };
  return Object.entries(samples).flatMap(([form, chunks]) => {
    const stream = contender.start();
    const output = Buffer.concat([...chunks.map((chunk) => stream.write(Buffer.from(chunk))), stream.end()]);
    return output.equals(Buffer.from(chunks.join(""))) ? [form] : [];
  });
}

function measure(name: string, text: string, count: number, megabytes: number): FirewallFigures {
  const secrets = makeSecrets(count);
  const input = makeText(text, Math.round(megabytes * 1e6), secrets);
  const before = performance.now();
  const contender = load(name, secrets);
  const loadMs = performance.now() - before;
  pass(contender, input.subarray(0, Math.min(input.length, 4e6)));
  const cpu = process.threadCpuUsage();
  const started = performance.now();
  pass(contender, input);
  const seconds = (performance.now() - started) / 1000;
  const used = process.threadCpuUsage(cpu);
  return {
    contender: name,
    text,
    secrets: count,
    patterns: contender.patterns,
    megabytesPerSecond: megabytes / seconds,
    megabytesPerCpuSecond: megabytes / ((used.user + used.system) / 1e6),
    loadMs,
    peakMegabytes: peakMegabytes(),
    leaks: leaksOf(contender, secrets[0] as string),
  };
}

/** Sends a text through in chunks as a pipe delivers them. */
function pass(contender: Contender, input: Buffer): number {
  const stream = contender.start();
  let length = 0;
  for (let from = 0; from < input.length; from += 65_536) {
    length += stream.write(input.subarray(from, from + 65_536)).length;
  }
  return length + stream.end().length;
}

const [name = "lotse", text = "log", count = "1000", megabytes = "64"] = process.argv.slice(2);
console.log(JSON.stringify(measure(name, text, Number(count), Number(megabytes))));
