import type { SiemEvent, SiemSeverity } from "./event.ts";

const severities: Readonly<Record<SiemSeverity, number>> = {
  critical: 10,
  high: 8,
  medium: 5,
  low: 3,
  info: 1,
};

/**
 * Writes an event in ArcSight's Common Event Format, version 0: one line, without the line break.
 *
 * @param version - the version of Lotse
 * @see https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors-8.4/cef-implementation-standard/
 */
export function formatCef(event: SiemEvent, version: string): string {
  const header = [
    "CEF:0",
    "Lotse",
    "Lotse",
    escapeHeader(version),
    escapeHeader(event.kind === "audit" ? event.action : event.check),
    escapeHeader(event.message.slice(0, 512)),
    String(severities[event.severity]),
  ].join("|");
  const pairs = extension(event)
    .filter((pair): pair is readonly [string, string | number] => pair[1] !== null && pair[1] !== "")
    .map(([key, value]) => `${key}=${escapeValue(String(value))}`);
  return `${header}|${pairs.join(" ")}`;
}

type Pair = readonly [key: string, value: string | number | null];

function extension(event: SiemEvent): readonly Pair[] {
  const common: readonly Pair[] = [
    ["rt", Date.parse(event.time)],
    ["externalId", event.id],
    ["act", event.action],
    ["outcome", event.outcome],
    ...labelled("cs1", "environment", event.environment),
    ...labelled("cs2", "tenant", event.tenant),
  ];
  if (event.kind === "audit") {
    return [
      ...common,
      ["suser", event.actor.id],
      ...labelled("cs3", "actorKind", event.actor.kind),
      ...labelled("cs4", "object", event.object),
      ...labelled("cs5", "request", event.request),
      ...labelled("cn1", "logIndex", event.index),
    ];
  }
  const [first] = event.evidence;
  return [
    ...common,
    ...labelled("cs3", "requirements", event.requirements.join(", ")),
    ...labelled("cs4", "configurationPath", first?.path ?? null),
    ...labelled("cs5", "remedy", event.remedy),
    ...labelled("cn1", "line", first?.line ?? null),
    ["filePath", first?.file ?? null],
  ];
}

function labelled(key: string, label: string, value: string | number | null): readonly Pair[] {
  return value === null || value === ""
    ? []
    : [
        [key, value],
        [`${key}Label`, label],
      ];
}

/** In the header, bars and backslashes are escaped, and there are no line breaks. */
function escapeHeader(text: string): string {
  return clean(text)
    .replaceAll(/\s+/gu, " ")
    .replaceAll(/[\\|]/gu, String.raw`\$&`);
}

/** In the extension, equals signs and backslashes are escaped, and line breaks are written as `\n`. */
function escapeValue(text: string): string {
  return clean(text)
    .replaceAll(/[\\=]/gu, String.raw`\$&`)
    .replaceAll(/\r\n|\r|\n/gu, String.raw`\n`);
}

function clean(text: string): string {
  return text.toWellFormed().replaceAll(/(?![\t\n\r])\p{Cc}/gu, " ");
}
