import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { noAudit, type AuditSink } from "@lotse/core/kernel";
import { openSession, signFile, type Session } from "@lotse/core/app";
import { encryptSops } from "@lotse/core/secrets";
import { fileOf, tenantsOf, variablesOf, type BenchWorkspace } from "./tree.ts";
import { itemsOf, yamlOf } from "./workload.ts";

/** Opens a session in the workspace as its one user would. */
export function sessionIn(workspace: BenchWorkspace, audit?: AuditSink): Session {
  const variables = variablesOf(workspace);
  return openSession({
    directory: workspace.directory,
    variables,
    ...(audit === undefined ? {} : { audit }),
  });
}

/**
 * Makes a workspace whose tenants each have a signed secret file, and the same as a blob of age; calls `act` with it and removes it.
 *
 * @param values - how many secrets each file has
 */
export async function withWorkspace<T>(
  tenants: number,
  values: number,
  act: (workspace: BenchWorkspace) => T | Promise<T>,
): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), "lotse-bench-"));
  try {
    const identity = await generateX25519Identity();
    const other = await identityToRecipient(await generateX25519Identity());
    const workspace = { root, directory: join(root, "workspace"), identity, other };
    await fill(workspace, tenants, values);
    return await act(workspace);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function fill(workspace: BenchWorkspace, count: number, values: number): Promise<void> {
  const write = (file: string, content: string | Uint8Array): void => {
    const path = join(workspace.directory, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  };
  const recipient = await identityToRecipient(workspace.identity);
  write("lotse.yml", "version: 1\nname: bench\nenvironments: { prod: {} }\n");
  write("environments/prod/prod.yml", "name: prod\n");
  write(".sops.yaml", `creation_rules:\n  - age: ${recipient}\n`);
  const tenants = tenantsOf(count);
  for (const tenant of tenants) write(`environments/tenants/${tenant}.yml`, `tenant: { id: ${tenant} }\n`);
  const session = sessionIn(workspace, noAudit);
  for (const tenant of tenants) {
    const file = fileOf(tenant);
    const bytes = await encryptSops({
      bytes: yamlOf(itemsOf(values, tenant)),
      format: "yaml",
      file,
      recipients: { recipients: [recipient] },
      clock: () => new Date(),
      randomBytes,
    });
    write(file, bytes);
    write(join("..", "blobs", `${tenant}.age`), await blobOf(yamlOf(itemsOf(values, tenant)), recipient));
    await signFile(session, { file, environment: "prod", tenant });
  }
}

async function blobOf(plain: Uint8Array, recipient: string): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return await encrypter.encrypt(new Uint8Array(plain));
}
