import { cpus, loadavg } from "node:os";

/** What was measured on, when, and how much else it had to do. */
export function machine(): string {
  const model = cpus()[0]?.model ?? "unknown";
  return `Node ${process.version}, ${cpus().length} × ${model}, ${new Date().toISOString().slice(0, 10)}; ${load()}`;
}

/** How many processes wanted a CPU, in the mean of the last minute; what is measured counts as well. */
export function load(): string {
  return `load ${(loadavg()[0] ?? 0).toFixed(1)}`;
}
