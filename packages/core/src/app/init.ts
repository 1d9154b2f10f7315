import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSystemError, LotseError } from "../kernel/index.ts";
import { ignoreState } from "./ignore.ts";

const ignoreFile = ".gitignore";

/** The files of a new workspace: small, valid, and each with a word on what it is for. */
const files: Readonly<Record<string, string>> = {
  "lotse.yml": `# A Lotse workspace. What may stand here: docs/configuration.md
version: 1
schema: schema/environment.schema.yml
environments:
  dev: { aliases: [development] }
  staging: {}
  prod: { aliases: [production] }
`,
  "schema/environment.schema.yml": `$schema: https://json-schema.org/draft/2020-12/schema
type: object
additionalProperties: false
required: [service]
properties:
  tenant:
    type: object
    properties:
      id: { type: string }
      tier: { type: string }
      region: { type: string }
  service:
    type: object
    additionalProperties: false
    required: [name, log_level, replicas]
    properties:
      name: { type: string }
      log_level: { type: string, enum: [debug, info, warning, error] }
      replicas:
        type: integer
        minimum: 1
        x-guard: { max: 50 }
`,
  "environments/base.yml": `# What holds everywhere, unless a layer above says otherwise.
service:
  name: my-service-\${tenant.id:-platform}
  log_level: info
  replicas: 1
`,
  "environments/dev/dev.yml": "service:\n  log_level: debug\n",
  "environments/staging/staging.yml": "service:\n  replicas: 2\n",
  "environments/prod/prod.yml": "service:\n  log_level: warning\n  replicas: 3\n",
  "environments/tenants/example.yml":
    "# One file for each tenant; its name is the tenant's id.\ntenant:\n  id: example\n",
  ".gitignore": ".lotse/\n",
};

/**
 * Makes a workspace in a directory that is new or holds nothing of those names. A `.gitignore` that is there
 * stays, with a line for `.lotse` where it has none.
 *
 * @returns the files written, relative to the directory
 * @throws LotseError `workspace.exists` when there is something in the directory that would be in the way
 */
export async function initWorkspace(directory: string): Promise<readonly string[]> {
  const present = new Set(await namesIn(directory));
  const kept = present.has(ignoreFile) ? [ignoreFile] : [];
  const wanted = Object.entries(files).filter(([path]) => !kept.includes(path));
  const clash = wanted.map(([path]) => path).find((path) => present.has(path.split("/")[0] ?? ""));
  if (clash !== undefined) {
    throw new LotseError({
      code: "workspace.exists",
      message: `${join(directory, clash.split("/")[0] ?? "")} exists already`,
      hint: "name an empty directory; nothing was written",
    });
  }
  for (const [path, content] of wanted) {
    const full = join(directory, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, content, { flag: "wx" });
  }
  const ignored = kept.length > 0 && (await ignoreState(directory));
  return [...wanted.map(([path]) => path), ...(ignored ? [ignoreFile] : [])];
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw new LotseError({
      code: "file.not-readable",
      message: `${directory} cannot be used`,
      hint: "name a directory that you may write to",
      cause: error,
    });
  }
}
