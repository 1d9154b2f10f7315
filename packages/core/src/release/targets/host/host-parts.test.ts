import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLotseError, LotseError } from "../../../kernel/index.ts";
import { checkWords } from "./argument.ts";
import { makePlace } from "./balancing.ts";
import { formatEnvFile, formatSecretLines } from "./env-file.ts";
import { gather, throwFailed } from "./failures.ts";
import { formatBalancerFile, parseBalancerState } from "./haproxy.ts";
import { parseHostState, stateOf } from "./host-state.ts";
import { sharesOf, type Observation } from "./observe.ts";
import { bindAddressOf, leftOut, parseHostSpec } from "./spec.ts";
import { hostWords, sshOptions } from "./ssh/ssh.ts";
import { tarOf } from "./tar.ts";
import { oneShotUnit, quoteUnitWord, serviceUnit } from "./unit.ts";

const minimal = {
  type: "host",
  hosts: [{ name: "web-1", internal: "10.0.0.1" }],
  command: ["node", "app.js"],
};
const scope = { environment: "prod", tenant: "acme" };
const spec = parseHostSpec(minimal);

describe("description of a host target", () => {
  it.each([
    ["no hosts", { hosts: [] }, "target.hosts"],
    ["a host twice", { hosts: [{ name: "a" }, { name: "a" }] }, "target.hosts"],
    [
      "an option as an address",
      { hosts: [{ name: "a", address: "-oProxyCommand=x" }] },
      "target.hosts.0.address",
    ],
    ["an address with a command", { hosts: [{ name: "a", address: "a;reboot" }] }, "target.hosts.0.address"],
    ["a path that climbs", { balancer: { directory: "/etc/../root" } }, "target.balancer.directory"],
    ["a program that systemd reads as an option", { command: ["+/bin/sh"] }, "target.command"],
    ["a zero byte", { command: ["sh", "a\0b"] }, "target.command.1"],
    [
      "a password in a url",
      { artefact: { from: "git", url: "https://a:b@x.y/z", commit: "a".repeat(40) } },
      "target.artefact.url",
    ],
    [
      "a branch for a commit",
      { artefact: { from: "git", url: "https://x.y/z", commit: "main" } },
      "target.artefact.commit",
    ],
    ["ports in the wrong order", { ports: { first: 3000, last: 2000 } }, "target.ports"],
    ["a shared directory outside", { shared: ["../x"] }, "target.shared.0"],
    ["a health command that is missing", { health: { kind: "command" } }, "target.health.run"],
    ["something unknown", { hots: 1 }, "target"],
  ])("refuses %s", (_, change, path) => {
    try {
      parseHostSpec({ ...minimal, ...change });
      expect.unreachable();
    } catch (error) {
      expect(isLotseError(error) && [error.code, error.where?.path]).toEqual(["target.spec", path]);
    }
  });

  it("binds to the host's own address only where that is one", () => {
    expect(bindAddressOf({ name: "web-1", internal: "10.0.0.1" })).toBe("10.0.0.1");
    expect(bindAddressOf({ name: "web-1" })).toBe("0.0.0.0");
  });
});

