import { describe, expect, it } from "vitest";
import { LotseError } from "../../../kernel/index.ts";
import { observe } from "./observe.ts";
import type { Remote } from "./remote.ts";
import { parseHostSpec, type HostSpec } from "./spec.ts";

const scope = { environment: "prod", tenant: "acme" };

/** A double of hosts, which says what was asked of which. */
function scene(hosts: unknown, balancers: unknown, broken: readonly string[] = []) {
  const spec: HostSpec = parseHostSpec({
    type: "host",
    command: ["node"],
    hosts,
    ...(balancers === undefined ? {} : { balancer: { hosts: balancers } }),
  });
  const asked: string[] = [];
  const state = "weights 100 0\nports 22000 22001\nend\n";
  const balancer = "file *:20000\nserver web-1:blue 100 ready 22000\nend\n";
  const remote = {
    programPath: "/bin/lotse-host",
    ask: (host, operation) => {
      asked.push(`${operation} ${host.address ?? host.name}`);
      if (broken.includes(host.name))
        return Promise.reject(new LotseError({ code: "target.host", message: `${host.name} is gone` }));
      return Promise.resolve(
        { state, "lb-state": balancer, look: `${state}${balancer}` }[operation] ?? "unknown",
      );
    },
    act: () => Promise.reject(new Error("nothing is changed")),
  } satisfies Remote;
  return { spec, remote, asked };
}

describe("what is asked of hosts and balancers", () => {
  it("is one question to a host that is both, also where it has two names", async () => {
    const { spec, remote, asked } = scene(
      [{ name: "web-1", address: "10.0.0.1" }, { name: "web-2" }],
      [{ name: "edge-1", address: "10.0.0.1" }, { name: "edge-2" }],
    );
    const { hosts, balancers } = await observe(remote, spec, scope);
    expect(asked.toSorted()).toEqual(["lb-state edge-2", "look 10.0.0.1", "state web-2"]);
    for (const name of ["web-1", "web-2"]) {
      const told = hosts.done.get(name);
      expect(told).toMatchObject({ weights: { blue: 100, green: 0 }, ports: { blue: 22000, green: 22001 } });
    }
    for (const name of ["edge-1", "edge-2"]) {
      const told = balancers.done.get(name);
      expect(told).toMatchObject({ port: 20000, shares: { "web-1": { blue: 100, green: 0 } } });
    }
  });

  it("goes to the same machine twice where the logins differ", async () => {
    const { spec, remote, asked } = scene([{ name: "web-1" }], [{ name: "web-1", user: "edge" }]);
    await observe(remote, spec, scope);
    expect(asked.toSorted()).toEqual(["lb-state web-1", "state web-1"]);
  });

  it("fails for both where one that is both does not answer, and for no other", async () => {
    const { spec, remote } = scene([{ name: "web-1" }, { name: "web-2" }], undefined, ["web-1"]);
    const { hosts, balancers } = await observe(remote, spec, scope);
    for (const { done, failed } of [hosts, balancers]) {
      expect([[...done.keys()], [...failed.keys()]]).toEqual([["web-2"], ["web-1"]]);
    }
  });
});
