import type { SecretReference, Snapshot } from "../config/index.ts";
import { digestOf, isLotseError, LotseError, type Where } from "../kernel/index.ts";
import { encode, encoders, opaqueText, type Rendering } from "../templates/index.ts";
import { formatPieces, type FilePiece, type SecretHole } from "./template-references.ts";
import { variablesFor } from "./template-values.ts";

/** Renders one template with the given variables; `yaml` looks for YAML's pitfalls. */
export type RenderWith = (variables: ReadonlyMap<string, unknown>) => Rendering;

/** A secret file with its secrets left out. */
export interface RenderedHoles {
  /** The text in the form of `formatPieces`; its lines are those of `map`. */
  readonly text: string;
  readonly map: Rendering["map"];
  readonly rendering: Rendering;
  /** What is going to be put in, in the order of the text. */
  readonly holes: readonly SecretHole[];
}

/**
 * Renders a secret file without its secrets: where one is written, its reference stands. That can be done for a
 * template that writes secrets out as they are, or through a filter of {@link encoders}; one that decides, compares or
 * cuts by what a secret says cannot be rendered before it is known.
 *
 * A secret is an object that can only be written out. What a filter makes of its text is found out by rendering
 * twice, with two texts that have nothing in common: outside the places of secrets, both have to come out the same.
 *
 * @throws LotseError `template.secret` with the place in the template; what `render` throws
 */
export function renderHoles(
  snapshot: Snapshot,
  workspace: string,
  render: RenderWith,
  label: (name: string) => string,
): RenderedHoles {
  const opaque = (textOf: TextOf): Rendering => renderOpaque(snapshot, workspace, render, label, textOf);
  const first = renderProbe(opaque, "first");
  const second = renderProbe(opaque, "second");
  const differing = firstDifference(first, second);
  if (differing !== undefined) throw computes(placeOf(first.rendering, differing, label));
  const pieces = first.placed.map(({ piece }) => piece);
  // Probes have lines of their own, so the lines are counted with the references in their places.
  const shown = opaque(String);
  return {
    text: formatPieces(pieces),
    map: shown.map,
    rendering: shown,
    holes: pieces.filter((piece) => typeof piece !== "string"),
  };
}

interface Probe {
  readonly rendering: Rendering;
  /** The text, with what stands for secrets taken out. */
  readonly placed: readonly PlacedPiece[];
}

interface PlacedPiece {
  readonly piece: FilePiece;
  /** Where it begins in the text of the rendering. */
  readonly start: number;
}

/** The text that stands for a secret. */
type TextOf = (reference: SecretReference) => string;

function renderProbe(opaque: (textOf: TextOf) => Rendering, salt: string): Probe {
  const known = new Map<string, { readonly text: string; readonly reference: SecretReference }>();
  const rendering = opaque((reference) => {
    const name = String(reference);
    const text = probeText(name, salt);
    known.set(text, { text, reference });
    return text;
  });
  return { rendering, placed: piecesOf(rendering.text, [...known.values()]) };
}

/** Renders with secrets that can be written out and nothing else. */
function renderOpaque(
  snapshot: Snapshot,
  workspace: string,
  render: RenderWith,
  label: (name: string) => string,
  textOf: TextOf,
): Rendering {
  let used = false;
  const variables = variablesFor(snapshot, workspace, (reference) =>
    opaqueText(
      () => textOf(reference),
      () => {
        used = true;
      },
    ),
  );
  let rendering: Rendering;
  try {
    rendering = render(variables);
  } catch (error) {
    if (used) throw computes(isLotseError(error) ? error.where : undefined);
    throw error;
  }
  // Something in the template may have caught the failure, so that the text is made of something else.
  const [origin] = rendering.map;
  if (used) throw computes(origin && { file: label(origin.template) });
  return rendering;
}

/**
 * A text that no filter leaves as it is but those that leave every text as it is: quotes, a backslash, a line break,
 * what HTML and URLs escape, a control character, on which
 * YAML and JSON differ, letters of both cases. Of two salts the texts differ in length and in each part.
 */
function probeText(name: string, salt: string): string {
  const digest = digestOf(`${salt} ${name}`);
  const part = salt === "first" ? 24 : 31;
  return `${salt}${digest.slice(0, part)}"\\<&% \n'\u007fÄ${digest.slice(-part)}Z`;
}

function piecesOf(
  text: string,
  probes: readonly { readonly text: string; readonly reference: SecretReference }[],
): readonly PlacedPiece[] {
  const images = new Map<string, SecretHole>();
  for (const probe of probes) {
    images.set(probe.text, { reference: probe.reference });
    for (const encoder of encoders)
      images.set(encode(encoder, probe.text), { reference: probe.reference, encoder });
  }
  if (images.size === 0) return [{ piece: text, start: 0 }];
  const pattern = new RegExp([...images.keys()].map((image) => escapePattern(image)).join("|"), "gu");
  const pieces: PlacedPiece[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    pieces.push({ piece: text.slice(at, match.index), start: at });
    pieces.push({ piece: images.get(match[0]) as SecretHole, start: match.index });
    at = match.index + match[0].length;
  }
  return [...pieces, { piece: text.slice(at), start: at }];
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}

/** The offset in the first rendering at which the second says something else; `undefined` where they are the same. */
function firstDifference(first: Probe, second: Probe): number | undefined {
  for (const [index, { piece: left, start }] of first.placed.entries()) {
    const right = second.placed[index]?.piece;
    if (typeof left !== "string") {
      const same =
        right !== undefined &&
        typeof right !== "string" &&
        String(right.reference) === String(left.reference) &&
        right.encoder === left.encoder;
      if (!same) return start;
    } else if (left !== right) {
      const other = typeof right === "string" ? right : "";
      let at = 0;
      while (at < left.length && left[at] === other[at]) at += 1;
      return start + at;
    }
  }
  return undefined;
}

/** Where in the template the text at an offset was written. */
function placeOf(
  { text, map }: Rendering,
  offset: number,
  label: (name: string) => string,
): Where | undefined {
  const line = text.slice(0, offset).split("\n").length;
  const origin = map[line - 1] ?? map.at(-1);
  return origin && { file: label(origin.template), line: origin.templateLine };
}

function computes(where: Where | undefined): LotseError {
  return new LotseError({
    code: "template.secret",
    message: "the template computes with a secret, whose content is not known when the file is rendered",
    hint: `write secrets as they are or through one of ${encoders.join(", ")} (with \`string |\` in front where that is needed); decide by the configuration instead`,
    where,
  });
}
