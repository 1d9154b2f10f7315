import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const example = join(dirname(fileURLToPath(import.meta.url)), "../../examples/spotify-ai-agent");

const tiers = ["free", "starter", "business", "enterprise"];
const regions = ["eu-central-1", "eu-west-3", "us-east-1", "ap-southeast-2"];
const frameworks = [
  ["gdpr"],
  ["gdpr", "soc2"],
  ["soc2"],
  ["gdpr", "iso27001"],
  ["hipaa", "soc2"],
  ["gdpr", "pci-dss"],
  ["gdpr", "soc2", "iso27001", "pci-dss", "hipaa"],
];

function pick<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item;
}

/** The name of a tenant of the workload. */
export function tenantName(index: number): string {
  return `tenant-${String(index).padStart(4, "0")}`;
}

/** The file of a tenant. @param round - changes a value that a check reads */
export function tenantText(index: number, round = 0): string {
  const id = tenantName(index);
  const profile = index % 5 === 0 ? "extends: ../profiles/hipaa.yml\n" : "";
  return `${profile}tenant:
  id: ${id}
  name: Tenant ${index}
  tier: ${pick(tiers, index)}
  region: ${pick(regions, index)}
  frameworks: [${pick(frameworks, index).join(", ")}]
  contact: { name: Somebody, email: somebody@${id}.example }
application:
  api:
    cors: { allowed_origins: !append ["https://${id}.example"] }
security:
  authentication:
    session: { idle_timeout_minutes: ${5 + ((index + round) % 10)} }
compliance:
  data_retention_days: ${90 + ((index + round) % 300)}
`;
}

/** Writes the example workspace with so many generated tenants instead of its own. */
export function writeWorkload(directory: string, tenants: number): void {
  for (const name of ["lotse.yml", "environments", "schema", "policy", "templates"])
    cpSync(join(example, name), join(directory, name), { recursive: true });
  for (const place of ["tenants", "dev/tenants", "staging/tenants", "prod/tenants"]) {
    const path = join(directory, "environments", place);
    mkdirSync(path, { recursive: true });
    for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true });
  }
  for (let index = 0; index < tenants; index++) {
    writeFileSync(join(directory, "environments/tenants", `${tenantName(index)}.yml`), tenantText(index));
  }
}
