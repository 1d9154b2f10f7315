/* oxlint-disable max-lines-per-function -- a suite is one function */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Sensitive } from "@lotse/core/kernel";
import type { Slot, TenantScope } from "../../../packages/core/src/release/names.ts";
import type { TenantInput } from "../../../packages/core/src/release/stage.ts";
import type { Payload } from "../../../packages/core/src/release/target.ts";
import {
  playStrategy,
  strategyExpected,
  strategyFiles,
  type StrategyStage,
} from "../../../packages/core/src/release/testing/strategy-cases.ts";
import { get } from "../../../packages/core/src/release/testing/test-workspace.ts";
import { allTo } from "../../../packages/core/src/release/weights.ts";
import type { HostTarget } from "../../../packages/core/src/release/targets/host/host-target.ts";
import { startHostBed, type HostBed } from "../index.ts";
import { BedWorkspace, bedSpec, environment } from "./bed-workspace.ts";

const execute = promisify(execFile);
const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
const shell = (script: string): readonly string[] => ["sh", "-c", script];
const onFirst = { hosts: ["web-1"] };

describe("what a description of hosts can ask for", () => {
  let bed: HostBed;
  let workspace: BedWorkspace;
  let tarball: Buffer;
  let server: Server;
  let count = 0;

  const run = async (program: string, args: readonly string[]): Promise<string> =>
    (await execute(program, args)).stdout.trim();
  const app = (): string => join(workspace.workspace.directory, "app");

  /** A release with a description of its own, for a tenant of its own. */
  const place = async (
    spec: Readonly<Record<string, unknown>>,
    more: {
      readonly artefact?: string;
      readonly rendered?: TenantInput["rendered"];
      readonly context?: {};
    } = {},
  ): Promise<{ scope: TenantScope; blue: Slot; green: Slot; target: HostTarget; payload: Payload }> => {
    count += 1;
    const scope = { environment, tenant: `x${count}` };
    const { releases } = workspace.workspace;
    const tenant: TenantInput = {
      configText: JSON.stringify({ count }),
      ...(more.rendered === undefined ? {} : { rendered: more.rendered }),
    };
    const target = bedSpec(bed, spec);
    const { release } = await releases.create(
      {
        version: `1.0.${count}`,
        codeDirectory: app(),
        configurations: { [environment]: { [scope.tenant]: tenant } },
        target: target as { type: string },
        ...(more.artefact === undefined ? {} : { artefact: { file: more.artefact } }),
      },
      { kind: "user", id: "tester" },
    );
    const payload: Payload = {
      release: release.id,
      version: release.version,
      spec: release.target,
      materialise: (directory) => releases.materialise(release, scope, directory),
      files: () =>
        releases.filesOf(release, scope, async (_, bytes) => {
          const filled = Buffer.from(Buffer.from(bytes).toString().replace("REF", "s3cret"));
          return Promise.resolve(new Sensitive({ bytes: filled, secrets: ["s3cret"] }));
        }),
    };
    const slot = (colour: "blue" | "green"): Slot => ({ ...scope, colour });
    return { scope, blue: slot("blue"), green: slot("green"), target: workspace.target({}, spec), payload };
  };
  const bringUp = async (target: HostTarget, slot: Slot, payload: Payload): Promise<void> => {
    await target.prepare(slot, payload);
    await target.start(slot);
    await target.waitHealthy(slot);
  };
  const serves = async (target: HostTarget, slot: Slot, payload: Payload): Promise<string> => {
    await bringUp(target, slot, payload);
    await target.route(slot, allTo(slot.colour));
    const { url } = await target.inspect(slot);
    return (JSON.parse((await get(url ?? "")).body) as { version: string }).version;
  };

  beforeAll(async () => {
    workspace = await BedWorkspace.make({} as HostBed);
    const scratch = join(workspace.workspace.directory, "sources");
    await mkdir(scratch);
    const git = (...args: string[]): Promise<string> =>
      run("git", ["-c", "user.name=t", "-c", "user.email=t@localhost", ...args]);
    await git("init", "--quiet", "--bare", join(scratch, "app.git"));
    await git("init", "--quiet", join(scratch, "tree"));
    await run("cp", [join(app(), "tiny-app.ts"), join(scratch, "tree")]);
    await git("-C", join(scratch, "tree"), "add", ".");
    await git("-C", join(scratch, "tree"), "commit", "--quiet", "-m", "app");
    await git(
      "-C",
      join(scratch, "tree"),
      "push",
      "--quiet",
      join(scratch, "app.git"),
      "HEAD:refs/heads/main",
    );
    await run("tar", ["-czf", join(scratch, "app.tar.gz"), "-C", app(), "."]);
    tarball = await readFile(join(scratch, "app.tar.gz"));
    bed = await startHostBed({ hosts: 2, mounts: { "/srv/sources": scratch } });
    (workspace as { bed: HostBed }).bed = bed;
    server = createServer((_, response) => response.end(tarball)).listen(0, bed.gateway);
    await once(server, "listening");
  });
  afterAll(async () => {
    server?.close();
    await workspace?.dispose();
    await bed?.stop();
  });

  it("rendered files and the artefact reach the service; secrets stay on no disk here", async () => {
    const artefact = join(workspace.workspace.directory, "sources/app.tar.gz");
    const rendered = [
      {
        path: "etc/app.conf",
        bytes: Buffer.from("password=REF\n"),
        secret: true,
        secrets: ["ref"],
        template: "app.conf",
      },
    ];
    const { blue, scope, target, payload } = await place({}, { artefact, rendered });
    let work = "";
    let here: readonly string[] | undefined;
    const watched: Payload = {
      ...payload,
      materialise: async (directory) => {
        work = dirname(directory);
        return payload.materialise(directory);
      },
      // Asked for when all is packed: what a crash would leave on this machine.
      files: async () => {
        const filled = await payload.files?.();
        const names = await readdir(work, { recursive: true, withFileTypes: true });
        here = names.filter((entry) => entry.isFile()).map(({ name }) => name);
        return filled ?? new Sensitive({ files: [], secrets: [] });
      },
    };
    await target.prepare(blue, watched);
    expect(here).toEqual(expect.arrayContaining(["config.json", "release.tar.gz"]));
    expect([here?.includes("app.conf"), existsSync(work)]).toEqual([false, false]);
    const told = await target.run(
      blue,
      shell(
        'cat "$LOTSE_FILES/etc/app.conf"; sha256sum <"$LOTSE_FILES/etc/app.conf"; stat -c "%a %U" "$LOTSE_FILES/etc/app.conf"; id -un; sha256sum <"$LOTSE_ARTEFACT"',
      ),
      onFirst,
    );
    const user = /^lotse-[0-9a-f]{16}$/mu.exec(told)?.[0];
    // The command may read it, and what it tells of it is not told further.
    expect(told.split("\n")).toEqual([
      "password=[redacted]",
      `${sha256(Buffer.from("password=s3cret\n"))}  -`,
      `600 ${user}`,
      user,
      `${sha256(tarball)}  -`,
    ]);
    await target.retire(blue);
    const home = `/var/lib/lotse/tenants/prod/${scope.tenant}`;
    const count = `cat $(find ${home}/slots ${home}/releases -type f) | grep -c s3cret || true`;
    expect((await bed.exec("web-1", ["sh", "-c", count])).stdout.trim()).toBe("0");
  });

  it("the artefact is the code where the description says so", async () => {
    const artefact = join(workspace.workspace.directory, "sources/app.tar.gz");
    const { blue, target, payload } = await place({ artefact: { from: "artefact" } }, { artefact });
    expect(await serves(target, blue, payload)).toBe(payload.version);
    const none = await place({ artefact: { from: "artefact" } });
    await expect(none.target.prepare(none.blue, none.payload)).rejects.toMatchObject({ code: "target.spec" });
    const file = join(workspace.workspace.directory, "sources/no-archive");
    await writeFile(file, "plain");
    const bad = await place({ artefact: { from: "artefact" } }, { artefact: file });
    await expect(bad.target.prepare(bad.blue, bad.payload)).rejects.toThrowError(
      /cannot unpack the artefact/u,
    );
  });

  it("hosts fetch a commit of git, and run the install step once as the service's user", async () => {
    const url = "file:///srv/sources/app.git";
    const repository = join(workspace.workspace.directory, "sources/app.git");
    const commit = await run("git", ["-C", repository, "rev-parse", "main"]);
    const install = ["sh", "-c", "id -un >>installed"];
    const { blue, green, target, payload } = await place({ artefact: { from: "git", url, commit }, install });
    expect(await serves(target, blue, payload)).toBe(payload.version);
    const told = await target.run(blue, shell("cat installed; id -un; ls -a"), onFirst);
    const [installer, user, ...names] = told.split("\n");
    expect([installer, names.includes(".git")]).toEqual([user, false]);
    for (let time = 0; time < 2; time += 1) await target.prepare(green, payload);
    expect(await target.run(green, shell("wc -l <installed"), onFirst)).toBe("1");
    const missing = await place({ artefact: { from: "git", url, commit: "0".repeat(40) } });
    await expect(missing.target.prepare(missing.blue, missing.payload)).rejects.toThrowError(/cannot fetch/u);
    const failing = await place({ install: ["sh", "-c", "echo no compiler >&2; exit 7"] });
    await expect(failing.target.prepare(failing.blue, failing.payload)).rejects.toMatchObject({
      code: "target.start",
      message: expect.stringContaining("no compiler") as string,
    });
  });

  it("hosts fetch a tarball, and refuse one with another digest", async () => {
    const { port } = server.address() as AddressInfo;
    const url = `http://${bed.gateway}:${port}/app.tar.gz`;
    const good = await place({ artefact: { from: "tarball", url, sha256: sha256(tarball) } });
    expect(await serves(good.target, good.blue, good.payload)).toBe(good.payload.version);
    const bad = await place({ artefact: { from: "tarball", url, sha256: "0".repeat(64) } });
    await expect(bad.target.prepare(bad.blue, bad.payload)).rejects.toThrowError(/the digest is another/u);
  });

  it("each host may have a balancer of its own", async () => {
    const { blue, target, payload } = await place({ balancer: { hosts: "each" } });
    await serves(target, blue, payload);
    const { url } = await target.inspect(blue);
    const { port } = new URL(url ?? "");
    for (const { address } of bed.hosts) expect((await get(`http://${address}:${port}/`)).status).toBe(200);
  });

  it.each([
    ["tcp", { kind: "tcp" }, { kind: "tcp", "deadline-ms": 1500 }],
    ["systemd", { kind: "systemd" }, null],
    [
      "a command",
      { kind: "command", run: ["true"] },
      { kind: "command", run: ["false"], "deadline-ms": 1500 },
    ],
  ])("health may be asked by %s", async (_, good, bad) => {
    const { blue, target, payload } = await place({ health: good });
    await bringUp(target, blue, payload);
    const asleep = { command: ["sleep", "600"] };
    const crashes = { command: ["false"], health: { ...good, "deadline-ms": 5000 } };
    const ill = await place(bad === null ? crashes : { ...asleep, health: bad });
    await ill.target.prepare(ill.blue, ill.payload);
    await ill.target.start(ill.blue);
    await expect(ill.target.waitHealthy(ill.blue)).rejects.toMatchObject({
      code: bad === null ? "target.start" : "target.unhealthy",
    });
    await ill.target.retire(ill.blue);
  });

  it("a user other than root becomes root by sudo", async () => {
    const setUp = [
      "useradd --create-home deployer",
      "mkdir -m 700 ~deployer/.ssh",
      "cp /root/.ssh/authorized_keys ~deployer/.ssh/",
      "chown -R deployer: ~deployer/.ssh",
      "echo 'deployer ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/deployer",
    ].join(" && ");
    for (const { name } of bed.hosts) await bed.exec(name, ["bash", "-c", setUp]);
    const hosts = bed.hosts.map(({ name, address }) => ({ name, internal: address, user: "deployer" }));
    const ssh = { config: bed.sshConfigFile, sudo: true };
    const balancer = { hosts: hosts.slice(0, 1) };
    const { blue, target, payload } = await place({ hosts, ssh, balancer });
    expect(await serves(target, blue, payload)).toBe(payload.version);
    const refused = workspace.target({}, { hosts, ssh: { config: bed.sshConfigFile }, balancer });
    await expect(refused.start(blue)).rejects.toMatchObject({ code: "target.host" });
  });

  it("what releases share is kept from one to the next, and is the service's to write", async () => {
    const { blue, green, target, payload } = await place({ shared: ["uploads"] });
    expect(await serves(target, blue, payload)).toBe(payload.version);
    await target.run(blue, shell("echo kept >uploads/file"), onFirst);
    await bringUp(target, green, { ...payload, release: `2${payload.release.slice(1)}` });
    expect(await target.run(green, shell("cat uploads/file"), onFirst)).toBe("kept");
  });

  it("a host is reached through another one, by a key of the agent; the keys of both are checked", async () => {
    const scratch = await mkdtemp(join(tmpdir(), "lotse-agent-"));
    const socket = join(scratch, "agent");
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    try {
      const known = bed.sshConfigFile.replace("ssh_config", "known_hosts");
      const text = await readFile(bed.sshConfigFile, "utf8");
      const identity = /IdentityFile (.*)/u.exec(text)?.[1] ?? "";
      while (!existsSync(socket)) await sleep(20);
      await execute("ssh-add", [identity], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      vi.stubEnv("SSH_AUTH_SOCK", socket);
      const config = join(scratch, "ssh_config");
      await writeFile(config, text.replaceAll(/^ +(IdentityFile|IdentitiesOnly|UserKnown).*\n/gmu, ""));
      const [first, second] = bed.hosts;
      const hosts = [{ name: "web-2", internal: second?.address, jump: "web-1" }];
      const through = (knownHosts: string): HostTarget =>
        workspace.target({}, { hosts, balancer: { hosts }, ssh: { config, "known-hosts": knownHosts } });
      const scope = { environment, tenant: "through" };
      expect((await through(known).inspect(scope)).unreachable).toEqual({});
      const { stdout } = await bed.exec("web-2", ["journalctl", "--quiet", "--output=cat"]);
      expect(stdout).toContain(`Accepted publickey for root from ${first?.address} `);
      const lines = (await readFile(known, "utf8")).split("\n");
      const fewer = join(scratch, "known_hosts");
      await writeFile(fewer, lines.filter((line) => !line.startsWith(`${first?.address} `)).join("\n"));
      expect(Object.keys((await through(fewer).inspect(scope)).unreachable)).toEqual(["web-2"]);
    } finally {
      vi.unstubAllEnvs();
      agent.kill();
      await rm(scratch, { recursive: true });
    }
  });

  it.each(Object.entries(strategyFiles))("%s, from the same file as on every target", async (name, file) => {
    const target = workspace.target();
    const scope = { environment, tenant: `by-${name}` };
    let url: string | null = null;
    const stage: StrategyStage = {
      deploy: async (version, how, strategy) => {
        const variables = { CASE: name, ...(how === "bad" ? { TINY_CRASH: "1" } : {}) };
        const tenants = [scope.tenant];
        const { workspace: inner } = workspace;
        const release = await inner.release(`${version}-${name}`, variables, tenants, bedSpec(bed));
        return inner.deploy(release, { tenants, strategy, target });
      },
      ask: async () => {
        url ??= (await target.inspect(scope)).url;
        const answer = url === null ? null : await get(url).catch(() => null);
        if (answer?.status !== 200) return null;
        return (JSON.parse(answer.body) as { version: string }).version.replace(`-${name}`, "");
      },
    };
    const shown = await playStrategy(stage, file);
    expect(shown).toEqual({ ...strategyExpected, unbroken: name !== "recreate" });
  });

  it("fifty tenants are asked about at once over one connection to each host", async () => {
    const target = workspace.target({});
    const logins = async (): Promise<number> => {
      const { stdout } = await bed.exec("web-2", ["journalctl", "--quiet", "--output=cat"]);
      return stdout.split("\n").filter((line) => line.startsWith("Accepted publickey")).length;
    };
    await target.inspect({ environment, tenant: "many" });
    const before = await logins();
    const scopes = Array.from({ length: 50 }, (_, at) => ({ environment, tenant: `many-${at}` }));
    const states = await Promise.all(scopes.map((scope) => target.inspect(scope)));
    expect(states.map(({ colours }) => colours)).toEqual(scopes.map(() => []));
    expect(before).toBeGreaterThan(0);
    expect(await logins()).toBe(before);
  });

  it("keeps as many releases as the description says", async () => {
    const { scope, blue, target, payload } = await place({ keep: 1 });
    for (let time = 0; time < 4; time += 1) {
      await target.prepare(blue, { ...payload, release: `${time}${payload.release}` });
    }
    const { stdout } = await bed.exec("web-1", [
      "ls",
      `/var/lib/lotse/tenants/prod/${scope.tenant}/releases`,
    ]);
    expect(stdout.trim().split("\n")).toHaveLength(2);
  });

  it("a host that the description leaves out loses the traffic, is told of, and ended with the old colour", async () => {
    const { scope, blue, green, target, payload } = await place({});
    await serves(target, blue, payload);
    const hosts = bed.hosts.slice(0, 1).map(({ name, address }) => ({ name, internal: address }));
    const fewer = workspace.target({}, { hosts });
    const state = async (): Promise<string> => {
      const unit = `lotse:prod:${scope.tenant}:blue.service`;
      const { stdout } = await bed.exec("web-2", ["systemctl", "show", "-p", "ActiveState", "--value", unit]);
      return stdout.trim();
    };
    const { colours } = await fewer.inspect(scope);
    expect(colours.map(({ detail }) => detail["formerHosts"])).toEqual(["web-2"]);
    await serves(fewer, green, { ...payload, spec: { ...(payload.spec as object), hosts } });
    expect(Object.keys((await fewer.inspect(scope)).traffic)).toEqual(["web-1"]);
    expect(await state()).toBe("active");
    await fewer.retire(blue);
    expect(await state()).toBe("inactive");
  });
});
