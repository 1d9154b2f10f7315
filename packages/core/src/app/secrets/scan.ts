import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { LotseError, readPrivateFile, writePrivateFile, type Clock, type Exec } from "../../kernel/index.ts";
import {
  applyBaseline,
  baselineFile,
  emptyBaseline,
  loadPreset,
  parseBaseline,
  planBaseline,
  printBaseline,
  scanTargets,
  type Baseline,
  type BaselineResult,
  type ScanResult,
  type ScanTarget,
} from "../../secrets/scan/index.ts";
import type { Session } from "../session.ts";
import { knownScan } from "./known.ts";

/** What is scanned, and how. */
export interface ScanOptions {
  /** The directory, absolute. */
  readonly root: string;
  readonly targets: readonly ScanTarget[];
  readonly exec: Exec;
  readonly clock: Clock;
  /** The workspace around the directory, whose own values are looked for exactly. */
  readonly session: Session | null;
}

/** What a scan found, sorted by what the baseline says. */
export interface ScanReport
  extends BaselineResult, Pick<ScanResult, "scannedFiles" | "scannedBytes" | "skipped"> {
  readonly ok: boolean;
  readonly baseline: Baseline;
}

/**
 * Scans for secrets in plain text.
 *
 * @throws LotseError `git.failed`, `secret.baseline`
 */
export async function scanForSecrets(options: ScanOptions): Promise<ScanReport> {
  const { root, targets, exec, session } = options;
  await session?.recorder.read({
    action: "secret.scan",
    object: targets.map((target) => (typeof target === "string" ? target : "files")).join(" "),
  });
  const baseline = await readBaseline(root);
  const known = session === null ? null : await knownScan(session);
  const result = await scanTargets({
    root,
    targets,
    exec,
    preset: await loadPreset(),
    salt: baseline.salt,
    ...(known === null ? {} : { known }),
  });
  const judged = applyBaseline(result.findings, baseline, options.clock.now());
  const { scannedFiles, scannedBytes, skipped } = result;
  return { ...judged, ok: judged.open.length === 0, baseline, scannedFiles, scannedBytes, skipped };
}

/** Why findings are accepted, by whom and until when. */
export interface Acceptance {
  readonly reason: string;
  readonly owner: string;
  /** The last day, as `2026-12-31`. */
  readonly expires: string;
}

/**
 * Accepts every open finding of a report, for a while.
 *
 * @returns how many were accepted
 * @throws LotseError `secret.baseline`
 */
export async function acceptFindings(
  options: ScanOptions,
  report: ScanReport,
  acceptance: Acceptance,
): Promise<number> {
  const findings = [...report.open, ...report.accepted.map(({ finding }) => finding)];
  const next = planBaseline({ findings, baseline: report.baseline, ...acceptance }, options.clock.now());
  const write = (): Promise<void> =>
    writePrivateFile(join(options.root, baselineFile), printBaseline(next), { mode: 0o644 });
  if (options.session === null) await write();
  else {
    await options.session.recorder.change(
      {
        action: "secret.accept-findings",
        object: baselineFile,
        details: { findings: report.open.length, expires: acceptance.expires },
      },
      write,
    );
  }
  return report.open.length;
}

async function readBaseline(root: string): Promise<Baseline> {
  const path = join(root, baselineFile);
  if (!existsSync(path)) return emptyBaseline(randomBytes(16).toString("hex"));
  const content = await readPrivateFile(path, 64 * 1024 * 1024);
  if (content !== null) return parseBaseline(content.toString("utf8"));
  throw new LotseError({
    code: "secret.baseline",
    message: `${baselineFile} cannot be read`,
    where: { file: baselineFile },
  });
}
