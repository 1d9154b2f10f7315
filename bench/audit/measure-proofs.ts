// Proves entries all over a log, in a process of its own: node measure-proofs.ts DIRECTORY COUNT
import { median } from "../config/measured.ts";
import { verifyConsistencyProof, verifyProof } from "../../packages/core/src/audit/index.ts";
import { openLotse } from "./contenders/lotse.ts";
import { eventAt } from "./workload.ts";

/** What this process prints; times in milliseconds. */
export interface ProofFigures {
  /** From the start of the process's log to its first durable append, as a command pays it. */
  readonly firstAppendMs: number;
  readonly proofMedianMs: number;
  readonly proofP99Ms: number;
  readonly consistencyMedianMs: number;
  readonly consistencyP99Ms: number;
  readonly verifyProofMedianMs: number;
  readonly hashes: number;
  readonly checked: number;
}

const [directory = "", count = "0"] = process.argv.slice(2);

async function timed<T>(times: number[], act: () => T | Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await act();
  times.push(performance.now() - started);
  return result;
}

const opening: number[] = [];
const log = openLotse(directory);
await timed(opening, () => log.append(eventAt(0)));
const size = (await log.checkpoint())?.size ?? 0;
const publicKey = (await log.publicKey()) ?? "";
const [proofs, consistencies, checks]: [number[], number[], number[]] = [[], [], []];
let hashes = 0;
for (let at = 0; at < Number(count); at++) {
  // A fixed walk that comes by every part of the log.
  const index = (at * 7_919_317) % size;
  const proof = await timed(proofs, () => log.prove(index));
  await timed(checks, () => verifyProof(proof, publicKey));
  hashes = Math.max(hashes, proof.hashes.length);
  const growth = await timed(consistencies, () => log.proveConsistency(index, size));
  if (!verifyConsistencyProof(growth)) throw new Error(`no growth from ${index}`);
}
await log.close();
const p99 = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
const figures: ProofFigures = {
  firstAppendMs: median(opening),
  proofMedianMs: median(proofs),
  proofP99Ms: p99(proofs),
  consistencyMedianMs: median(consistencies),
  consistencyP99Ms: p99(consistencies),
  verifyProofMedianMs: median(checks),
  hashes,
  checked: checks.length,
};
process.stdout.write(JSON.stringify(figures));
