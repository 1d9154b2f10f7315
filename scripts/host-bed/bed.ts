import { mkdtemp, readFile, rm } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { startEngine, type ContainerEngine } from "./engine.ts";
import { HostContainer, type BedHost } from "./host.ts";
import { cacheDirectory, provideImage } from "./image.ts";
import { makeKey, writeSshFiles } from "./keys.ts";
import { programs, requirePrograms, run, type Ran } from "./programs.ts";
import { bedPrefix, forwardRule, noteOwner, sweepBeds } from "./sweep.ts";

const networkName = "bed";
const imageName = "lotse-host";

/** What {@link startHostBed} is asked for. */
export interface BedOptions {
  /** How many hosts; they are called `web-1`, `web-2`, and so on. */
  readonly hosts: number;
  /** Size of the disk under `/var/lib/lotse` of each host; it is kept in memory. @defaultValue 512 */
  readonly diskMb?: number;
  /** Further files or directories of this machine that hosts see, read-only: path on the host → path here. */
  readonly mounts?: Readonly<Record<string, string>>;
}

/** Real hosts with systemd, sshd, HAProxy and Node.js (`/usr/local/bin/node`), and ways to hurt them. */
export interface HostBed {
  readonly hosts: readonly BedHost[];
  /** An `ssh_config` that knows the hosts by name, with identity and `known_hosts`. */
  readonly sshConfigFile: string;
  /** The address of this machine as the hosts see it. */
  readonly gateway: string;
  /** Runs a command on a host as root, past ssh. */
  exec(host: string, command: readonly string[], timeoutMs?: number): Promise<Ran>;
  /** Freezes a host; {@link resume} lets it go on. */
  pause(host: string): Promise<void>;
  resume(host: string): Promise<void>;
  /** Takes a host off the network; {@link connect} puts it back. */
  disconnect(host: string): Promise<void>;
  connect(host: string): Promise<void>;
  /** Starts a host anew and waits until it answers. `hard` is like pulling the plug. */
  reboot(host: string, options?: { readonly hard?: boolean }): Promise<void>;
  /** Fills the disk under `/var/lib/lotse` but for so many KiB; {@link freeDisk} undoes it. @defaultValue 0 */
  fillDisk(host: string, leaveKb?: number): Promise<void>;
  freeDisk(host: string): Promise<void>;
  /** Gives a host another host key than `known_hosts` has; what comes back undoes it. */
  changeHostKey(host: string): Promise<() => Promise<void>>;
  /** Removes everything the bed made, but for the cached image. May be called twice. */
  stop(): Promise<void>;
}

function isTaken(prefix: string): boolean {
  return Object.values(networkInterfaces()).some((list) =>
    list?.some(({ address }) => address.startsWith(`${prefix}.`)),
  );
}

/** All that {@link startHostBed} made, in the order in which it is to be removed. */
class Teardown {
  readonly #steps: (() => Promise<unknown>)[] = [];

  add(step: () => Promise<unknown>): void {
    this.#steps.unshift(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0)) await step().catch(() => undefined);
  }
}

/** Whether the packet filter sees what goes over bridges. */
async function isFiltered(): Promise<boolean> {
  const setting = await readFile("/proc/sys/net/bridge/bridge-nf-call-iptables", "utf8").catch(() => "0");
  return setting.trim() === "1";
}

/** Makes a network whose addresses nobody on this machine uses, and over which its hosts reach each other. */
async function makeNetwork(engine: ContainerEngine, directory: string, teardown: Teardown): Promise<string> {
  const third = Math.floor(Math.random() * 250);
  const second = 200 + Math.floor(Math.random() * 50);
  const prefix = `10.${second}.${third}`;
  if (isTaken(prefix)) return makeNetwork(engine, directory, teardown);
  const bridge = `bed${second}x${third}`;
  await noteOwner(directory, bridge);
  const name = `com.docker.network.bridge.name=${bridge}`;
  await engine.client(["network", "create", "--subnet", `${prefix}.0/24`, "--opt", name, networkName]);
  teardown.add(() => engine.client(["network", "rm", networkName]));
  if (!(await isFiltered())) return prefix;
  // Another engine on the machine may have told the packet filter to drop what is forwarded.
  const rule = forwardRule(bridge);
  await run(programs.iptables, ["-w", "-I", ...rule]);
  teardown.add(() => run(programs.iptables, ["-w", "-D", ...rule]));
  return prefix;
}

async function startHosts(
  engine: ContainerEngine,
  directory: string,
  options: BedOptions,
  teardown: Teardown,
): Promise<{ hosts: HostContainer[]; prefix: string; identity: string }> {
  const archive = await provideImage(cacheDirectory(process.env));
  const command = 'CMD ["/sbin/bed-init"]';
  await engine.client(["import", "--change", command, archive, imageName], 300_000);
  const prefix = await makeNetwork(engine, directory, teardown);
  const identity = await makeKey(directory, "identity");
  const hosts = Array.from({ length: options.hosts }, (_, index) => {
    const parts = {
      directory,
      network: networkName,
      image: imageName,
      authorized: identity.publicKey,
      diskMb: options.diskMb ?? 512,
      mounts: { "/usr/local/bin/node": process.execPath, ...options.mounts },
    };
    return new HostContainer(engine, `web-${index + 1}`, `${prefix}.${index + 11}`, parts);
  });
  for (const host of hosts) teardown.add(() => host.remove());
  await Promise.all(hosts.map((host) => host.create()));
  return { hosts, prefix, identity: identity.privateFile };
}

/**
 * Starts hosts on this machine, for tests, demonstrations and measurements. Several beds may run at once.
 *
 * @throws LotseError `machine.missing` with the command to run where the machine lacks something
 */
export async function startHostBed(options: BedOptions): Promise<HostBed> {
  requirePrograms();
  await sweepBeds();
  const directory = await mkdtemp(join(tmpdir(), bedPrefix));
  const teardown = new Teardown();
  teardown.add(() => rm(directory, { recursive: true, force: true }));
  try {
    const engine = await startEngine(join(directory, "e"));
    teardown.add(() => engine.stop());
    const { hosts, prefix, identity } = await startHosts(engine, directory, options, teardown);
    return bedOf(hosts, {
      sshConfigFile: await writeSshFiles(directory, hosts, identity),
      gateway: `${prefix}.1`,
      stop: () => teardown.run(),
    });
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

function bedOf(
  hosts: readonly HostContainer[],
  rest: Pick<HostBed, "sshConfigFile" | "gateway" | "stop">,
): HostBed {
  const of = (name: string): HostContainer => {
    const found = hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`the bed has no host ${name}`);
    return found;
  };
  return {
    ...rest,
    hosts,
    exec: (host, command, timeoutMs) => of(host).exec(command, timeoutMs),
    pause: (host) => of(host).pause(),
    resume: (host) => of(host).resume(),
    disconnect: (host) => of(host).disconnect(),
    connect: (host) => of(host).connect(),
    reboot: (host, how) => of(host).reboot(how?.hard === true),
    fillDisk: (host, leaveKb = 0) => of(host).fillDisk(leaveKb),
    freeDisk: (host) => of(host).freeDisk(),
    changeHostKey: (host) => of(host).changeHostKey(),
  };
}