describe("ssh", () => {
  it("always checks host keys, never asks, and ends its options before the host", () => {
    const options = sshOptions(
      parseHostSpec({ ...minimal, ssh: { config: "/c", "known-hosts": "/k" } }).ssh,
      "/s",
    );
    expect(options).toEqual(
      expect.arrayContaining(["BatchMode=yes", "StrictHostKeyChecking=yes", "ControlPath=/s/%C"]),
    );
    expect(options).toContain("UserKnownHostsFile=/k");
    const { ssh } = parseHostSpec(minimal);
    expect(hostWords({ name: "a", user: "root", port: 2222 }, ssh)).toEqual([
      "-l",
      "root",
      "-p",
      "2222",
      "--",
      "a",
    ]);
  });

  it("reaches hosts through others with the same options, as ssh itself reads the command", () => {
    const { ssh } = parseHostSpec({ ...minimal, ssh: { "known-hosts": "/it's/100%h" } });
    const words = hostWords({ name: "a", jump: "ops@b:2222,c" }, ssh);
    // ssh tells what it would use, tokens and all, without connecting.
    const told = (all: readonly string[]): string =>
      execFileSync("ssh", ["-F", "/dev/null", "-G", ...all], { encoding: "utf8" });
    const proxy = /^proxycommand (.*)$/mu.exec(told(words))?.[1] ?? "";
    const tokens: Readonly<Record<string, string>> = { h: "a", p: "22", "%": "%" };
    const expanded = proxy.replaceAll(/%(.)/gu, (_, token: string) => tokens[token] ?? "?");
    const argv = execFileSync("sh", ["-c", `set -- ${expanded}; printf '%s\\n' "$@"`], { encoding: "utf8" })
      .trimEnd()
      .split("\n");
    expect(argv.slice(-4)).toEqual(["-W", "[a]:22", "--", "c"]);
    expect(argv).toEqual(
      expect.arrayContaining([
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "UserKnownHostsFile=/it's/100%h",
      ]),
    );
    const inner = argv.find((word) => word.startsWith("ProxyCommand=")) ?? "";
    expect(inner).toContain("'-l' 'ops'");
    expect(inner.endsWith("-W '[%h]:%p' '-p' '2222' '--' 'b'")).toBe(true);
  });

  it.each([["a b"], ["a,"], ["$(x)"], ["a:b"]])("jumps through no %j", (jump) => {
    const hosts = [{ name: "web-1", jump }];
    expect(() => parseHostSpec({ ...minimal, hosts })).toThrowError(LotseError);
  });

  it.each([
    ["a b"],
    ["$(reboot)"],
    ["a;b"],
    ["-x"],
    ["a\nb"],
    ["'"],
    ["%n"],
    [""],
    ["`x`"],
    ["a|b"],
    ["~"],
    ["*"],
  ])("passes no word like %j to a remote shell", (word) => {
    expect(() => checkWords(["state", word])).toThrowError(LotseError);
  });

  it("passes what it takes on unchanged through a shell", () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_/][A-Za-z0-9._/:@-]{0,20}$/u);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const said = execFileSync("sh", ["-c", `printf '%s\\n' ${checkWords(words).join(" ")}`], {
          encoding: "utf8",
        });
        expect(said).toBe(words.map((each) => `${each}\n`).join(""));
      }),
      { numRuns: 20 },
    );
  });
});

describe("units", () => {
  const input = {
    description: "x",
    command: ["./bin/run", "100%", "$HOME", 'a"b\\c', "line\nend", ""],
    workingDirectory: "/var/lib/lotse/tenants/prod/acme/releases/r/code",
    user: "lotse-x",
    environmentFiles: ["/e"],
    writable: ["/shared"],
    limits: parseHostSpec({
      ...minimal,
      limits: { "memory-mb": 256, "cpu-percent": 50, tasks: 7, files: 99 },
    }).limits,
  };

  it("leave nothing for systemd to expand or end early", () => {
    const line = serviceUnit(input, 5000)
      .split("\n")
      .find((each) => each.startsWith("ExecStart="));
    expect(line).toBe(
      'ExecStart=:"/var/lib/lotse/tenants/prod/acme/releases/r/code/bin/run" "100%%" "$HOME" "a\\"b\\\\c" "line\\x0aend" ""',
    );
    const word = fc.string({ unit: "binary" });
    fc.assert(fc.property(word, (each) => !/[\n\r]/u.test(quoteUnitWord(each))));
  });

  it("are hardened and limited, services and commands alike", () => {
    for (const unit of [
      serviceUnit(input, 5000),
      oneShotUnit(input, { timeoutMs: 1000, outputFile: "/o" }),
    ]) {
      for (const line of [
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "SystemCallFilter=@system-service",
        "MemoryMax=256M",
        "CPUQuota=50%",
        "TasksMax=7",
        "LimitNOFILE=99",
        "LimitCORE=0",
        "User=lotse-x",
      ]) {
        expect(unit.split("\n")).toContain(line);
      }
    }
  });
});

