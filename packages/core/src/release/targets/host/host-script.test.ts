import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packSmall } from "./archive.ts";
import { formatBalancerFile } from "./haproxy.ts";
import { remoteProgram } from "./program.ts";
import { parseHostSpec } from "./spec.ts";
import { noUnit, oneShotUnit } from "./unit.ts";

// The program of hosts under `sh`, in a directory instead of /var/lib/lotse, with doubles for what needs a real
// host: systemctl, chown, haproxy. What they do for real is tried on the test bed of hosts.
const doubles: Readonly<Record<string, string>> = {
  systemctl:
    'echo "$@" >>"$LOTSE_ROOT/../systemctl.log"; case "$*" in *ActiveState*--value*) echo inactive;; esac',
  chown: ":",
  haproxy: ":",
  journalctl: ":",
};
const me = execFileSync("id", ["-un"], { encoding: "utf8" }).trim();
const { text } = await remoteProgram();

describe("the program of hosts", () => {
  let directory: string;
  let home: string;

  const call = (words: readonly string[], input: string | Buffer = "", shell = ["sh"]) => {
    const [program = "sh", ...rest] = shell;
    const result = spawnSync(program, [...rest, join(directory, "lotse-host"), ...words], {
      input,
      encoding: "utf8",
      env: environment(),
    });
    return { status: result.status, stdout: result.stdout, stderr: result.stderr };
  };
  const environment = (): NodeJS.ProcessEnv => ({
    LOTSE_ROOT: join(directory, "root"),
    LOTSE_UNITS: join(directory, "units"),
    LOTSE_RUNTIME_UNITS: join(directory, "run"),
    LOTSE_TEST_PATH: join(directory, "doubles"),
  });
  const lock = (fence = "1", owner = "me", ttl = "60") => ["prod", "acme", owner, fence, ttl];
  const archive = () =>
    packSmall([
      { path: "code", directory: true },
      { path: "code/app.js", mode: 0o644, content: Buffer.from("app") },
      { path: "config.json", mode: 0o600, content: Buffer.from("{}") },
    ]);
  const putRelease = (name: string, { bytes, digest } = archive()) =>
    call(["put-release", ...lock(), name, digest, me], bytes);
  const putSlot = (colour: string, release: string, keep = "3") => {
    const member = (path: string, content: string) => ({ path, mode: 0o600, content: Buffer.from(content) });
    const { bytes, digest } = packSmall([
      member("unit", "[Service]\n"),
      member("meta", "{}\n"),
      member("release", `${release}\n`),
      member(".env", ""),
      member("secrets", "hidden-value\n"),
    ]);
    return call(["put-slot", ...lock(), colour, me, digest, keep], bytes);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "lotse-script-"));
    home = join(directory, "root/tenants/prod/acme");
    for (const name of ["doubles", "units"]) mkdirSync(join(directory, name));
    for (const [name, body] of Object.entries(doubles)) {
      writeFileSync(join(directory, "doubles", name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(directory, "doubles", name), 0o755);
    }
    writeFileSync(join(directory, "lotse-host"), text);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("has nothing that shellcheck finds", () => {
    const result = spawnSync("/usr/bin/shellcheck", ["--shell=sh", join(directory, "lotse-host")], {
      encoding: "utf8",
    });
    expect([result.status, result.stdout]).toEqual([0, ""]);
  });

  it.each([["sh"], ["busybox", "sh"]])("runs under %s %s", (...shell) => {
    const words = shell.filter((word) => word !== undefined);
    expect(spawnSync(words[0] ?? "", ["--help"]).error).toBeUndefined();
    expect(call(["weights", ...lock(), "100", "0"], "", words)).toMatchObject({ status: 0 });
    expect(call(["state", "prod", "acme"], "", words).stdout).toContain("weights 100 0\n");
    expect(call(["weights", ...lock("0"), "0", "100"], "", words).status).toBe(77);
  });

  it.each([
    ["no operation", []],
    ["an unknown one", ["sh", "-c", "x"]],
    ["too few words", ["start", "prod", "acme"]],
    ["a tenant that climbs", ["state", "prod", "../x"]],
    ["a tenant that is hidden", ["state", "prod", ".x"]],
    ["a tenant like an option", ["state", "prod", "-rf"]],
    ["a tenant with a line end", ["state", "prod", "a\nb"]],
    ["a tenant with a command", ["state", "prod", "$(reboot)"]],
    ["a tenant with a specifier", ["state", "prod", "%n"]],
    ["an empty tenant", ["state", "prod", ""]],
    ["a colour that is none", ["stop", "prod", "acme", "me", "1", "60", "red"]],
    ["a fence that is none", ["stop", "prod", "acme", "me", "1x", "60", "blue"]],
    ["a digest that is none", ["put-release", "prod", "acme", "me", "1", "60", "r", "abc", "root"]],
  ])("refuses %s, and does nothing", (_, words) => {
    expect(call(words).status).toBe(64);
    expect(existsSync(join(directory, "root"))).toBe(false);
  });

  it("takes a release only whole", () => {
    const { bytes, digest } = archive();
    const cut = call(["put-release", ...lock(), "r1", digest, me], bytes.subarray(0, bytes.length - 9));
    expect([cut.status, readdirSync(join(home, "releases"))]).toEqual([65, []]);
    for (let time = 0; time < 2; time += 1) {
      expect(putRelease("r1")).toMatchObject({ status: 0, stderr: "" });
      expect(readdirSync(join(home, "releases"))).toEqual(["r1"]);
    }
    expect(readFileSync(join(home, "releases/r1/code/app.js"), "utf8")).toBe("app");
    expect(call(["state", "prod", "acme"]).stdout).not.toContain("release r1");
    expect(call(["ready", ...lock(), "r1", me, "uploads"], noUnit).status).toBe(0);
    expect(call(["state", "prod", "acme"]).stdout).toContain("release r1\n");
    expect(readlinkSync(join(home, "releases/r1/code/uploads"))).toBe(join(home, "shared/uploads"));
  });

  it("is ready at once where there is no install step, and takes its code out of the artefact", () => {
    const inner = packSmall([{ path: "app.js", mode: 0o644, content: Buffer.from("built") }]);
    const packed = (content: Uint8Array) =>
      packSmall([
        { path: "unpack", mode: 0o600, content: Buffer.alloc(0) },
        { path: "config.json", mode: 0o600, content: Buffer.from("{}") },
        { path: "artefact", directory: true },
        { path: "artefact/app 1.tar.gz", mode: 0o644, content },
      ]);
    const put = (name: string, { bytes, digest }: ReturnType<typeof packSmall>) =>
      call(["put-release", ...lock(), name, digest, me, "ready", "uploads"], bytes);
    expect(put("r1", packed(inner.bytes))).toMatchObject({ status: 0, stderr: "" });
    expect(readdirSync(join(home, "releases/r1")).sort()).toEqual(
      [".ready", "artefact", "code", "config.json"].sort(),
    );
    expect(readFileSync(join(home, "releases/r1/code/app.js"), "utf8")).toBe("built");
    expect(readlinkSync(join(home, "releases/r1/code/uploads"))).toBe(join(home, "shared/uploads"));
    expect(call(["state", "prod", "acme"]).stdout).toContain("release r1\n");
    // The service's user goes through, and sees nothing but what it is given.
    expect(statSync(join(home, "shared")).mode & 0o777).toBe(0o711);
    expect(put("r2", packed(Buffer.from("no archive")))).toMatchObject({
      status: 65,
      stderr: expect.stringContaining("cannot unpack the artefact") as string,
    });
    execFileSync("mkfifo", [join(directory, "pipe")]);
    const odd = execFileSync("tar", ["-C", directory, "-c", "pipe"]);
    expect(put("r2", packed(odd))).toMatchObject({
      status: 65,
      stderr: expect.stringContaining("neither a file") as string,
    });
    expect(readdirSync(join(home, "releases"))).toEqual(["r1"]);
    expect(call(["put-release", ...lock(), "r3", archive().digest, me, "soon"], archive().bytes).status).toBe(
      64,
    );
  });

  it("tells whether something takes connections on a colour's port", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const listens = (colour: string) => call(["listens", "prod", "acme", colour]).stdout;
    expect(listens("blue")).toBe("");
    expect(putRelease("r1").status).toBe(0);
    writeFileSync(join(home, "ports"), `${port} 1\n`);
    expect([listens("blue"), listens("green")]).toEqual(["yes\n", ""]);
    server.close();
    await once(server, "close");
    expect(listens("blue")).toBe("");
  });

  it("takes a release anew whose code a command may have changed", () => {
    expect(putRelease("r1").status).toBe(0);
    expect(call(["ready", ...lock(), "r1", me], noUnit).status).toBe(0);
    const code = join(home, "releases/r1/code/app.js");
    writeFileSync(code, "changed");
    writeFileSync(join(home, "releases/r1/.touched"), "");
    expect(call(["state", "prod", "acme"]).stdout).not.toContain("release r1");
    expect(putRelease("r1").status).toBe(0);
    expect(readFileSync(code, "utf8")).toBe("app");
  });

  it("refuses a unit that was cut off anywhere, and runs nothing", () => {
    expect(putRelease("r1").status).toBe(0);
    expect(putSlot("blue", "r1").status).toBe(0);
    const unit = oneShotUnit(
      {
        description: "install",
        command: ["npm", "ci"],
        workingDirectory: "/srv",
        user: me,
        environmentFiles: [],
        writable: [],
        limits: parseHostSpec({ type: "host", command: ["node"], hosts: [{ name: "web-1" }] }).limits,
      },
      { timeoutMs: 1000, outputFile: "/dev/null" },
    );
    rmSync(join(directory, "systemctl.log"), { force: true });
    const key = "b".repeat(64);
    for (const length of [0, unit.indexOf("ExecStart=") + 20, unit.indexOf("User="), unit.length - 2]) {
      const part = unit.slice(0, length);
      expect(call(["ready", ...lock(), "r1", me], part)).toMatchObject({ status: 65 });
      expect(call(["hook", ...lock(), "blue", key], part)).toMatchObject({ status: 65 });
    }
    expect(existsSync(join(directory, "systemctl.log"))).toBe(false);
    expect(call(["state", "prod", "acme"]).stdout).not.toContain("release r1");
  });

  it("keeps of what a command writes no more than is read, and no half line", () => {
    expect(putRelease("r1").status).toBe(0);
    expect(putSlot("blue", "r1").status).toBe(0);
    const key = "a".repeat(64);
    const kept = (raw: string): string => {
      writeFileSync(join(home, "keys", `${key}.raw`), raw);
      expect(call(["hook-ended", "prod", "acme", "blue", key]).status).toBe(0);
      return readFileSync(join(home, "keys", `${key}.out`), "utf8");
    };
    expect(kept(`one\nhidden-value\n`)).toBe("one\n[redacted]\n");
    expect(kept(`${"hidden-value".repeat(20_000)}\nlast\n`)).toBe("last\n");
    expect(kept("x".repeat(200_000))).toBe("");
  });

  it("keeps the files of a slot to the service alone, and removes them with the slot", () => {
    const member = (path: string, content: string) => ({ path, mode: 0o644, content: Buffer.from(content) });
    const { bytes, digest } = packSmall([
      ...["unit", "meta", ".env", "secrets", "release"].map((name) => member(name, "r1\n")),
      { path: "files", directory: true },
      { path: "files/etc", directory: true },
      member("files/etc/app.conf", "secret"),
    ]);
    for (const name of ["r1", "r2", "r3"]) expect(putRelease(name).status).toBe(0);
    expect(call(["put-slot", ...lock(), "blue", me, digest, "1"], bytes)).toMatchObject({ status: 0 });
    const mode = (path: string) => statSync(join(home, "slots/blue", path)).mode & 0o777;
    expect([mode("files"), mode("files/etc"), mode("files/etc/app.conf"), mode(".env")]).toEqual([
      0o700, 0o700, 0o600, 0o600,
    ]);
    // It pruned as well: what is in the slot, and one more.
    expect(readdirSync(join(home, "releases"))).toHaveLength(2);
    expect(call(["retire", ...lock(), "blue"]).status).toBe(0);
    expect(existsSync(join(home, "slots/blue"))).toBe(false);
  });

  it("has systemd read its units again only where it knows other ones", () => {
    const answers = (load: string) => {
      const body = `echo "$@" >>"$LOTSE_ROOT/../systemctl.log"; case "$*" in *NeedDaemonReload*) printf '${load}';; esac`;
      writeFileSync(join(directory, "doubles/systemctl"), `#!/bin/sh\n${body}\n`);
    };
    const reloads = () =>
      readFileSync(join(directory, "systemctl.log"), "utf8")
        .split("\n")
        .filter((line) => line === "daemon-reload");
    expect(putRelease("r1").status).toBe(0);
    answers("LoadState=loaded\\nNeedDaemonReload=no\\n");
    expect(putSlot("blue", "r1").status).toBe(0);
    expect(reloads()).toHaveLength(0);
    for (const [index, load] of [
      "LoadState=loaded\\nNeedDaemonReload=yes\\n",
      "LoadState=not-found\\nNeedDaemonReload=no\\n",
      "",
    ].entries()) {
      answers(load);
      expect(putSlot("blue", "r1").status).toBe(0);
      expect(reloads()).toHaveLength(index + 1);
    }
  });

  it("sweeps what a killed upload left", async () => {
    const { digest } = archive();
    const words = ["put-release", ...lock(), "r1", digest, me];
    const child = spawn("sh", [join(directory, "lotse-host"), ...words], {
      env: environment(),
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.stdin.on("error", () => undefined);
    child.stdin.write("part of it");
    const partial = () => (existsSync(join(home, "releases")) ? readdirSync(join(home, "releases")) : []);
    while (partial().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGKILL");
    await once(child, "exit");
    // The one that writes lives on until its pipe is closed.
    child.stdin.destroy();
    expect(partial()).toHaveLength(1);
    expect(putRelease("r2").status).toBe(0);
    expect(partial()).toEqual(["r2"]);
  });

  it("refuses an older fence, another owner, and an owner that lost the lock", () => {
    const weights = (...by: Parameters<typeof lock>) => call(["weights", ...lock(...by), "100", "0"]).status;
    expect(weights("5")).toBe(0);
    expect(weights("4")).toBe(77);
    expect(weights("-")).toBe(0);
    expect(weights("1", "other")).toBe(75);
    expect(weights("5", "me", "0")).toBe(0);
    expect(weights("1", "other", "0")).toBe(0);
    // Its lock was taken over; only a new one, by a higher fence, counts.
    expect(weights("5", "me", "0")).toBe(77);
    expect(weights("6", "me", "0")).toBe(0);
  });

  it("keeps what has traffic, what is current and what is in a slot", () => {
    for (const name of ["r1", "r2", "r3", "r4"]) expect(putRelease(name).status).toBe(0);
    expect(putSlot("blue", "r1").status).toBe(0);
    expect(putSlot("green", "r2").status).toBe(0);
    expect(call(["weights", ...lock(), "100", "0"]).status).toBe(0);
    expect(readlinkSync(join(home, "current"))).toBe("releases/r1");
    expect(putSlot("blue", "r3").status).toBe(78);
    for (const operation of ["stop", "retire"]) expect(call([operation, ...lock(), "blue"]).status).toBe(78);
    expect(putSlot("green", "r2", "0").status).toBe(0);
    expect(readdirSync(join(home, "releases")).sort()).toEqual(["r1", "r2"]);
    expect(call(["retire", ...lock(), "green"]).status).toBe(0);
    expect(existsSync(join(home, "slots/green"))).toBe(false);
  });

  it("switches current so that a reader never misses it", async () => {
    for (const name of ["r1", "r2"]) expect(putRelease(name).status).toBe(0);
    expect(putSlot("blue", "r1").status).toBe(0);
    expect(putSlot("green", "r2").status).toBe(0);
    expect(call(["weights", ...lock(), "100", "0"]).status).toBe(0);
    const switches = `for i in 1 2 3 4 5 6 7 8; do sh ${directory}/lotse-host weights ${lock().join(" ")} 0 100; sh ${directory}/lotse-host weights ${lock().join(" ")} 100 0; done`;
    const child = spawn("sh", ["-c", switches], {
      env: { ...process.env, ...environment() },
      stdio: "ignore",
    });
    const ended = once(child, "exit");
    const seen = new Set<string>();
    let reads = 0;
    while (child.exitCode === null) {
      for (let burst = 0; burst < 200; burst += 1) {
        expect(readFileSync(join(home, "current/code/app.js"), "utf8")).toBe("app");
        seen.add(readlinkSync(join(home, "current")));
        reads += 1;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await ended;
    expect([...seen].sort()).toEqual(["releases/r1", "releases/r2"]);
    expect(reads).toBeGreaterThan(1000);
  });

  it("gives each tenant ports of its own, and the same each time", () => {
    const of = (tenant: string) =>
      call(["ports", "prod", tenant, "me", "1", "60", "39000", "39099"]).stdout.trim();
    const [first, second] = [of("acme"), of("zen")];
    expect(of("acme")).toBe(first);
    expect(new Set([...first.split(" "), ...second.split(" ")]).size).toBe(4);
    const full = call(["ports", "prod", "more", "me", "1", "60", "39000", "39000"]);
    expect([full.status, full.stderr]).toEqual([69, expect.stringContaining("no port")]);
  });

  it("notices a damaged file of the balancer and repairs it from its copy", () => {
    const spec = parseHostSpec({ type: "host", hosts: [{ name: "web-1" }], command: ["x"] });
    const file = formatBalancerFile({
      scope: { environment: "prod", tenant: "acme" },
      spec,
      port: 20_000,
      servers: [],
    });
    const [place, copies] = [join(directory, "lb"), join(directory, "root/balancer")];
    for (const path of [place, copies]) {
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, "prod:acme.cfg"), file);
    }
    const state = () => call(["lb-state", "prod", "acme", place, "/no/socket", "/no/master"]).stdout;
    expect(state()).toMatch(/^file \*:20000$/mu);
    writeFileSync(join(place, "prod:acme.cfg"), file.slice(0, -200));
    expect(state()).toMatch(/^damaged .*\n(?:.*\n)?file \*:20000$/mu);
    expect(call(["lb-repair", place]).status).toBe(0);
    expect(readFileSync(join(place, "prod:acme.cfg"), "utf8")).toBe(file);
    // Where the copy is damaged too, nothing is made up.
    for (const path of [place, copies]) writeFileSync(join(path, "prod:acme.cfg"), "x");
    expect(call(["lb-repair", place]).status).toBe(0);
    expect(state()).not.toMatch(/^file/mu);
    expect(createHash("sha256").update(file).digest("hex")).toHaveLength(64);
  });
});
