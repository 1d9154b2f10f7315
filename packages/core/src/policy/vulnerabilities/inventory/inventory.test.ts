import { describe, expect, test } from "vitest";
import { kindOf, readInventory, type InventoryKind } from "./index.ts";
import { releaseOf } from "./system.ts";

const list = (kind: InventoryKind, text: string, release?: string): string[] =>
  readInventory(kind, "f", text, release).packages.map(
    ({ ecosystem, name, version }) => `${ecosystem} ${name} ${version}`,
  );

/** Text that is nested deeper than any reader's stack is. */
function nested(open: string, inside: string, close: string): string {
  return open.repeat(20_000) + inside + close.repeat(20_000);
}

const cases: readonly (readonly [string, InventoryKind, string, readonly string[]])[] = [
  [
    "package-lock.json 3, with a scope, a nested copy, an alias, a link and the root",
    "npm",
    JSON.stringify({
      lockfileVersion: 3,
      packages: {
        "": { name: "app", version: "1.0.0" },
        "packages/own": { version: "1.0.0" },
        "node_modules/own": { resolved: "packages/own", link: true },
        "node_modules/@a/b": { version: "1.2.3" },
        "node_modules/c/node_modules/@a/b": { version: "2.0.0" },
        "node_modules/alias": { name: "real", version: "3.0.0" },
      },
    }),
    ["npm @a/b 1.2.3", "npm @a/b 2.0.0", "npm real 3.0.0"],
  ],
  [
    "package-lock.json 1, with what is below",
    "npm",
    JSON.stringify({
      lockfileVersion: 1,
      dependencies: {
        a: { version: "1.0.0", dependencies: { b: { version: "npm:@x/y@2.0.0" } } },
        g: { version: "git+ssh://host/x" },
      },
    }),
    ["npm a 1.0.0", "npm @x/y 2.0.0"],
  ],
  [
    "yarn.lock 1",
    "yarn",
    '# yarn lockfile v1\n\n\n"@a/b@^1.0.0", "@a/b@^1.2.0":\n  version "1.2.3"\n  resolved "x"\n\nc@^2:\n  version "2.0.0"\n  dependencies:\n    d "^3"\n\n"x@npm:@y/z@^1":\n  version "1.0.0"\n',
    ["npm @a/b 1.2.3", "npm c 2.0.0", "npm @y/z 1.0.0"],
  ],
  [
    "pnpm-lock.yaml 5",
    "pnpm",
    "lockfileVersion: 5.4\n\npackages:\n\n  /@a/b/1.2.3_peer@1.0.0:\n    resolution: {integrity: x}\n  /c/2.0.0:\n    dev: false\n",
    ["npm @a/b 1.2.3", "npm c 2.0.0"],
  ],
  [
    "pnpm-lock.yaml 6",
    "pnpm",
    "lockfileVersion: '6.0'\n\npackages:\n\n  /@a/b@1.2.3(c@2.0.0):\n    dev: true\n  /c@2.0.0:\n    dev: false\n",
    ["npm @a/b 1.2.3", "npm c 2.0.0"],
  ],
  [
    "pnpm-lock.yaml 9, without its snapshots",
    "pnpm",
    "lockfileVersion: '9.0'\n\npackages:\n\n  '@a/b@1.2.3':\n    resolution: {}\n\n  c@2.0.0:\n    resolution: {}\n\nsnapshots:\n\n  z@9.9.9: {}\n",
    ["npm @a/b 1.2.3", "npm c 2.0.0"],
  ],
  [
    "requirements.txt",
    "requirements",
    "# comment\nDjango==4.2.1  # why\nrequests[socks] == 2.31.0 ; python_version > '3.8' \\\n    --hash=sha256:abc\n--index-url https://x\n",
    ["PyPI Django 4.2.1", "PyPI requests 2.31.0"],
  ],
  [
    "poetry.lock",
    "python-lock",
    '[[package]]\nname = "jinja2"\nversion = "3.1.2"\ndescription = "x"\n\n[package.dependencies]\nMarkupSafe = ">=2.0"\n\n[[package]]\nname = "markupsafe"\nversion = "2.1.3"\n\n[metadata]\nlock-version = "2.0"\n',
    ["PyPI jinja2 3.1.2", "PyPI markupsafe 2.1.3"],
  ],
  [
    "uv.lock, with the project itself",
    "python-lock",
    'version = 1\n\n[[package]]\nname = "app"\nsource = { virtual = "." }\n\n[[package]]\nname = "idna"\nversion = "3.6"\nsource = { registry = "x" }\n',
    ["PyPI idna 3.6"],
  ],
  [
    "dpkg's status: source packages, once, and only what is installed",
    "dpkg",
    "Package: libssl3\nStatus: install ok installed\nSource: openssl\nVersion: 3.0.11-1~deb12u2\n\nPackage: openssl\nStatus: install ok installed\nVersion: 3.0.11-1~deb12u2\n\nPackage: libgcc-s1\nStatus: install ok installed\nSource: gcc-12 (12.2.0-14)\nVersion: 1:12.2.0-14\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n",
    ["Debian:12 openssl 3.0.11-1~deb12u2", "Debian:12 gcc-12 12.2.0-14"],
  ],
  [
    "apk's installed",
    "apk",
    "P:libcrypto3\nV:3.3.1-r0\no:openssl\n\nP:musl\nV:1.2.5-r0\n\n",
    ["Debian:12 openssl 3.3.1-r0", "Debian:12 musl 1.2.5-r0"],
  ],
  [
    "SPDX",
    "sbom",
    JSON.stringify({
      spdxVersion: "SPDX-2.3",
      packages: [
        { name: "x", externalRefs: [{ referenceType: "purl", referenceLocator: "pkg:npm/%40a/b@1.2.3" }] },
        {
          name: "libssl3",
          externalRefs: [
            {
              referenceType: "purl",
              referenceLocator:
                "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl",
            },
          ],
        },
      ],
    }),
    ["npm @a/b 1.2.3", "Debian:12 openssl 3.0.11-1"],
  ],
  [
    "CycloneDX, with components inside others",
    "sbom",
    JSON.stringify({
      bomFormat: "CycloneDX",
      components: [
        {
          type: "library",
          name: "a",
          purl: "pkg:pypi/jinja2@3.1.2",
          components: [{ name: "b", purl: "pkg:maven/org.x/y@1.0" }],
        },
        { name: "c", purl: "pkg:apk/alpine/musl@1.2.5-r0?distro=alpine-3.20.1" },
        { type: "file", name: "d" },
      ],
    }),
    ["PyPI jinja2 3.1.2", "Maven org.x:y 1.0", "Alpine:v3.20 musl 1.2.5-r0"],
  ],
];

