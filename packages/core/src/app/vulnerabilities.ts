import { readdir } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { makeLotseDirectory, LotseError, readPrivateFile, writePrivateFile } from "../kernel/index.ts";
import {
  decodeText,
  defaultTerms,
  kindOf,
  PackageIndex,
  readInventory,
  readOsv,
  releaseOf,
  runNpmAudit,
  scanRecord,
  settleFindings,
  type Finding,
  type InstalledPackage,
  type InventoryKind,
  type RawFinding,
  type ScanRecord,
  type SkippedPackage,
  type Terms,
} from "../policy/vulnerabilities/index.ts";
import { scanPath } from "./policy-sources.ts";
import type { Session } from "./session.ts";

/** What is scanned, against what. */
export interface VulnerabilityScanRequest {
  /** Files and OSV paths that are relative start here. */
  readonly from: string;
  /** Lockfiles, lists of packages and bills of materials. @defaultValue the lockfiles of the workspace */
  readonly files?: readonly string[] | undefined;
  /** What kind they are, where their names do not say. */
  readonly kind?: InventoryKind | undefined;
  /** The release of an image, such as `Debian:12`. @defaultValue what `etc/os-release` beside it says */
  readonly release?: string | undefined;
  /** OSV files and directories. @defaultValue none */
  readonly osv?: readonly string[] | undefined;
  /** Whether to ask npm's registry. @defaultValue false */
  readonly npmAudit?: boolean | undefined;
  /** Days to fix, by severity. @defaultValue {@link defaultTerms} */
  readonly terms?: Partial<Terms> | undefined;
}

/** A scan, and whether it became the workspace's record. */
export interface VulnerabilityScanResult {
  readonly record: ScanRecord;
  /** False for an incomplete scan: the record before it stays, and gets older. */
  readonly written: boolean;
}

const maxBytes = 256 * 1024 * 1024;

/**
 * Scans packages for known holes, and keeps the result where the policy finds it. A source that does not
 * answer makes the scan incomplete, never clean.
 *
 * @throws LotseError `vulnerability.source` for a file or advisory that cannot be read, where there is no
 * file to scan, or no source to ask
 */
export async function scanVulnerabilities(
  session: Session,
  request: VulnerabilityScanRequest,
  progress: (done: number) => void = () => undefined,
): Promise<VulnerabilityScanResult> {
  const { osv = [], npmAudit = false } = request;
  if (osv.length === 0 && !npmAudit)
    throw nothing("there is no vulnerability data to scan with", "give --osv PATH, or --npm-audit");
  const files = request.files ?? (await lockfilesOf(session.directory));
  if (files.length === 0)
    throw nothing("there is no lockfile to scan", "name the files: lotse vulnerability scan --file PATH");
  const inventory = await readAll(session, request, files);
  const index = new PackageIndex(inventory.packages);
  const found: RawFinding[] = [];
  const sources: ScanRecord["sources"] = [];
  for (const path of osv) sources.push(await scanOsv(resolve(request.from, path), index, found, progress));
  if (npmAudit) sources.push(...(await scanNpm(session, inventory, found)));
  const covered = (ecosystem: string): boolean =>
    index.covers(ecosystem) ||
    (ecosystem === "npm" && sources.some(({ name, ran }) => name.startsWith("npm") && ran));
  const ecosystems = [...new Set(inventory.packages.map(({ ecosystem }) => ecosystem))].sort();
  const uncovered = ecosystems.filter((ecosystem) => !covered(ecosystem));
  const previous = await previousFindings(session);
  const record: ScanRecord = {
    scannedAt: session.clock.now().toISOString(),
    complete: sources.every(({ ran }) => ran) && uncovered.length === 0,
    sources,
    files: inventory.files.map(({ file }) => file),
    packages: inventory.packages.length,
    uncovered,
    skipped: inventory.skipped.map((one) => ({ ...one })),
    findings: [
      ...settleFindings(found, {
        at: session.clock.now().toISOString(),
        terms: { ...defaultTerms, ...request.terms },
        previous,
      }),
    ],
  };
  if (record.complete) await store(session, record);
  return { record, written: record.complete };
}

interface ReadInventory {
  readonly files: readonly { readonly path: string; readonly file: string; readonly kind: InventoryKind }[];
  readonly packages: readonly InstalledPackage[];
  readonly skipped: readonly SkippedPackage[];
}

