import { z } from "zod";
import type { InstalledPackage, Inventory } from "../package.ts";
import { parseJsonText, sourceError } from "./error.ts";

const entry = z.looseObject({
  name: z.string().max(300).optional(),
  version: z.string().max(300).optional(),
  link: z.boolean().optional(),
});

const modern = z.looseObject({
  lockfileVersion: z.union([z.literal(2), z.literal(3)]),
  packages: z.record(z.string(), entry),
});

interface OldEntry {
  readonly version?: string | undefined;
  readonly dependencies?: Readonly<Record<string, OldEntry>> | undefined;
}
const oldEntry: z.ZodType<OldEntry> = z.looseObject({
  version: z.string().max(300).optional(),
  get dependencies() {
    return z.record(z.string(), oldEntry).optional();
  },
});
const old = z.looseObject({
  lockfileVersion: z.literal(1).optional(),
  dependencies: z.record(z.string(), oldEntry),
});

/**
 * Reads `package-lock.json` or `npm-shrinkwrap.json`, versions 1 to 3.
 *
 * @throws LotseError `vulnerability.source`
 * @see https://docs.npmjs.com/cli/configuring-npm/package-lock-json
 */
export function readPackageLock(file: string, text: string): Inventory {
  const value = parseJsonText(file, text);
  const now = modern.safeParse(value);
  if (now.success) return { packages: modernPackages(file, now.data.packages), skipped: [] };
  const before = old.safeParse(value);
  if (before.success) return { packages: oldPackages(file, before.data.dependencies), skipped: [] };
  throw sourceError(file, "is no package-lock.json that is known", now.error);
}

function modernPackages(
  file: string,
  entries: Readonly<Record<string, z.infer<typeof entry>>>,
): readonly InstalledPackage[] {
  const marker = "node_modules/";
  return Object.entries(entries).flatMap(([path, { name, version, link }]) => {
    const at = path.lastIndexOf(marker);
    if (at < 0 || version === undefined || link === true) return [];
    return [{ ecosystem: "npm", name: name ?? path.slice(at + marker.length), version, file }];
  });
}

function oldPackages(
  file: string,
  dependencies: Readonly<Record<string, OldEntry>>,
): readonly InstalledPackage[] {
  return Object.entries(dependencies).flatMap(([name, { version, dependencies: below }]) => {
    // An alias is written as npm:name@version, what comes from elsewhere as an address.
    const alias = version === undefined ? null : /^npm:(@?[^@]+)@(.+)$/u.exec(version);
    const own =
      version === undefined || (alias === null && /[:/]/u.test(version))
        ? []
        : [{ ecosystem: "npm", name: alias?.[1] ?? name, version: alias?.[2] ?? version, file }];
    return [...own, ...(below === undefined ? [] : oldPackages(file, below))];
  });
}
