import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";

/** What the tests run besides Node.js: a file that shows that it is there, and the Debian package it is in. */
const needed: readonly { readonly file: string; readonly name: string }[] = [
  { file: "/usr/bin/git", name: "git" },
  { file: "/usr/bin/zsh", name: "zsh" },
  { file: "/usr/bin/fish", name: "fish" },
  { file: "/usr/lib/python3/dist-packages/jinja2/__init__.py", name: "python3-jinja2" },
  { file: "/usr/bin/age", name: "age" },
  { file: "/usr/bin/ssh-keygen", name: "openssh-client" },
  { file: "/usr/bin/unzip", name: "unzip" },
  { file: "/usr/bin/openssl", name: "openssl" },
  { file: "/usr/bin/xmllint", name: "libxml2-utils" },
  { file: "/usr/bin/chromium", name: "chromium" },
  { file: "/usr/bin/prlimit", name: "util-linux" },
  { file: "/usr/bin/shellcheck", name: "shellcheck" },
  { file: "/usr/bin/busybox", name: "busybox" },
  { file: "/usr/sbin/dockerd", name: "docker.io" },
  { file: "/usr/sbin/debootstrap", name: "debootstrap" },
  { file: "/usr/sbin/iptables", name: "iptables" },
];

function isPresent(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Installs the Debian packages that the tests need, where they are missing.
 *
 * @returns false when that cannot be done here, after saying what to run
 */
export function provideDebianPackages(): boolean {
  const missing = needed.filter(({ file }) => !isPresent(file)).map(({ name }) => name);
  if (missing.length === 0) return true;
  const install = ["install", "--yes", "--no-install-recommends", ...missing];
  if (process.getuid?.() === 0) {
    console.log(`installing ${missing.join(", ")}`);
    const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    spawnSync("apt-get", ["update", "--quiet=2"], { stdio: "inherit", env: environment });
    spawnSync("apt-get", ["--quiet=2", ...install], { stdio: "inherit", env: environment });
    if (needed.every(({ file }) => isPresent(file))) return true;
  }
  console.error(
    `the tests need: ${missing.join(", ")}\nas root, run: apt-get update && apt-get ${install.join(" ")}`,
  );
  return false;
}
