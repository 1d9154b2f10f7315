import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { Option, type Command } from "commander";
import {
  formatCef,
  formatJsonLine,
  formatSyslog,
  policyCheck,
  sendSyslogTls,
  toSiemEvents,
  type LoggedEvent,
  type Session,
  type SiemEvent,
  type SyslogTarget,
} from "@lotse/core/app";
import { LotseError, Sensitive } from "@lotse/core/kernel";
import type { Context } from "../../context.ts";
import { sessionOf } from "../../options.ts";
import { leaf } from "../leaf.ts";
import { judgingOf, withJudging, type JudgeOptions } from "./options.ts";

const forms = ["jsonl", "cef", "syslog"] as const;

interface ExportOptions extends JudgeOptions {
  readonly format: (typeof forms)[number];
  readonly audit?: boolean;
  readonly since?: string;
  readonly send?: string;
  readonly ca?: string;
  readonly serverName?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly body: "json" | "cef";
}

/** `lotse policy export [ENV]` */
export function addExport(parent: Command, context: Context, version: string): void {
  withJudging(leaf(parent, "export", "hand findings and audit entries to a SIEM"))
    .addOption(new Option("--format <format>", "the form of a line").choices([...forms]).default("jsonl"))
    .option("--audit", "the entries of the audit log as well")
    .option("--since <time>", "of the audit log, only what is not before this moment")
    .option("--send <host:port>", "send as syslog over TLS instead of printing")
    .option("--ca <file>", "certificates in PEM that sign the collector's")
    .option("--certificate <file>", "a certificate in PEM that proves who sends, for a collector that asks")
    .option("--key <file>", "the key in PEM of that certificate")
    .option("--server-name <name>", "the name in the collector's certificate, where it is not the host")
    .addOption(
      new Option("--body <body>", "what a syslog message holds").choices(["json", "cef"]).default("json"),
    )
    .addHelpText(
      "after",
      `
Examples:
  lotse policy export --audit --since 2026-11-01 > events.jsonl
  lotse policy export prod --format cef
  lotse policy export --audit --send siem.example.com:6514 --ca collector.pem`,
    )
    .action(async (environment: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ExportOptions>();
      const session = sessionOf(context, options);
      const { results, summary } = await policyCheck(session, judgingOf(environment, options));
      const audit = options.audit === true ? await entriesOf(session, options) : [];
      const events = toSiemEvents({ audit, results, at: summary.at });
      const syslog = { version, hostname: hostname(), body: options.body };
      if (options.send !== undefined) {
        const messages = events.map((event) => formatSyslog(event, syslog));
        const sent = await sendSyslogTls(await targetOf(context, options.send, options), messages);
        context.err(`sent ${sent} events to ${options.send}\n`);
        return;
      }
      const line = (event: SiemEvent): string => {
        if (options.format === "jsonl") return formatJsonLine(event);
        return options.format === "cef" ? formatCef(event, version) : formatSyslog(event, syslog);
      };
      for (const event of events) context.out(`${line(event)}\n`);
    });
}

async function entriesOf(session: Session, { since }: ExportOptions): Promise<readonly LoggedEvent[]> {
  const from = since === undefined ? undefined : momentOf(since);
  const log = await session.log.open();
  const found: LoggedEvent[] = [];
  for await (const entry of log.list({ first: "oldest", since: from })) {
    const { time, action, object, outcome, request, scope, version, correlation, actor } = entry;
    // What retention has dropped has nothing left to tell.
    if (time === null || action === null || outcome === null) continue;
    found.push({
      index: entry.index,
      time,
      event: {
        actor: { kind: actor.kind ?? "user", id: actor.id },
        ...(scope === null ? {} : { scope }),
        action,
        object: object ?? "",
        ...(version === null ? {} : { version }),
        request: request ?? "",
        ...(correlation === null ? {} : { correlation }),
        outcome,
        details: entry.details,
      },
    });
  }
  return found;
}

function momentOf(text: string): Date {
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return new Date(time);
  throw new LotseError({
    code: "usage.argument",
    message: `--since ${text.slice(0, 40)} is no moment`,
    hint: "write 2026-11-01 or 2026-11-01T08:00:00Z",
  });
}

/** @throws LotseError `usage.argument` for an address that is none, `file.not-readable` for the certificates */
async function targetOf(
  context: Context,
  address: string,
  { ca, serverName, certificate, key }: ExportOptions,
): Promise<SyslogTarget> {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/u.exec(address);
  const port = Number(match?.[3] ?? 6514);
  if (match === null || port < 1 || port > 65_535) {
    throw new LotseError({
      code: "usage.argument",
      message: `--send ${address.slice(0, 80)} is no host:port`,
      hint: "write --send siem.example.com:6514",
    });
  }
  return {
    host: match[1] ?? match[2] ?? "",
    port,
    ca: ca === undefined ? undefined : await readText(context, ca),
    serverName,
    client: await clientOf(context, certificate, key),
  };
}

async function clientOf(
  context: Context,
  certificate: string | undefined,
  key: string | undefined,
): Promise<SyslogTarget["client"]> {
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) {
    throw new LotseError({
      code: "usage.argument",
      message: "--certificate and --key belong together",
      hint: "give both, or neither",
    });
  }
  return {
    certificate: await readText(context, certificate),
    key: new Sensitive(await readText(context, key)),
  };
}

async function readText(context: Context, file: string): Promise<string> {
  try {
    return await readFile(resolve(context.cwd, file), "utf8");
  } catch (error) {
    throw new LotseError({
      code: "file.not-readable",
      message: `${file} cannot be read`,
      hint: "name a file that exists and that you may read",
      where: { file },
      cause: error,
    });
  }
}
