import { z } from "zod";
import { LotseError } from "../../../kernel/index.ts";
import { colours, colourSchema, type Colour } from "../../names.ts";
import { weightsSchema, type Weights } from "../../step.ts";
import type { ColourState } from "../../target.ts";
import { hostSpecSchema } from "./spec.ts";

/** What Lotse wrote beside a slot on a host; nothing secret. */
const slotMetaSchema = z.strictObject({
  release: z.string().max(128),
  version: z.string().max(256),
  /** The directory below `releases/`. */
  directory: z.string().max(128),
  /** Of what it was put there by: who repeats that has nothing more to do. */
  key: z.string().max(128),
  spec: hostSpecSchema,
});

/** The type of {@link slotMetaSchema}. */
export type SlotMeta = z.infer<typeof slotMetaSchema>;

/** A slot as a host tells about it. */
export interface SlotState {
  readonly meta: SlotMeta;
  readonly started: boolean;
  /** What systemd says of its unit. */
  readonly unit: Readonly<Record<string, string>>;
}

/** What a host says about a tenant. */
export interface HostState {
  readonly slots: Readonly<Partial<Record<Colour, SlotState>>>;
  readonly ports: Readonly<Record<Colour, number>> | null;
  /** The shares that it was told last; null where it was told none, or its file is damaged. */
  readonly weights: Weights | null;
  /** Directories of releases that are whole. */
  readonly releases: readonly string[];
}

interface Draft {
  meta?: SlotMeta;
  started: boolean;
  unit: Record<string, string>;
}

/**
 * Reads what `state` answers.
 *
 * @param host - its name, for messages
 * @throws LotseError `target.host` when it is cut off or cannot be read
 */
export function parseHostState(host: string, output: string): HostState {
  const drafts: Record<Colour, Draft> = {
    blue: { started: false, unit: {} },
    green: { started: false, unit: {} },
  };
  let ports: HostState["ports"] = null;
  let weights: Weights | null = null;
  const releases: string[] = [];
  const lines = output.split("\n");
  if (!lines.includes("end")) throw unreadable(host, "its answer was cut off");
  for (const line of lines) {
    const [kind, rest] = cut(line);
    if (kind === "weights") weights = parseWeights(rest);
    else if (kind === "ports") ports = parsePorts(rest);
    else if (kind === "release") releases.push(rest);
    else if (kind === "meta" || kind === "started" || kind === "unit") {
      const [colour, told] = cut(rest);
      addTo(drafts[colourSchema.parse(colour)], kind, told, host);
    }
  }
  const slots: Partial<Record<Colour, SlotState>> = {};
  for (const colour of colours) {
    const { meta, ...rest } = drafts[colour];
    if (meta !== undefined) slots[colour] = { meta, ...rest };
  }
  return { slots, ports, weights, releases };
}

function addTo(draft: Draft, kind: "meta" | "started" | "unit", told: string, host: string): void {
  if (kind === "meta") draft.meta = parseMeta(host, told);
  else if (kind === "started") draft.started = true;
  else {
    const [name, value] = cut(told, "=");
    draft.unit[name] = value;
  }
}

/** What is before and after the first of a mark; all of it is before where there is none. */
function cut(text: string, mark = " "): readonly [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function parseWeights(text: string): Weights | null {
  const [blue, green] = text.split(" ").map(Number);
  const parsed = weightsSchema.safeParse({ blue, green });
  return parsed.success ? parsed.data : null;
}

function parsePorts(text: string): Readonly<Record<Colour, number>> | null {
  const [blue = 0, green = 0] = text.split(" ").map(Number);
  return blue > 0 && green > 0 ? { blue, green } : null;
}

/** What all hosts of a tenant tell again and again, by its text; the oldest goes first. */
const knownMeta = new Map<string, SlotMeta>();
const maxKnown = 64;

function parseMeta(host: string, text: string): SlotMeta {
  const known = knownMeta.get(text);
  if (known !== undefined) return known;
  try {
    const meta = slotMetaSchema.parse(JSON.parse(text));
    const [oldest] = knownMeta.keys();
    if (knownMeta.size >= maxKnown && oldest !== undefined) knownMeta.delete(oldest);
    knownMeta.set(text, meta);
    return meta;
  } catch (error) {
    throw unreadable(host, "what it tells of a slot cannot be read", error);
  }
}

function unreadable(host: string, message: string, cause?: unknown): LotseError {
  return new LotseError({ code: "target.host", message: `${host}: ${message}`, cause });
}

/** How a slot's unit stands, in the words of the port. */
export function stateOf({ started, unit }: SlotState): ColourState["state"] {
  switch (unit["ActiveState"]) {
    case "active":
    case "reloading":
    case "deactivating":
      return "running";
    case "activating":
      return unit["SubState"] === "auto-restart" ? "backing-off" : "running";
    case "failed":
      return "exited";
    case "inactive":
      return started ? "stopped" : "prepared";
    default:
      return "unknown";
  }
}

/** How a service came to its end, in a few words; null while it runs. */
export function goneOf(slot: SlotState): string | null {
  const state = stateOf(slot);
  if (state === "running") return null;
  const { Result: result = "unknown", ExecMainStatus: status = "?" } = slot.unit;
  if (state === "backing-off" || state === "exited") {
    return result === "exit-code"
      ? `it ended with status ${status}`
      : `it ended: ${result}, status ${status}`;
  }
  return state === "prepared" ? "it was not started" : "it was stopped";
}
