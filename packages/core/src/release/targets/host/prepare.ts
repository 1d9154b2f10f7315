import { createHash } from "node:crypto";
import { LotseError, Sensitive } from "../../../kernel/index.ts";
import type { FilledFiles } from "../../filled-files.ts";
import { checkVariables } from "../../materialise.ts";
import { formatSlot, type Slot } from "../../names.ts";
import type { On, Payload } from "../../target.ts";
import { allTo, sameWeights } from "../../weights.ts";
import { fileMembers, packRelease, packSmall, type ReleaseArchive } from "./archive.ts";
import { hasPlace, makePlace } from "./balancing.ts";
import { formatEnvFile, formatSecretLines } from "./env-file.ts";
import { gather, throwFailed } from "./failures.ts";
import type { HostState } from "./host-state.ts";
import { hasTraffic, needShares, observe, type Observation } from "./observe.ts";
import {
  codeDirectory,
  envFile,
  filesDirectory,
  serviceUser,
  sharedDirectory,
  tenantDirectory,
  unitDescription,
} from "./places.ts";
import type { Remote } from "./remote.ts";
import { bindAddressOf, parseHostSpec, type HostPlace, type HostSpec } from "./spec.ts";
import { noUnit, oneShotUnit, serviceUnit, type UnitInput } from "./unit.ts";

/** What a step on hosts works with. */
export interface StepParts {
  readonly remote: Remote;
  /** The target's description: which hosts and balancers there are. */
  readonly spec: HostSpec;
}

/**
 * Refuses a step on a colour that has traffic, by what the balancers say now.
 *
 * @throws LotseError `target.refused`, `target.balancer` where nobody knows
 */
export async function guard(
  parts: StepParts,
  slot: Slot,
  hosts: readonly HostPlace[],
  signal?: AbortSignal,
): Promise<Observation> {
  const observation = await observe(parts.remote, parts.spec, slot, signal);
  await refuseBusy(parts, observation, slot, hosts, signal);
  return observation;
}

/** Hosts that remember something else than the balancers, because they were away at the last change, are told. */
async function refuseBusy(
  { remote }: StepParts,
  observation: Observation,
  slot: Slot,
  hosts: readonly HostPlace[],
  signal?: AbortSignal,
): Promise<void> {
  const shares = needShares(observation);
  const busy = hosts.filter(({ name }) => hasTraffic(observation, name, slot.colour));
  if (busy.length > 0) {
    throw new LotseError({
      code: "target.refused",
      message: `${formatSlot(slot)} has traffic on ${busy.map(({ name }) => name).join(", ")}`,
      hint: "give the traffic to the other colour first",
    });
  }
  await gather(hosts, async (host) => {
    const told = observation.hosts.done.get(host.name)?.weights ?? null;
    const right = shares[host.name] ?? allTo(null);
    if (told === null || sameWeights(told, right)) return;
    await remote.act(host, "weights", slot, [String(right.blue), String(right.green)], { signal });
  });
}

/** Puts a release into a slot on hosts, and makes the tenant's place on the balancers; see `Target.prepare`. */
export async function prepareHosts(
  parts: StepParts,
  slot: Slot,
  payload: Payload,
  hosts: readonly HostPlace[],
  { signal, key: effect }: On & { readonly key: string },
): Promise<void> {
  const described = parseHostSpec(payload.spec);
  const key = createHash("sha256")
    .update(JSON.stringify([effect, payload.release]))
    .digest("hex");
  const before = await observe(parts.remote, parts.spec, slot, signal);
  const missing = hosts.filter(
    ({ name }) => before.hosts.done.get(name)?.slots[slot.colour]?.meta.key !== key,
  );
  if (missing.length === 0 && hasPlace(before)) return;
  await refuseBusy(parts, before, slot, missing, signal);
  const archive = await packRelease(payload, described, slot.colour);
  try {
    const secrets = (await payload.secrets?.()) ?? {};
    const files = (await payload.files?.()) ?? new Sensitive({ files: [], secrets: [] });
    signal?.throwIfAborted();
    const job = { ...parts, slot, payload, described, archive, secrets, files, signal, key };
    const result = await gather(missing, async (host) => {
      await prepareHost(job, host, before.hosts.done.get(host.name));
    });
    await ensurePlace(parts, slot, before, hosts, signal);
    throwFailed(result, signal);
  } finally {
    await archive.remove();
  }
}

interface Job extends StepParts {
  readonly slot: Slot;
  readonly payload: Payload;
  readonly described: HostSpec;
  readonly archive: ReleaseArchive;
  readonly secrets: Readonly<Record<string, Sensitive<string>>>;
  readonly files: Sensitive<FilledFiles>;
  readonly signal: AbortSignal | undefined;
  readonly key: string;
}

async function prepareHost(job: Job, host: HostPlace, before: HostState | undefined): Promise<void> {
  const { remote, slot, described, archive, signal } = job;
  const user = serviceUser(slot, described);
  const ports = await takePorts(job, host, before);
  if (before?.releases.includes(archive.directory) !== true) await putRelease(job, host, user);
  const small = packSlot(job, host, user, ports[slot.colour]);
  const words = [slot.colour, user, small.digest, String(described.keep)];
  await remote.act(host, "put-slot", slot, words, {
    input: { bytes: small.bytes },
    signal,
    session: "long",
    extraMs: described["drain-timeout-ms"],
  });
}

