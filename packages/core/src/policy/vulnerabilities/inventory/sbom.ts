import { z } from "zod";
import type { InstalledPackage, Inventory, SkippedPackage } from "../package.ts";
import { parseJsonText, sourceError } from "./error.ts";

const text = z.string().max(4000);

const spdx = z.looseObject({
  spdxVersion: text,
  packages: z
    .array(
      z.looseObject({
        name: text,
        externalRefs: z.array(z.looseObject({ referenceType: text, referenceLocator: text })).optional(),
      }),
    )
    .default([]),
});

interface Component {
  readonly name: string;
  readonly type?: string | undefined;
  readonly purl?: string | undefined;
  readonly components?: readonly Component[] | undefined;
}
const component: z.ZodType<Component> = z.looseObject({
  name: text,
  type: text.optional(),
  purl: text.optional(),
  get components() {
    return z.array(component).optional();
  },
});
const cyclonedx = z.looseObject({
  bomFormat: z.literal("CycloneDX"),
  components: z.array(component).default([]),
});

/**
 * Reads a bill of materials in JSON: SPDX 2 or CycloneDX. Packages are known by their package URLs.
 *
 * @throws LotseError `vulnerability.source`
 * @see https://spdx.github.io/spdx-spec/v2.3/
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function readSbom(file: string, content: string): Inventory {
  const value = parseJsonText(file, content);
  const one = spdx.safeParse(value);
  if (one.success) {
    return collect(
      file,
      one.data.packages.map(({ name, externalRefs = [] }) => ({
        name,
        purl: externalRefs.find(({ referenceType }) => referenceType === "purl")?.referenceLocator,
      })),
    );
  }
  const other = cyclonedx.safeParse(value);
  if (other.success) return collect(file, flatten(other.data.components));
  throw sourceError(file, "is neither SPDX 2 nor CycloneDX in JSON");
}

function flatten(components: readonly Component[]): readonly Component[] {
  return components.flatMap((one) => [one, ...flatten(one.components ?? [])]);
}

function collect(file: string, entries: readonly Component[]): Inventory {
  const packages: InstalledPackage[] = [];
  const skipped: SkippedPackage[] = [];
  for (const { name, purl, type } of entries) {
    const found = purl === undefined ? undefined : fromPurl(purl, file);
    if (found !== undefined) packages.push(found);
    else if (purl !== undefined || (type ?? "library") === "library") {
      skipped.push({
        name,
        file,
        reason: purl === undefined ? "has no package URL" : "is of a kind that is not known",
      });
    }
  }
  return { packages, skipped };
}

const ecosystems: Readonly<Record<string, string>> = {
  npm: "npm",
  pypi: "PyPI",
  golang: "Go",
  cargo: "crates.io",
  maven: "Maven",
  gem: "RubyGems",
  nuget: "NuGet",
  composer: "Packagist",
};

/** @see https://github.com/package-url/purl-spec */
function fromPurl(purl: string, file: string): InstalledPackage | undefined {
  const match = /^pkg:([a-z0-9.+-]+)\/([^?#@]+)@([^?#]+)(?:\?([^#]*))?/iu.exec(
    purl.replace(/^pkg:\/\//u, "pkg:"),
  );
  if (match === null) return undefined;
  const type = (match[1] ?? "").toLowerCase();
  const path = (match[2] ?? "").split("/").map(decode);
  const version = decode(match[3] ?? "");
  const qualifiers = new URLSearchParams(match[4] ?? "");
  if (type === "deb" || type === "apk") return systemPackage(type, path, version, qualifiers, file);
  if (!Object.hasOwn(ecosystems, type)) return undefined;
  const name = path.join(type === "maven" ? ":" : "/");
  return { ecosystem: ecosystems[type] ?? type, name, version, file };
}

function systemPackage(
  type: "deb" | "apk",
  path: readonly string[],
  version: string,
  qualifiers: URLSearchParams,
  file: string,
): InstalledPackage {
  const distro = /^[a-z]+-(.+)$/u.exec(qualifiers.get("distro") ?? "")?.[1];
  const base = type === "apk" ? "Alpine" : path[0] === "ubuntu" ? "Ubuntu" : "Debian";
  const release =
    distro === undefined
      ? ""
      : type === "apk"
        ? `:v${distro.split(".").slice(0, 2).join(".")}`
        : `:${distro}`;
  const upstream = /^([^@]+)(?:@(.+))?$/u.exec(qualifiers.get("upstream") ?? "");
  return {
    ecosystem: `${base}${release}`,
    name: upstream?.[1] ?? path.at(-1) ?? "",
    version: upstream?.[2] ?? version,
    file,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