describe("files for hosts", () => {
  it("variables come out of a shell as they went in", () => {
    // The double quotes of systemd and of a shell agree in everything that is written here.
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
        (value) => {
          const script = `${formatEnvFile({ VALUE: value })}printf '%s.' "$VALUE"`;
          expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toBe(`${value}.`);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("secret lines are the longest first, and none that is too short to hide", () => {
    expect(formatSecretLines(["abcd", "ab", "x\nlonger line", "longer line and more"])).toBe(
      "longer line and more\nlonger line\nabcd\n",
    );
  });

  it("archives are read by tar, with long names, links and modes, and are the same each time", () => {
    const directory = mkdtempSync(join(tmpdir(), "lotse-tar-"));
    try {
      const long = `code/${"d".repeat(90)}/${"é".repeat(80)}.txt`;
      const entries = [
        { path: "code", directory: true } as const,
        { path: `code/${"d".repeat(90)}`, directory: true } as const,
        { path: long, mode: 0o644, content: Buffer.from("long") },
        { path: "code/run", mode: 0o755, content: Buffer.alloc(513, 1) },
        { path: "code/link", target: "run" },
      ];
      const bytes = tarOf(entries);
      expect(tarOf(entries).equals(bytes)).toBe(true);
      writeFileSync(join(directory, "a.tar"), bytes);
      execFileSync("tar", ["-xf", "a.tar"], { cwd: directory });
      expect(readFileSync(join(directory, long), "utf8")).toBe("long");
      expect(statSync(join(directory, "code/run")).mode & 0o111).not.toBe(0);
      expect(readFileSync(join(directory, "code/run"))).toHaveLength(513);
      expect(readlinkSync(join(directory, "code/link"))).toBe("run");
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe("balancer", () => {
  const servers = [
    {
      host: "web-1",
      address: "10.0.0.1",
      ports: { blue: 22000, green: 22001 },
      weights: { blue: 95, green: 5 },
    },
    {
      host: "web-2",
      address: "10.0.0.2",
      ports: { blue: 22000, green: 22001 },
      weights: { blue: 100, green: 0 },
    },
  ];

  it("disables what has no share, whatever a cookie says", () => {
    const sticky = parseHostSpec({ ...minimal, balancer: { sticky: "session" } });
    const lines = formatBalancerFile({ scope, spec: sticky, port: 20000, servers }).split("\n");
    const of = (name: string) => lines.find((line) => line.startsWith(`  server ${name} `));
    expect(of("web-1:green")).toBe(
      "  server web-1:green 10.0.0.1:22001 weight 5 check inter 1s fall 3 rise 1 cookie web-1:green",
    );
    expect(of("web-2:green")).toMatch(/ disabled$/u);
    expect(lines.at(-2)).toMatch(/^# lotse-sha256 [0-9a-f]{64}$/u);
  });

  it("is read from its file, and from what runs where the file is damaged", () => {
    const file = parseBalancerState(
      'file *:20000\nsticky "session"\nserver web-1:blue 95 ready 22000\nserver web-1:green 5 ready 22001\nserver web-2:blue 1 maint 22000\nrunning\nend\n',
    );
    expect(file).toMatchObject({
      port: 20000,
      sticky: "session",
      damaged: false,
      running: true,
      shares: { "web-1": { blue: 95, green: 5 }, "web-2": { blue: 0, green: 0 } },
      ports: { "web-1": { blue: 22000, green: 22001 } },
    });
    const damaged = parseBalancerState(
      [
        "damaged /etc/haproxy/lotse.d/prod:acme.cfg",
        "running",
        "stat lotse:prod:acme web-1:blue 2 10 1 1 0 UP 95",
        "stat lotse:prod:acme web-1:green 0 3 0 0 0 MAINT 5",
        "stat lotse:prod:acme:none BACKEND 0 4 0 0 0 UP 0",
        "old lotse:prod:acme web-1:blue 3 100 0 0 0 UP 95",
        "end",
      ].join("\n"),
    );
    expect(damaged).toMatchObject({
      damaged: true,
      port: null,
      unrouted: 4,
      shares: { "web-1": { blue: 95, green: 0 } },
    });
    expect(damaged.counts[0]).toEqual({
      host: "web-1",
      colour: "blue",
      inFlight: 5,
      requests: 110,
      errors: 2,
    });
  });

  it("never makes up who has the traffic", () => {
    const lost = parseBalancerState("damaged /x\nend\n");
    const none = { done: new Map(), failed: new Map() };
    const balancers = { done: new Map([["web-1", lost]]), failed: new Map() };
    expect(sharesOf({ hosts: none, balancers } satisfies Observation)).toBeNull();
    const told = parseHostState("web-1", "weights 0 100\nend\n");
    const hosts = { done: new Map([["web-1", told]]), failed: new Map() };
    expect(sharesOf({ hosts, balancers })).toEqual({ "web-1": { blue: 0, green: 100 } });
  });
});

describe("hosts that are exchanged", () => {
  const changed = parseHostSpec({
    ...minimal,
    hosts: [{ name: "web-2", address: "10.0.0.1" }, { name: "web-3" }],
    balancer: { hosts: [{ name: "lb" }] },
  });

  it("may not leave the traffic to nobody", async () => {
    const told = parseHostState("web-1", "weights 100 0\nend\n");
    const balancer = parseBalancerState("damaged /x\nend\n");
    const observation: Observation = {
      hosts: { done: new Map([["web-1", told]]), failed: new Map() },
      balancers: { done: new Map([["lb", balancer]]), failed: new Map() },
    };
    const never = (): Promise<never> => Promise.reject(new Error("a host was asked"));
    const remote = { programPath: "/p", ask: never, act: never };
    await expect(makePlace({ remote, spec: changed, scope }, observation)).rejects.toMatchObject({
      code: "target.refused",
      message: expect.stringContaining("web-1") as string,
    });
  });

  it("are the same under another name where they are reached the same way", () => {
    const before = parseHostSpec({
      ...minimal,
      hosts: [{ name: "web-1", address: "10.0.0.1" }, { name: "web-3" }, { name: "web-4" }],
    });
    expect(leftOut(before, changed).map(({ name }) => name)).toEqual(["web-4"]);
  });
});

describe("state of a host", () => {
  const meta = JSON.stringify({ release: "r", version: "1.0.0", directory: "d", key: "k", spec });
  const of = (unit: string, started = true) =>
    parseHostState("web-1", `meta blue ${meta}\n${started ? "started blue\n" : ""}unit blue ${unit}\nend\n`)
      .slots.blue;

  it.each([
    ["ActiveState=active", true, "running"],
    ["ActiveState=inactive", true, "stopped"],
    ["ActiveState=inactive", false, "prepared"],
    ["ActiveState=failed", true, "exited"],
    ["ActiveState=activating\nunit blue SubState=auto-restart", true, "backing-off"],
    ["ActiveState=activating\nunit blue SubState=start", true, "running"],
    ["ActiveState=new-in-systemd-999", true, "unknown"],
  ] as const)("%j, started %s: %s", (unit, started, expected) => {
    const slot = of(unit, started);
    expect(slot === undefined ? null : stateOf(slot)).toBe(expected);
  });

  it("an answer that was cut off is an error, and an empty one a host that knows nothing", () => {
    expect(() => parseHostState("web-1", `meta blue ${meta}\n`)).toThrowError(/cut off/u);
    expect(parseHostState("web-1", "end\n")).toEqual({ slots: {}, ports: null, weights: null, releases: [] });
  });
});

describe("failures of some hosts", () => {
  const hosts = ["a", "b", "c"].map((name) => ({ name }));

  it("let the rest go on, and are told with their names", async () => {
    const seen: string[] = [];
    const result = await gather(hosts, async ({ name }) => {
      seen.push(name);
      if (name === "b") throw new LotseError({ code: "target.start", message: "b: no" });
    });
    expect(seen).toEqual(["a", "b", "c"]);
    expect(() => throwFailed(result)).toThrowError("b: no; done on a, c");
  });

  it.each([
    [["rollout.fence", "target.host"], "rollout.fence"],
    [["target.start", "target.start"], "target.start"],
    [["target.start", "target.host"], "target.host"],
    [["target.host", "target.refused"], "target.refused"],
  ] as const)("%j become %s", async (codes, expected) => {
    const result = await gather(hosts.slice(0, codes.length), async ({ name }) => {
      throw new LotseError({ code: codes[name === "a" ? 0 : 1], message: name });
    });
    try {
      throwFailed(result);
      expect.unreachable();
    } catch (error) {
      expect(isLotseError(error) && error.code).toBe(expected);
    }
  });
});