describe("packages", () => {
  test.each(cases)("of %s", (_, kind, text, expected) => {
    expect(list(kind, text, "Debian:12")).toEqual(expected);
  });

  test("what names no version is told, not forgotten", () => {
    const { packages, skipped } = readInventory(
      "requirements",
      "requirements.txt",
      "flask>=2\nx==1.*\n-r other.txt\ngit+https://x/y\nok==1\n",
    );
    expect(packages).toHaveLength(1);
    expect(skipped.map(({ name }) => name)).toEqual([
      "flask>=2",
      "x==1.*",
      "-r other.txt",
      "git+https://x/y",
    ]);
  });

  test.each([
    "x @ https://e.com/x.whl",
    "./local",
    "../up",
    "/abs",
    "x.whl",
    "git+https://e.com/x",
    "x",
    "x[a]>=1",
    "x (>=1)",
    "-e .",
  ])("a requirement that pins nothing is skipped, and no error: %s", (line) => {
    expect(readInventory("requirements", "f", `${line}\n`)).toMatchObject({ packages: [], skipped: [{}] });
  });

  test.each([
    ["npm", "{"],
    ["npm", "{}"],
    ["npm", "[]"],
    ["npm", '{"lockfileVersion":4,"packages":{}}'],
    ["npm", '{"lockfileVersion":3,"packages":{"node_modules/x":{"version":5}}}'],
    [
      "npm",
      `{"lockfileVersion":1,"dependencies":${nested(`{"a":{"version":"1.0.0","dependencies":`, "{}", "}}")}}`,
    ],
    ["sbom", `{"bomFormat":"CycloneDX","components":${nested(`[{"name":"a","components":`, "[]", "}]")}}`],
    ["pnpm", "lockfileVersion: 4\npackages:\n"],
    ["pnpm", "lockfileVersion: '10.0'\npackages:\n"],
    ["requirements", "requests==1.0\n\u001b[31mwhat is this\n"],
    ["requirements", "<html>\n"],
    ["yarn", "__metadata:\n  version: 6\n"],
    ["yarn", ""],
    ["yarn", '# yarn lockfile v1\n  version "1.0.0"\n'],
    ["pnpm", "packages: {}\n"],
    ["python-lock", "[[package]]\nname = 'x'\n"],
    ["dpkg", "Version: 1\n"],
    ["apk", "P:x\n"],
    ["sbom", "{}"],
    ["sbom", "null"],
  ] as const)("a damaged file of kind %s is an error, not an empty list: %j", (kind, text) => {
    expect(() => readInventory(kind, "f", text)).toThrow(
      expect.objectContaining({ code: "vulnerability.source" }),
    );
  });
});

test.each([
  ["a/package-lock.json", "npm"],
  ["requirements-dev.txt", "requirements"],
  ["image/var/lib/dpkg/status", "dpkg"],
  ["image/lib/apk/db/installed", "apk"],
  ["app.spdx.json", "sbom"],
  ["package.json", null],
  ["status", null],
] as const)("%s is of kind %s", (path, kind) => {
  expect(kindOf(path)).toBe(kind);
});

test.each([
  ['ID=debian\nVERSION_ID="12"\n', "Debian:12"],
  ["ID=alpine\nVERSION_ID=3.20.1\n", "Alpine:v3.20"],
  ['NAME="Ubuntu"\nID=ubuntu\nVERSION_ID="22.04"\n', "Ubuntu:22.04"],
  ["ID=debian\n", "Debian"],
  ["ID=fedora\nVERSION_ID=40\n", undefined],
])("the release in %j is %s", (text, release) => {
  expect(releaseOf(text)).toBe(release);
});
