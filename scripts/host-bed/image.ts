import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { programs, run } from "./programs.ts";

const suite = "bookworm";
const mirror = "http://deb.debian.org/debian";
const included = [
  "systemd",
  "systemd-sysv",
  "dbus",
  "openssh-server",
  "iproute2",
  "procps",
  "haproxy",
  "socat",
  "git",
  "curl",
  "ca-certificates",
  "sudo",
  "busybox",
];

/** Container engines mount control groups read-only; without them no limit of a service would be real. */
const init = `#!/bin/sh
mount -o remount,bind,rw /sys/fs/cgroup 2>/dev/null
for each in /sys/fs/cgroup/*; do
  [ -d "$each" ] && mount -o remount,bind,rw "$each" 2>/dev/null
done
exec /sbin/init
`;

/** A balancer's setting: read further files from a directory, and answer for old workers on a socket. */
const haproxyDefaults = `EXTRAOPTS="-f /etc/haproxy/lotse.d -S /run/haproxy-master.sock"\n`;

const unneeded = ["var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man"];

/** Where images are kept between runs. */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  return join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "lotse-host-bed");
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function build(work: string): Promise<void> {
  const root = join(work, "root");
  const include = `--include=${included.join(",")}`;
  await run(programs.debootstrap, ["--variant=minbase", include, suite, root, mirror], 900_000);
  for (const path of unneeded) await rm(join(root, path), { recursive: true, force: true });
  await writeFile(join(root, "sbin/bed-init"), init);
  await chmod(join(root, "sbin/bed-init"), 0o755);
  await mkdir(join(root, "etc/haproxy/lotse.d"), { recursive: true });
  await writeFile(join(root, "etc/default/haproxy"), haproxyDefaults);
  // Each host gets a key of its own when it is made.
  for (const kind of ["rsa", "ecdsa", "ed25519"]) {
    for (const end of ["", ".pub"])
      await rm(join(root, `etc/ssh/ssh_host_${kind}_key${end}`), { force: true });
  }
  await run("/usr/bin/tar", ["-C", root, "-cf", join(work, "root.tar"), "."], 300_000);
}

/**
 * Makes the file system of a host, a Debian with systemd, sshd and HAProxy, where there is none yet.
 *
 * @param cache - the directory to keep it in; see {@link cacheDirectory}
 * @returns the path of the archive. The first time takes one to two minutes and a Debian mirror
 */
export async function provideImage(cache: string): Promise<string> {
  const key = createHash("sha256")
    .update(JSON.stringify([suite, included, init, haproxyDefaults]))
    .digest("hex")
    .slice(0, 16);
  const archive = join(cache, `${suite}-${key}.tar`);
  if (await exists(archive)) return archive;
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(cache, "build-"));
  try {
    await build(work);
    await rename(join(work, "root.tar"), archive);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return archive;
}