async function readAll(
  session: Session,
  request: VulnerabilityScanRequest,
  names: readonly string[],
): Promise<ReadInventory> {
  const files: ReadInventory["files"][number][] = [];
  const packages: InstalledPackage[] = [];
  const skipped: SkippedPackage[] = [];
  for (const name of names) {
    const path = resolve(request.from, name);
    const file = shownPath(session.directory, path);
    const kind = request.kind ?? kindOf(path.split(sep).join("/"));
    if (kind === null) throw nothing(`${file} is of no kind that is known by its name`, "give --kind");
    const content = await readPrivateFile(path, maxBytes);
    if (content === null) throw nothing(`${file} does not exist`, "name a file that is there");
    const release = request.release ?? (await releaseBeside(path, kind));
    const read = readInventory(kind, file, decodeText(file, content), release);
    files.push({ path, file, kind });
    // Not spread into arguments: a lockfile may name more packages than the stack holds.
    for (const one of read.packages) packages.push(one);
    for (const one of read.skipped) skipped.push(one);
  }
  return { files, packages, skipped };
}

/** In an image, `etc/os-release` stands where `var/lib/dpkg/status` or `lib/apk/db/installed` starts. */
async function releaseBeside(path: string, kind: InventoryKind): Promise<string | undefined> {
  if (kind !== "dpkg" && kind !== "apk") return undefined;
  const root = dirname(dirname(dirname(dirname(path))));
  const content = await readPrivateFile(join(root, "etc", "os-release"), 65_536);
  return content === null ? undefined : releaseOf(content.toString("utf8"));
}

async function scanOsv(
  path: string,
  index: PackageIndex,
  found: RawFinding[],
  progress: (done: number) => void,
): Promise<ScanRecord["sources"][number]> {
  let advisories = 0;
  let newest = "";
  for await (const advisory of readOsv(path)) {
    for (const finding of index.find(advisory)) found.push(finding);
    if (advisory.modified > newest) newest = advisory.modified;
    if (++advisories % 1000 === 0) progress(advisories);
  }
  if (advisories === 0)
    throw nothing(`${path} holds no advisories`, "point --osv at OSV files in JSON, or a mirror's all.zip");
  return { name: `osv ${path}`, ran: true, reason: null, advisories, newest };
}

async function scanNpm(
  { exec }: Session,
  { files, packages }: ReadInventory,
  found: RawFinding[],
): Promise<ScanRecord["sources"]> {
  const sources: ScanRecord["sources"] = [];
  for (const { path, file } of files.filter(({ kind }) => kind === "npm")) {
    const own = packages.filter((one) => one.file === file);
    const audit = await runNpmAudit(exec, dirname(path), file, own);
    for (const finding of audit.ran ? audit.findings : []) found.push(finding);
    const reason = audit.ran ? null : audit.reason;
    sources.push({ name: `npm audit ${file}`, ran: audit.ran, reason, advisories: null, newest: null });
  }
  return sources;
}

/** The findings of the record, so that a term that began is not begun again. A damaged record begins anew. */
async function previousFindings({ state }: Session): Promise<readonly Finding[]> {
  const content = await readPrivateFile(join(state, scanPath), maxBytes);
  if (content === null) return [];
  try {
    return scanRecord.parse(JSON.parse(content.toString("utf8"))).findings;
  } catch {
    return [];
  }
}

async function store({ state }: Session, record: ScanRecord): Promise<void> {
  await makeLotseDirectory(state);
  await writePrivateFile(join(state, scanPath), `${JSON.stringify(record, null, 2)}\n`);
}

/** The lockfiles of a workspace, wherever they are; what is installed or kept by tools is left out. */
async function lockfilesOf(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  const visit = async (below: string, depth: number): Promise<void> => {
    const entries = await readdir(below, { withFileTypes: true });
    for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
      const path = join(below, entry.name);
      if (entry.isDirectory()) {
        if (depth < 12 && entry.name !== "node_modules" && !entry.name.startsWith("."))
          await visit(path, depth + 1);
      } else if (entry.isFile() && kindOf(path) !== null) found.push(path);
    }
  };
  await visit(directory, 0);
  return found;
}

function shownPath(directory: string, path: string): string {
  const inside = relative(directory, path).split(sep).join("/");
  return inside.startsWith("../") ? path : inside;
}

function nothing(message: string, hint: string): LotseError {
  return new LotseError({ code: "vulnerability.source", message, hint });
}
