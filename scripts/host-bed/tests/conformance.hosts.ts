/* oxlint-disable max-lines-per-function -- a suite is one function */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, it } from "vitest";
import {
  conformanceCases,
  runningCases,
  type Behaviour,
  type ConformanceHarness,
} from "../../../packages/core/src/release/testing/conformance.ts";
import { get } from "../../../packages/core/src/release/testing/test-workspace.ts";
import type { TenantScope } from "../../../packages/core/src/release/names.ts";
import type { Target } from "../../../packages/core/src/release/target.ts";
import { startHostBed, type HostBed } from "../index.ts";
import { BedWorkspace, environment } from "./bed-workspace.ts";

const variablesOf: Readonly<Record<Behaviour, Record<string, string>>> = {
  good: {},
  crash: { TINY_CRASH: "1" },
  "never-healthy": { TINY_HEALTH: "never" },
  brief: { TINY_HEALTH: "brief" },
};
const shortDeadline = { health: { "interval-ms": 50, "deadline-ms": 2500 } };

async function openSocket(url: string): Promise<ReturnType<typeof connect>> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  socket.write("GET /ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n");
  await once(socket, "data");
  return socket;
}

describe("host target on three hosts", () => {
  let bed: HostBed;
  let workspace: BedWorkspace;
  let target: Target;
  let tenants = 0;

  // A tenant's place is fixed when it is first made, so it is asked for once.
  const urls = new Map<string, string>();
  const urlOf = async (scope: TenantScope): Promise<string | null> => {
    const known = urls.get(scope.tenant);
    if (known !== undefined) return known;
    const { url } = await target.inspect(scope);
    if (url !== null) urls.set(scope.tenant, url);
    return url;
  };
  const harness = (): ConformanceHarness => ({
    target,
    newScope: () => {
      tenants += 1;
      return { environment, tenant: `t${tenants}` };
    },
    payload: (version, behaviour) =>
      workspace.payload(`${version} ${behaviour}`, { environment, tenant: `t${tenants}` }),
    versionOf: async (scope) => {
      const url = await urlOf(scope);
      if (url === null) return null;
      const { status, body } = await get(url);
      return status === 200 ? (JSON.parse(body) as { version: string }).version : null;
    },
    hold: async (scope) => {
      const url = await urlOf(scope);
      const socket = await openSocket(url ?? "");
      return () => socket.destroy();
    },
    running: {
      tolerancePercent: 3,
      request: async (scope, headers) => {
        const url = await urlOf(scope);
        const answer = await fetch(url ?? "", { headers: { connection: "close", ...headers } });
        const { version } = (await answer.json()) as { version: string };
        const cookie = answer.headers.getSetCookie().map((set) => set.split(";")[0]);
        return { status: answer.status, version, cookie: cookie.join("; ") };
      },
      fail: async (scope) => {
        const url = await urlOf(scope);
        await get(`${url}/status?code=503`);
      },
      cutOff: async (host) => {
        await bed.disconnect(host);
        return () => bed.connect(host);
      },
    },
  });

  beforeAll(async () => {
    bed = await startHostBed({ hosts: 3 });
    workspace = await BedWorkspace.make(bed);
    // The balancer is on the last host, so that the first can be cut off.
    const last = bed.hosts[2];
    const balancer = { balancer: { hosts: [{ name: last?.name, internal: last?.address }] } };
    target = workspace.target({}, balancer);
    const names = Array.from({ length: 60 }, (_, index) => `t${index + 1}`);
    for (const version of ["0.9.0", "1.0.0", "2.0.0"])
      await workspace.release(`${version} good`, version, names);
    for (const [at, behaviour] of (["crash", "never-healthy", "brief"] as const).entries()) {
      const spec = behaviour === "never-healthy" ? shortDeadline : {};
      await workspace.release(`1.0.0 ${behaviour}`, `1.${at + 1}.0`, names, variablesOf[behaviour], spec);
    }
  });
  afterAll(async () => {
    await workspace.dispose();
    await bed.stop();
  });

  for (const { name, run } of [...conformanceCases, ...runningCases]) it(name, () => run(harness()));
});
