import { formatCef } from "./cef.ts";
import { formatJsonLine, type SiemEvent, type SiemSeverity } from "./event.ts";

/** How syslog messages are written. */
export interface SyslogOptions {
  /** The version of Lotse. */
  readonly version: string;
  /** The name of this machine; `-` where it is not told. @defaultValue "-" */
  readonly hostname?: string | undefined;
  /** What the message holds. @defaultValue "json" */
  readonly body?: "json" | "cef" | undefined;
  /**
   * The private enterprise number of the structured data's name.
   *
   * @defaultValue 32473, which RFC 5612 reserves for examples: Lotse has none of its own
   */
  readonly enterprise?: number | undefined;
}

// 13 is "log audit"; see the table of facilities in RFC 5424, section 6.2.1.
const facility = 13;
const severities: Readonly<Record<SiemSeverity, number>> = {
  critical: 2,
  high: 3,
  medium: 4,
  low: 5,
  info: 6,
};

/**
 * Writes an event as a syslog message.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5424#section-6
 */
export function formatSyslog(event: SiemEvent, options: SyslogOptions): string {
  const { hostname = "-", body = "json", enterprise = 32_473, version } = options;
  const header = [
    `<${facility * 8 + severities[event.severity]}>1`,
    new Date(event.time).toISOString(),
    word(hostname, 255),
    "lotse",
    "-",
    word(event.kind === "audit" ? event.action : "policy.finding", 32),
  ].join(" ");
  const parameters = Object.entries({
    id: event.id,
    severity: event.severity,
    outcome: event.outcome,
    environment: event.environment,
    tenant: event.tenant,
    check: event.kind === "policy" ? event.check : null,
    actor: event.kind === "audit" ? event.actor.id : null,
  })
    .filter((pair): pair is [string, string] => pair[1] !== null)
    .map(([name, value]) => ` ${name}="${escapeParameter(value)}"`);
  const text = body === "cef" ? formatCef(event, version) : formatJsonLine(event);
  // The byte order mark says that the message is UTF-8.
  return `${header} [lotse@${enterprise}${parameters.join("")}] \uFEFF${text}`;
}

/** Printable ASCII without spaces, or `-` for nothing. */
function word(text: string, most: number): string {
  return text.replaceAll(/[^\u0021-\u007E]/gu, "_").slice(0, most) || "-";
}

function escapeParameter(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, " ")
    .replaceAll(/["\\\]]/gu, String.raw`\$&`);
}
