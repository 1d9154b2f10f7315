import type { InstalledPackage, Inventory, SkippedPackage } from "../package.ts";
import { sourceError } from "./error.ts";

// A name with what may follow it, an address, or a path of something to install.
const looksLikeRequirement =
  /^(?:[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:$|[[<>=!~;@(])|[a-z][a-z0-9+.-]*:|\.{0,2}\/|[\w.-]+\.(?:whl|zip|tar\.gz)\b)/u;

/**
 * Reads the pinned packages of `requirements.txt`; what is not pinned is skipped, and said so.
 *
 * @throws LotseError `vulnerability.source` for a line that is no requirement
 * @see https://pip.pypa.io/en/stable/reference/requirements-file-format/
 */
export function readRequirements(file: string, text: string): Inventory {
  const packages: InstalledPackage[] = [];
  const skipped: SkippedPackage[] = [];
  for (const raw of text.replaceAll(/\\\r?\n/gu, " ").split(/\r?\n/u)) {
    const line = raw.replace(/(?:^|\s)#.*$/u, "").trim();
    if (line === "") continue;
    if (line.startsWith("-")) {
      if (/^(?:-r|-c|-e|--requirement|--constraint|--editable)\b/u.test(line)) {
        skipped.push({ name: line.slice(0, 200), file, reason: "names another file or a directory" });
      }
      continue;
    }
    const pinned = /^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*={2,3}\s*([^\s;,*]+)(?=\s|;|$)/u.exec(
      line,
    );
    if (pinned === null && !looksLikeRequirement.test(line))
      throw sourceError(file, `${JSON.stringify(line.slice(0, 80))} is no requirement`);
    if (pinned === null)
      skipped.push({ name: line.slice(0, 200), file, reason: "is not pinned to one version" });
    else packages.push({ ecosystem: "PyPI", name: pinned[1] ?? "", version: pinned[2] ?? "", file });
  }
  return { packages, skipped };
}

/**
 * Reads `poetry.lock` or `uv.lock`: the names and versions of their `[[package]]` tables, which these tools
 * write one a line.
 *
 * @throws LotseError `vulnerability.source` for a package without a name or version
 */
export function readPythonLock(file: string, text: string): Inventory {
  const packages: InstalledPackage[] = [];
  for (const table of text.split(/^\[\[package\]\]\s*$/mu).slice(1)) {
    const own = table.split(/^\[/mu, 1)[0] ?? "";
    const name = /^name = "([^"\\]+)"/mu.exec(own)?.[1];
    const version = /^version = "([^"\\]+)"/mu.exec(own)?.[1];
    if (name === undefined || (version === undefined && !/^source = \{/mu.test(own))) {
      throw sourceError(file, "a package has no name or version");
    }
    if (version !== undefined) packages.push({ ecosystem: "PyPI", name, version, file });
  }
  return { packages, skipped: [] };
}
