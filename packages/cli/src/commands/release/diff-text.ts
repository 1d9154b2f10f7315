import { stripVTControlCharacters } from "node:util";
import { isSameRelease, type ReleaseDiff } from "@lotse/core/app";
import type { Context } from "../../context.ts";

type Colours = Context["stdoutColours"];

/** How many tenants a line names. */
const maxScopes = 3;

/** What differs between two releases, in lines for people. */
export function diffText(diff: ReleaseDiff, colours: Colours): string {
  const { from, to } = diff;
  const head = `${from.version} ${from.id.slice(0, 12)} → ${to.version} ${to.id.slice(0, 12)}\n`;
  if (isSameRelease(diff)) return `${head}no difference\n`;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["code", codeLines(diff, colours)],
    ["tenants", tenantLines(diff, colours)],
    ["configuration", diff.configuration.map((change) => valueLine(change) + of(change.scopes))],
    ["secrets", diff.secrets.map((change) => secretLine(change) + of(change.scopes))],
    ["rendered files", diff.rendered.flatMap((change) => renderedLines(change, colours))],
    ["target", diff.target.map(valueLine)],
    [
      "policy",
      diff.policy.map(({ check, before, after, scopes }) => `${check}: ${before} → ${after}${of(scopes)}`),
    ],
    ["migrations", migrationLines(diff, colours)],
  ];
  return (
    head +
    sections
      .filter(([, lines]) => lines.length > 0)
      .map(([title, lines]) => `${colours.bold(title)}\n${lines.map((line) => `  ${line}\n`).join("")}`)
      .join("")
  );
}

const signs = { added: "+", removed: "-", changed: "~", "re-encrypted": "~" } as const;

function codeLines({ code }: ReleaseDiff, colours: Colours): readonly string[] {
  const single = [code.commit, code.image, code.artefact].flatMap((one) =>
    one === null ? [] : [valueLine(one)],
  );
  const files = code.files.map(({ path, kind, sizeBefore, sizeAfter }) => {
    const size = [sizeBefore, sizeAfter].filter((each) => each !== null).join(" → ");
    return `${signed(kind, colours)} ${path}${size === "" ? "" : ` (${size} bytes)`}`;
  });
  return [...single, ...files];
}

function tenantLines({ tenants }: ReleaseDiff, colours: Colours): readonly string[] {
  return [
    ...tenants.added.map((name) => `${signed("added", colours)} ${name}`),
    ...tenants.removed.map((name) => `${signed("removed", colours)} ${name}`),
  ];
}

function valueLine(change: ReleaseDiff["target"][number]): string {
  const { path, kind, before, after } = change;
  if (kind === "added") return `${path}: ${shown(after)} (new)`;
  return kind === "removed"
    ? `${path}: ${shown(before)} (gone)`
    : `${path}: ${shown(before)} → ${shown(after)}`;
}

function secretLine({ name, kind, before, after }: ReleaseDiff["secrets"][number]): string {
  if (kind === "re-encrypted") return `${name}: version ${after?.version ?? ""}, encrypted anew`;
  if (before === null) return `${name}: version ${after?.version ?? ""} (new)`;
  if (after === null) return `${name}: version ${before.version} (gone)`;
  const moved = before.file === after.file ? "" : `, ${before.file} → ${after.file}`;
  return `${name}: version ${before.version} → ${after.version}${moved}`;
}

function renderedLines(
  { path, kind, diff, scopes }: ReleaseDiff["rendered"][number],
  colours: Colours,
): readonly string[] {
  const coloured = diff.map((line) => {
    const safe = stripVTControlCharacters(line);
    if (safe.startsWith("+")) return colours.green(safe);
    return safe.startsWith("-") ? colours.red(safe) : safe;
  });
  return [`${signed(kind, colours)} ${path}${of(scopes)}`, ...coloured.map((line) => `  ${line}`)];
}

function migrationLines({ migrations }: ReleaseDiff, colours: Colours): readonly string[] {
  const line = (kind: "added" | "removed") =>
    migrations[kind].map(
      ({ path, reversible }) => `${signed(kind, colours)} ${path}${reversible ? "" : " (irreversible)"}`,
    );
  const changed = migrations.changed.map((path) => `${signed("changed", colours)} ${path}`);
  const back = migrations.irreversible.length === 0 ? [] : ["no automatic way back between the two"];
  return [...line("added"), ...line("removed"), ...changed, ...back];
}

function signed(kind: keyof typeof signs, colours: Colours): string {
  const sign = signs[kind];
  return sign === "+" ? colours.green(sign) : sign === "-" ? colours.red(sign) : colours.yellow(sign);
}

/** For whom, where it is not for nobody in particular. */
function of(scopes: readonly string[]): string {
  const rest = scopes.length - maxScopes;
  return ` in ${scopes.slice(0, maxScopes).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** A value as JSON, on one line and not endless. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "null";
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
