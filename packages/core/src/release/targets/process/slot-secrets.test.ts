import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Sensitive, systemExec } from "../../../kernel/index.ts";
import { payloadsOf } from "../../payload.ts";
import { environment, get, TestWorkspace, until } from "../../testing/test-workspace.ts";
import { processPaths } from "./paths.ts";
import { isOurs, openSlotSecrets } from "./slot-secrets.ts";

const value = "correct horse battery staple";
const digest = JSON.stringify(createHash("sha256").update(value).digest("hex"));

// Part of util-linux; elsewhere the limit stays as it is.
const hasPrlimit = (await systemExec("prlimit", ["--version"]).catch(() => null))?.status === 0;

describe("secret variables of the process target", () => {
  let workspace: TestWorkspace;
  const slot = { environment, tenant: "acme", colour: "blue" } as const;

  beforeAll(async () => {
    // Where dumps are off anyway there is nothing to see.
    await systemExec("prlimit", ["--pid", String(process.pid), "--core=1048576:"]).catch(() => null);
    workspace = await TestWorkspace.make("secrets");
    const release = await workspace.release("1.0.0", { GREETING: "hello" });
    const secrets = () => Promise.resolve({ API_KEY: new Sensitive(value) });
    await workspace.target.prepare(slot, payloadsOf(workspace.releases, release, secrets)(slot));
    await workspace.target.start(slot);
    await workspace.target.waitHealthy(slot);
    await workspace.target.route(slot, { blue: 100, green: 0 });
  });
  afterAll(() => workspace.dispose());

  const digestOfRunning = async (): Promise<string> => {
    const { url } = await workspace.target.inspect(slot);
    return (await get(`${url}/digest?name=API_KEY`)).body;
  };

  it("reach the process", async () => {
    expect(await digestOfRunning()).toBe(digest);
  });

  it.skipIf(!hasPrlimit)(
    "go into no core dump: neither the process nor the supervisor writes one",
    async () => {
      const [instance] = (await workspace.target.inspect(slot)).colours;
      const record = JSON.parse(await readFile(processPaths(workspace.lotse).record, "utf8")) as {
        process: { pid: number };
      };
      for (const pid of [instance?.detail["pid"], record.process.pid]) {
        const limits = await readFile(`/proc/${String(pid)}/limits`, "utf8");
        expect(limits).toMatch(/^Max core file size\s+0\s/mu);
      }
    },
  );

  it("are not on the disk", async () => {
    const state = await readFile(processPaths(workspace.lotse).desired, "utf8");
    expect(state).toContain('"secretNames":["API_KEY"]');
    expect(state).not.toContain(value);
  });

  it("are taken out of what the process prints", async () => {
    const { url } = await workspace.target.inspect(slot);
    await get(`${url}/log?name=API_KEY`);
    await get(`${url}/log?name=GREETING`);
    const log = (): Promise<string> => readFile(processPaths(workspace.lotse).slotLog(slot), "utf8");
    await until("the log has it", async () => (await log()).includes("the value is hello"));
    expect(await log()).toContain("the value is [redacted:API_KEY]");
    expect(await log()).not.toContain(value);
  });

  it("are given again to a process that crashed, and by a supervisor after the first was killed", async () => {
    const { url } = await workspace.target.inspect(slot);
    await get(`${url}/exit`);
    await until(
      "the secret is there again",
      async () => (await digestOfRunning().catch(() => "")) === digest,
    );
    // As a supervisor would leave it that dies before it writes down what the secrets are for.
    const left = await openSlotSecrets(workspace.target.lotse);
    const half = { ...slot, tenant: "globex" };
    await left.write(half, { TOKEN: new Sensitive("left behind") });
    const record = JSON.parse(await readFile(processPaths(workspace.lotse).record, "utf8")) as {
      process: { pid: number };
    };
    process.kill(record.process.pid, "SIGKILL");
    await until(
      "the secret is there again",
      async () => (await digestOfRunning().catch(() => "")) === digest,
    );
    expect(await left.read(half)).toBeNull();
  });

  it("are forgotten when the colour is removed", async () => {
    const kept = await openSlotSecrets(workspace.target.lotse);
    expect((await kept.read(slot))?.["API_KEY"]?.reveal()).toBe(value);
    await workspace.target.stopAll();
    expect(await kept.read(slot)).toBeNull();
  });
});

describe("the directory that secrets are kept in", () => {
  it("is ours alone: no link, no file, nobody else's, and closed to others", async () => {
    const root = await mkdtemp(join(tmpdir(), "lotse-ours-"));
    const uid = process.getuid?.() ?? 0;
    try {
      const own = join(root, "own");
      await mkdir(own, { mode: 0o700 });
      await symlink(own, join(root, "link"));
      await writeFile(join(root, "file"), "");
      expect(await isOurs(join(root, "none"), uid)).toBe(true);
      expect(await isOurs(own, uid)).toBe(true);
      expect(await isOurs(own, uid + 1)).toBe(false);
      expect(await isOurs(join(root, "link"), uid)).toBe(false);
      expect(await isOurs(join(root, "file"), uid)).toBe(false);
      await chmod(own, 0o755);
      expect(await isOurs(own, uid)).toBe(false);
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
