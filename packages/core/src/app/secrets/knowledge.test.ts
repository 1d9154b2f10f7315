import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Sensitive, type Scope } from "../../kernel/index.ts";
import { secretFacts, type FactValue } from "../../policy/index.ts";
import { newPerson, SecretWorkspace, withoutKey, type Person } from "../testing/secret-workspace.ts";
import { setSecret } from "./change.ts";
import { secretKnowledge } from "./knowledge.ts";

const strong = "kF7-a-value-of-some-length";
const other = "Qx9-another-one-of-length";
const prod: Scope = { environment: "prod", tenant: "acme" };

let ann: Person;
let workspace: SecretWorkspace;
beforeEach(async () => {
  ann = await newPerson("ann");
});
afterEach(() => workspace.dispose());

async function make(layers?: readonly string[], environments?: string): Promise<void> {
  const yml = layers === undefined ? "" : `secrets: { layers: ${JSON.stringify(layers)} }\n`;
  workspace = await SecretWorkspace.make([ann], yml);
  if (environments !== undefined) {
    const text = workspace
      .read("lotse.yml")
      .replace(/environments: .*\n/u, `environments: ${environments}\n`);
    workspace.write("lotse.yml", text);
  }
}

async function set(who: Person, scope: Scope, name: string, value: string): Promise<void> {
  await setSecret(workspace.session(who), scope, name, new Sensitive(value));
}

/** The facts of a scope as somebody sees them. */
async function facts(
  who: Person,
  { environment, tenant }: Scope,
): Promise<Readonly<Record<string, FactValue>>> {
  const secrets = await secretKnowledge(workspace.session(who));
  const source = secretFacts({ secrets, at: "2026-06-15T00:00:00Z" });
  return Object.fromEntries(
    [...source.facts({ environment, tenant: tenant ?? null })].map(([name, { value }]) => [name, value]),
  );
}

describe("a file of all environments", () => {
  // Of the files without a tenant, the last is the one that is written to.
  const layers = ["{env}/secrets/{env}.yml", "secrets/shared.yml", "{env}/secrets/tenants/{tenant}.yml"];

  test("is known in each, and what it holds is shared between them", async () => {
    await make(layers);
    await set(ann, { environment: "prod" }, "db.password", strong);
    await set(ann, prod, "own", other);
    const shared = [{ name: "db.password", with: ["every environment db.password"] }];
    expect(await facts(ann, { environment: "dev" })).toMatchObject({
      "secrets.ages": [{ name: "db.password" }],
      "secrets.shared_values": shared,
      "secrets.weak": [],
    });
    expect((await facts(ann, prod))["secrets.shared_values"]).toEqual(shared);
    // Nobody has to read it to know that.
    expect((await facts(withoutKey(ann), prod))["secrets.shared_values"]).toEqual(shared);
  });

  test("is shared with nobody where there is one environment", async () => {
    await make(layers, "{ prod: {} }");
    await set(ann, { environment: "prod" }, "db.password", "hunter2");
    expect(await facts(ann, { environment: "prod" })).toMatchObject({
      "secrets.ages": [{ name: "db.password" }],
      "secrets.shared_values": [],
      "secrets.weak": [{ name: "db.password" }],
    });
  });
});

describe("a value that was written blindly", () => {
  test("is judged, and not the one that it replaces", async () => {
    await make();
    await set(ann, prod, "db.password", strong);
    expect((await facts(ann, prod))["secrets.weak"]).toEqual([]);
    const bob = withoutKey(await newPerson("bob"));
    await set(bob, prod, "db.password", "hunter2");
    await set(ann, { environment: "prod", tenant: "globex" }, "db.password", strong);
    const judged = await facts(ann, prod);
    expect(judged["secrets.weak"]).toEqual([{ name: "db.password" }]);
    expect(judged["secrets.shared_values"]).toEqual([]);
    expect(judged["secrets.ages"]).toHaveLength(1);
  });

  test("beside the strong one it replaces leaves unknown what nobody here can open", async () => {
    await make();
    await set(ann, prod, "db.password", "hunter2");
    const bob = withoutKey(await newPerson("bob"));
    await set(bob, prod, "db.password", strong);
    expect(await facts(bob, prod)).not.toHaveProperty("secrets.weak");
    expect((await facts(ann, prod))["secrets.weak"]).toEqual([]);
  });

  test("is known where there is no file yet", async () => {
    await make();
    const bob = withoutKey(await newPerson("bob"));
    await set(ann, prod, "first", strong);
    await set(bob, prod, "db.password", other);
    const names = (await secretKnowledge(workspace.session(ann))).map(({ name, file }) => [name, file]);
    expect(names).toContainEqual([
      "db.password",
      "environments/prod/secrets/tenants/acme.incoming/db.password.yml",
    ]);
    expect((await facts(ann, prod))["secrets.weak"]).toEqual([]);
  });
});
