import type { InstalledPackage, Inventory } from "../package.ts";
import { sourceError } from "./error.ts";

// v5: /name/1.0.0 or /name/1.0.0_peer; v6: /name@1.0.0(peer@1); v9: name@1.0.0
const forms = [/^\/?(@[^/@]+\/[^/@]+|[^/@]+)@([^(_/:]+)/u, /^\/(@[^/]+\/[^/]+|[^/]+)\/([^(_/]+)/u];

/**
 * Reads the names of `packages` in `pnpm-lock.yaml`, which pnpm writes with one key a line.
 *
 * @throws LotseError `vulnerability.source`
 * @see https://github.com/pnpm/spec/tree/master/lockfile
 */
export function readPnpmLock(file: string, text: string): Inventory {
  const lines = text.split(/\r?\n/u);
  const version = lines.map((line) => /^lockfileVersion: *['"]?(\d+)/u.exec(line)?.[1]).find(Boolean);
  if (version === undefined) throw sourceError(file, "is no lockfile of pnpm");
  if (!["5", "6", "7", "8", "9"].includes(version))
    throw sourceError(file, `is of version ${version}, and 5 to 9 are known`);
  const packages: InstalledPackage[] = [];
  const skipped = [];
  let inside = false;
  for (const line of lines) {
    if (/^\S/u.test(line)) inside = line.startsWith("packages:");
    const key = inside
      ? /^ {2}(?:'([^']+)'|"([^"]+)"|([^\s'"][^:]*(?::[^\s:]+)*)):(?: \{.*\})?$/u.exec(line)
      : null;
    if (key === null) continue;
    const text = key[1] ?? key[2] ?? key[3] ?? "";
    const match = forms.map((form) => form.exec(text)).find((found) => found !== null);
    if (match === undefined || match === null)
      skipped.push({ name: text, file, reason: "comes from no registry" });
    else packages.push({ ecosystem: "npm", name: match[1] ?? "", version: match[2] ?? "", file });
  }
  return { packages, skipped };
}
