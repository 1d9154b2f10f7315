import type { ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createFirewall } from "../../../secrets/firewall/index.ts";
import type { SecretVariables } from "./slot-secrets.ts";

/**
 * Writes what a process prints to its log, with its secrets taken out: a crash dump must not put them on a
 * disk, nor into the message of a failed rollout.
 *
 * @param child - started with pipes for its output
 * @param path - the log, which exists
 */
export function writeRedacted(child: ChildProcess, path: string, secrets: SecretVariables): void {
  const firewall = createFirewall(Object.entries(secrets).map(([name, value]) => ({ name, value })));
  const log = createWriteStream(path, { flags: "a", mode: 0o600 });
  let open = 0;
  for (const output of [child.stdout, child.stderr]) {
    if (output === null) continue;
    open += 1;
    const filter = firewall.transform();
    output.pipe(filter).pipe(log, { end: false });
    output.on("error", () => filter.end());
    filter.once("end", () => {
      open -= 1;
      if (open === 0) log.end();
    });
    // A full disk must not stop a process that only wants to print.
    log.once("error", () => {
      filter.unpipe(log);
      filter.resume();
    });
  }
}
