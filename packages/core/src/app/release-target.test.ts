import { beforeEach, describe, expect, it } from "vitest";
import { releasesOf } from "./release-store.ts";
import { createRelease } from "./releases.ts";
import { newPerson, SecretWorkspace, type Person } from "./testing/secret-workspace.ts";

const app = `
app:
  code: app
  target: { type: process, command: [x] }
`;
let workspace: SecretWorkspace;
let ada: Person;
beforeEach(async () => {
  ada = await newPerson("ada");
  workspace = await SecretWorkspace.make([ada], app);
  workspace.write("app/server.js", "// one\n");
  return () => workspace.dispose();
});

describe("the target of a release", () => {
  const hosts = "type: host, command: [node, server.js], hosts: [{ name: web-1 }]";
  it.each([
    ["is for a tenant that there is not", `${hosts}, tenants: { acmee: { keep: 1 } }`, "tenants.acmee"],
    ["fits no host for one tenant", `${hosts}, tenants: { globex: { keep: -1 } }`, "tenants.globex.keep"],
    [
      "is no process for an environment",
      "type: process, command: [x], environments: { dev: { port: -1 } }",
      "environments.dev.port",
    ],
    [
      "lacks something that only an environment needs",
      "type: process, command: [x], environments: { dev: { health: { kind: command } } }",
      "environments.dev.health.run",
    ],
    ["has a number out of bounds", "type: process, command: [x], port: 70000", "port"],
    ["has a key that is not known", "type: process, command: [x], prot: 1", "prot"],
    ["lacks what is needed", "type: process", "command"],
    [
      "changes its type for a tenant",
      "type: process, command: [x], tenants: { acme: { type: host } }",
      "tenants.acme",
    ],
    ["has a type that there is not", "type: ship", "type"],
  ])("refuses a target that %s, with its place, and keeps nothing", async (_, target, path) => {
    const text = workspace.read("lotse.yml").replace("{ type: process, command: [x] }", `{ ${target} }`);
    workspace.write("lotse.yml", text);
    const line = text.split("\n").findIndex((each) => each.includes(target)) + 1;
    const session = workspace.session(ada);
    await expect(createRelease(session)).rejects.toMatchObject({
      code: "target.spec",
      message: expect.stringMatching(/^(?:app\.target\b|there is no target of type "ship"$)/u),
      where: { file: "lotse.yml", line, path: `app.target.${path}` },
    });
    expect(await releasesOf(session).list()).toEqual([]);
  });
});
