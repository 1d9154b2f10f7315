import { afterEach, beforeEach, expect, test } from "vitest";
import { Sensitive } from "../kernel/index.ts";
import type { ProbeSettings } from "../policy/index.ts";
import { loginOpener } from "./policy-login.ts";
import { setSecret } from "./secrets/change.ts";
import type { Session } from "./session.ts";
import { newPerson, SecretWorkspace } from "./testing/secret-workspace.ts";

let workspace: SecretWorkspace;
let session: Session;
beforeEach(async () => {
  const ann = await newPerson("ann");
  workspace = await SecretWorkspace.make([ann]);
  session = workspace.session(ann);
  await setSecret(session, { environment: "prod" }, "audit.password", new Sensitive("of-all"));
  await setSecret(
    session,
    { environment: "prod", tenant: "acme" },
    "audit.password",
    new Sensitive("of-acme"),
  );
});
afterEach(() => workspace.dispose());

function probe(parts: Partial<ProbeSettings>, ca?: string): ProbeSettings {
  const login = {
    user: "auditor",
    password: "${secret:audit#password}",
    database: "postgres",
    tls: "require" as const,
  };
  return {
    environments: ["prod"],
    tenants: ["*"],
    tls: [],
    http: [],
    postgresql: { host: "127.0.0.1", port: 5432, login: ca === undefined ? login : { ...login, ca } },
    ...parts,
  };
}

test.each([
  [{}, "of-all"],
  [{ environments: ["p*"] }, "of-all"],
  [{ tenants: ["acme"] }, "of-acme"],
  [{ tenants: ["acme", "globex"] }, "of-all"],
])("a probe of %j logs in with the password %s, and that is in the audit log", async (parts, expected) => {
  const before = session.recorder.count;
  expect((await loginOpener(session)(probe(parts)))?.password.reveal()).toBe(expected);
  expect(session.recorder.count).toBe(before + 1);
});

test("what is missing is told", async () => {
  const open = loginOpener(session);
  await expect(open(probe({ environments: ["nowhere"] }))).rejects.toMatchObject({ code: "policy.profile" });
  await expect(open(probe({ environments: ["dev"] }))).rejects.toMatchObject({ code: "secret.not-found" });
  await expect(open(probe({}, "ca.pem"))).rejects.toMatchObject({ code: "file.not-found" });
  workspace.write("ca.pem", "PEM");
  expect((await open(probe({}, "ca.pem")))?.ca).toBe("PEM");
  expect(await open(probe({ postgresql: undefined }))).toBeUndefined();
});
