import { posix } from "node:path";
import { diagnosticOf, LotseError, type Diagnostic } from "../../kernel/index.ts";
import { manifestPathOf, parseManifest, parseRulesRecord } from "../../secrets/manifest/index.ts";
import {
  incomingDirectoryOf,
  verifyLayer,
  type SecretLayer,
  type Verified,
} from "../../secrets/store/index.ts";
import type { Session } from "../session.ts";
import { allSecretLayers } from "./layers.ts";
import { acceptRules, rulesFile, rulesRecordFile } from "./rules-record.ts";
import { noRules, readRules } from "./rules.ts";
import { notesOf, verifyRules, type VerifiedRules } from "./verify-rules.ts";

/** What `secrets verify` found. */
export interface SecretsReport {
  readonly ok: boolean;
  readonly files: readonly Verified[];
  /** Files among the secrets that belong to no scope. */
  readonly strangers: readonly string[];
  /** `.sops.yaml`; null where there is none, or it was not asked for. */
  readonly rules: VerifiedRules | null;
  /** Warnings: what somebody should see to, though nothing was tampered with. */
  readonly notes: readonly Diagnostic[];
}

/**
 * Checks secret files: manifest, place, version and history; values and MAC where a key at hand opens them.
 *
 * @param files - all where none is named; `.sops.yaml` may be among them
 */
export async function verifySecrets(session: Session, files: readonly string[]): Promise<SecretsReport> {
  await session.recorder.read({ action: "secret.verify", object: files.join(" ") || "secrets" });
  const all = allSecretLayers(session);
  const wanted = files.length === 0 ? all : all.filter(({ file }) => files.includes(file));
  const found: Verified[] = [];
  for (const layer of wanted) {
    for (const verified of await verifyLayer(session.secrets, layer)) {
      found.push(verified.problem === null ? await withHistory(session, verified) : verified);
    }
  }
  const strangers = files.length === 0 ? findStrangers(session, all) : [];
  const isMeant = files.length === 0 || files.includes(rulesFile);
  const rules = isMeant ? await rulesWithHistory(session) : null;
  return {
    ok: [...found, rules].every((one) => (one?.problem ?? null) === null) && strangers.length === 0,
    files: found,
    strangers,
    rules,
    notes: await notesOf(session, wanted),
  };
}

/**
 * Takes the present versions for good where an older one was brought back on purpose, as after changing
 * branches. Everything but the version must be right. Of `.sops.yaml` the present rules are taken and signed.
 *
 * @returns how many files were accepted
 * @throws LotseError `secret.manifest`, `secret.signature`; `secret.denied` for a key that may not sign rules
 */
export async function acceptVersions(session: Session, files: readonly string[]): Promise<number> {
  const layers = allSecretLayers(session).filter(({ file }) => files.includes(file));
  for (const layer of layers) {
    await session.recorder.change({ action: "secret.accept", object: layer.file }, async () => {
      await session.secrets.accept(layer);
    });
  }
  if (!files.includes(rulesFile)) return layers.length;
  const rules = readRules(session);
  if (rules === null) throw noRules(undefined);
  await session.recorder.change({ action: "secret.accept", object: rulesFile }, () =>
    acceptRules(session, rules),
  );
  return layers.length + 1;
}

async function rulesWithHistory(session: Session): Promise<VerifiedRules | null> {
  const rules = await verifyRules(session);
  if (rules === null || rules.problem !== null || rules.version === null) return rules;
  return await withHistory(session, rules);
}

/** A fresh clone has seen nothing yet, but its history has: no commit may hold a later version. */
async function withHistory<T extends Pick<Verified, "file" | "version" | "problem">>(
  session: Session,
  verified: T,
): Promise<T> {
  const newest = await newestInHistory(session, verified.file);
  if (newest === null || verified.version === null || newest <= verified.version) return verified;
  const problem: Diagnostic = diagnosticOf(
    new LotseError({
      code: "secret.manifest",
      message: `${verified.file} is version ${verified.version}, and git knows version ${newest}: an old version was brought back`,
      hint: "restore the newest version, or set the value again",
      where: { file: verified.file },
    }),
  );
  return { ...verified, problem };
}

const maxCommits = 200;

async function newestInHistory(session: Session, file: string): Promise<number | null> {
  const path = manifestPathOf(file);
  const git = async (...args: string[]) => await session.exec("git", ["-C", session.directory, ...args]);
  const log = await git("log", `--max-count=${maxCommits}`, "--format=%H", "HEAD", "--", path).catch(
    () => null,
  );
  if (log === null || log.status !== 0) return null;
  let newest: number | null = null;
  for (const commit of log.stdout.split("\n").filter((line) => line !== "")) {
    const shown = await git("show", `${commit}:./${path}`);
    if (shown.status !== 0) continue;
    const version = versionOf(shown.stdout, path);
    if (version !== null && version > (newest ?? 0)) newest = version;
  }
  return newest;
}

function versionOf(text: string, path: string): number | null {
  try {
    const content = Buffer.from(text);
    return path === rulesRecordFile
      ? parseRulesRecord(content, path).version
      : parseManifest(content, path).version;
  } catch {
    return null;
  }
}

/** How files that hold secrets, and their manifests, end; a README among them is nobody's business. */
const secretEnding = /\.(?:ya?ml|json|env|ini|incoming)$/u;

/** Files in the directories of secrets that are no scope's: nothing reads them, and nobody checks them. */
function findStrangers(session: Session, layers: readonly SecretLayer[]): readonly string[] {
  const { files } = session.engine;
  const known = new Set(
    layers.flatMap(({ file }) => [file, manifestPathOf(file), incomingDirectoryOf(file)]),
  );
  const directories = new Set(layers.map(({ file }) => posix.dirname(file)));
  const strangers: string[] = [];
  for (const directory of directories) {
    for (const name of files.list(directory)) {
      const path = posix.join(directory, name);
      const isDirectory = [...directories].some((other) => other === path || other.startsWith(`${path}/`));
      if (!known.has(path) && !isDirectory && secretEnding.test(name)) strangers.push(path);
    }
  }
  return strangers.sort();
}