async function takePorts(
  { remote, described, slot, signal }: Pick<Job, "remote" | "described" | "slot" | "signal">,
  host: HostPlace,
  before: HostState | undefined,
): Promise<Readonly<Record<Slot["colour"], number>>> {
  if (before?.ports !== undefined && before.ports !== null) return before.ports;
  const { first, last } = described.ports;
  const answer = await remote.act(host, "ports", slot, [String(first), String(last)], { signal });
  const [blue = 0, green = 0] = answer.trim().split(" ").map(Number);
  return { blue, green };
}

async function putRelease(job: Job, host: HostPlace, user: string): Promise<void> {
  const { remote, slot, described, archive, signal } = job;
  const { from } = described.artefact;
  const input = { file: archive.file };
  const { digest, directory } = archive;
  const wait = { input, signal, session: "long", extraMs: 600_000 } as const;
  const isSent = from === "release" || from === "artefact";
  const ready = described.install === undefined ? ["ready", ...described.shared] : [];
  if (isSent) await remote.act(host, "put-release", slot, [directory, digest, user, ...ready], wait);
  else await remote.act(host, "fetch-release", slot, [directory, user, from, digest], wait);
  if (isSent && described.install === undefined) return;
  const bytes = described.install === undefined ? noUnit : installUnit(job, described.install, user);
  await remote.act(host, "ready", slot, [directory, user, ...described.shared], {
    input: { bytes },
    signal,
    session: "long",
    extraMs: described["install-timeout-ms"],
    failure: "target.start",
  });
}

function unitInput({ slot, described, archive }: Job, user: string): Omit<UnitInput, "command"> {
  return {
    description: unitDescription(slot),
    workingDirectory: codeDirectory(slot, archive.directory),
    user,
    environmentFiles: [],
    writable: described.shared.length === 0 ? [] : [sharedDirectory(slot)],
    limits: described.limits,
  };
}

function installUnit(job: Job, command: readonly string[], user: string): string {
  const input = unitInput(job, user);
  const code = input.workingDirectory;
  return oneShotUnit(
    { ...input, command, writable: [...input.writable, code] },
    {
      timeoutMs: job.described["install-timeout-ms"],
      outputFile: `${tenantDirectory(job.slot)}/install.log`,
    },
  );
}

function packSlot(job: Job, host: HostPlace, user: string, port: number): ReturnType<typeof packSmall> {
  const { slot, described, archive, payload } = job;
  const revealed = checkVariables(
    Object.fromEntries(Object.entries(job.secrets).map(([name, value]) => [name, value.reveal()])),
  );
  const release = `${tenantDirectory(slot)}/releases/${archive.directory}`;
  const rendered = job.files.reveal();
  const variables = {
    ...archive.variables,
    ...revealed,
    PORT: String(port),
    HOST: bindAddressOf(host),
    LOTSE_CONFIG: `${release}/config.json`,
    ...(rendered.files.length === 0 ? {} : { LOTSE_FILES: filesDirectory(slot) }),
    ...(archive.artefact === null ? {} : { LOTSE_ARTEFACT: `${release}/artefact/${archive.artefact}` }),
    LOTSE_RELEASE: payload.release,
    LOTSE_VERSION: payload.version,
    LOTSE_TENANT: slot.tenant,
    LOTSE_ENVIRONMENT: slot.environment,
    LOTSE_COLOUR: slot.colour,
  };
  const input = { ...unitInput(job, user), command: described.command, environmentFiles: [envFile(slot)] };
  const meta = {
    release: payload.release,
    version: payload.version,
    directory: archive.directory,
    key: job.key,
    spec: described,
  };
  const text = (path: string, content: string) => ({ path, mode: 0o600, content: Buffer.from(content) });
  return packSmall([
    text("unit", serviceUnit(input, described["drain-timeout-ms"])),
    text("meta", `${JSON.stringify(meta)}\n`),
    text("release", `${archive.directory}\n`),
    text(".env", formatEnvFile(variables)),
    text("secrets", formatSecretLines([...Object.values(revealed), ...rendered.secrets])),
    ...fileMembers(rendered),
  ]);
}

/** Hosts that take part later get their ports now, so that balancers need not be reloaded for each of them. */
async function ensurePlace(
  parts: StepParts,
  slot: Slot,
  before: Observation,
  prepared: readonly HostPlace[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { remote, spec } = parts;
  const hosts = new Map(before.hosts.done);
  const lacking = spec.hosts.filter(({ name }) => hosts.has(name) && hosts.get(name)?.ports === null);
  const taken = await gather(lacking, (host) =>
    takePorts({ remote, described: spec, slot, signal }, host, hosts.get(host.name)),
  );
  for (const [name, ports] of taken.done) {
    const known = hosts.get(name);
    if (known !== undefined) hosts.set(name, { ...known, ports });
  }
  const now = { ...before, hosts: { ...before.hosts, done: hosts } };
  if (!hasPlace(now)) await makePlace({ remote, spec, scope: slot, signal }, now);
  throwFailed({ done: new Map(prepared.map(({ name }) => [name, null])), failed: taken.failed }, signal);
}
