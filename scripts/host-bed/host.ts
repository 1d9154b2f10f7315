import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerEngine } from "./engine.ts";
import { makeKey, type KeyFiles } from "./keys.ts";
import { programs, run, type Ran } from "./programs.ts";

/** A host of the bed: a Debian with systemd, sshd and HAProxy in a container. */
export interface BedHost {
  /** The name in the bed's `ssh_config`. */
  readonly name: string;
  /** Where it is reached from this machine and from the other hosts. */
  readonly address: string;
  /** Where sshd listens. */
  readonly port: number;
}

/** What is needed to make a host. */
export interface HostParts {
  readonly directory: string;
  readonly network: string;
  readonly image: string;
  /** The public key that may log in as root. */
  readonly authorized: string;
  readonly diskMb: number;
  /** Files of this machine that the host sees, read-only, by their path on the host. */
  readonly mounts: Readonly<Record<string, string>>;
}

const filler = "/var/lib/lotse/filler";

/** One container, and what can be done to it. */
export class HostContainer implements BedHost {
  readonly port = 22;
  readonly name: string;
  readonly address: string;
  hostKey = "";
  readonly #engine: ContainerEngine;
  readonly #parts: HostParts;

  constructor(engine: ContainerEngine, name: string, address: string, parts: HostParts) {
    this.#engine = engine;
    this.name = name;
    this.address = address;
    this.#parts = parts;
  }

  /** Makes and starts it, and waits until sshd can be reached. */
  async create(): Promise<void> {
    await this.#mountDisk();
    const { network, image, mounts } = this.#parts;
    const shared = Object.entries(mounts).flatMap(([to, from]) => ["--volume", `${from}:${to}:ro`]);
    // Everything that systemd needs to keep services apart, and nothing of the machine's own control.
    const rights = ["--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--cgroupns=private"];
    const security = ["--security-opt", "seccomp=unconfined", "--security-opt", "systempaths=unconfined"];
    const memory = ["--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"];
    const place = ["--name", this.name, "--hostname", this.name, "--network", network, "--ip", this.address];
    const files = ["--volume", `${this.#disk}:/var/lib/lotse`, ...shared];
    const options = [...place, ...rights, ...security, ...memory, ...files, "--stop-signal", "SIGRTMIN+3"];
    await this.#engine.client(["create", ...options, image]);
    const key = await makeKey(this.#parts.directory, `host-${this.name}`);
    await this.#giveKey(key);
    await this.#copyIn("authorized_keys", `${this.#parts.authorized}\n`, "/root/.ssh/authorized_keys");
    await this.#engine.client(["start", this.name]);
    await this.waitReady();
  }

  get #disk(): string {
    return join(this.#parts.directory, `disk-${this.name}`);
  }

  async #mountDisk(): Promise<void> {
    await run("/usr/bin/mkdir", ["-p", this.#disk]);
    const options = `size=${this.#parts.diskMb}m,mode=0755`;
    await run(programs.mount, ["-t", "tmpfs", "-o", options, "lotse-bed", this.#disk]);
  }

  async #giveKey({ privateFile, publicKey }: KeyFiles): Promise<void> {
    await this.#engine.client(["cp", privateFile, `${this.name}:/etc/ssh/ssh_host_ed25519_key`]);
    this.hostKey = publicKey;
  }

  /** Copies by way of an archive, so that directories are made and the owner is root. */
  async #copyIn(file: string, content: string, to: string): Promise<void> {
    const staging = join(this.#parts.directory, `in-${this.name}`);
    const parent = to.slice(0, to.lastIndexOf("/"));
    await run("/usr/bin/mkdir", ["-p", "-m", "0700", join(staging, parent)]);
    await writeFile(join(staging, parent, file), content, { mode: 0o600 });
    await this.#engine.client(["cp", `${staging}${parent}/.`, `${this.name}:${parent}`]);
    await rm(staging, { recursive: true, force: true });
  }

  /** Waits until systemd says that it is up and sshd listens. @throws LotseError `machine.exec` after a minute */
  async waitReady(): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        await this.exec(["systemctl", "is-active", "--quiet", "ssh.service", "haproxy.service"]);
        return;
      } catch (error) {
        if (tries >= 300) throw error;
        await sleep(200);
      }
    }
  }

  /** Runs a command in it as root, without ssh. @throws LotseError `machine.exec` when it fails */
  exec(command: readonly string[], timeoutMs?: number): Promise<Ran> {
    return this.#engine.client(["exec", this.name, ...command], timeoutMs);
  }

  /** Freezes everything in it: connections stay open and nobody answers. */
  async pause(): Promise<void> {
    await this.#engine.client(["pause", this.name]);
  }

  async resume(): Promise<void> {
    await this.#engine.client(["unpause", this.name]);
  }

  /** Takes it off the network. */
  async disconnect(): Promise<void> {
    await this.#engine.client(["network", "disconnect", "--force", this.#parts.network, this.name]);
  }

  async connect(): Promise<void> {
    await this.#engine.client(["network", "connect", "--ip", this.address, this.#parts.network, this.name]);
  }

  /** Starts it anew; `hard` is like pulling the plug. Returns when sshd can be reached again. */
  async reboot(hard: boolean): Promise<void> {
    if (hard) await this.#engine.client(["kill", this.name]);
    else await this.#engine.client(["stop", "--time", "20", this.name]);
    await this.#engine.client(["start", this.name]);
    await this.waitReady();
  }

  /** Leaves so many KiB of the disk under `/var/lib/lotse`. */
  async fillDisk(leaveKb: number): Promise<void> {
    const script = `free=$(df -Pk /var/lib/lotse | awk 'NR==2 {print $4}'); fallocate -l "$((free - ${leaveKb}))K" ${filler}`;
    await this.exec(["sh", "-c", script]);
  }

  async freeDisk(): Promise<void> {
    await this.exec(["rm", "-f", filler]);
  }

  /** Gives it another host key, as a machine in the middle would have. `known_hosts` keeps the old one. */
  async changeHostKey(): Promise<() => Promise<void>> {
    const old = join(this.#parts.directory, `host-${this.name}`);
    const other = await makeKey(this.#parts.directory, `other-${this.name}-${Date.now()}`);
    const give = async (file: string): Promise<void> => {
      await this.#engine.client(["cp", file, `${this.name}:/etc/ssh/ssh_host_ed25519_key`]);
      await this.exec(["systemctl", "restart", "ssh.service"]);
    };
    await give(other.privateFile);
    return () => give(old);
  }

  /** Ends and removes it with its disk. */
  async remove(): Promise<void> {
    await this.#engine.client(["unpause", this.name]).catch(() => undefined);
    await this.#engine.client(["rm", "--force", "--volumes", this.name]).catch(() => undefined);
    await run(programs.umount, [this.#disk]).catch(() => undefined);
  }
}
