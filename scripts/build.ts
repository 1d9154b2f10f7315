import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Builds all packages. @returns whether it worked */
export function build(root: string): boolean {
  const result = spawnSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-b", "packages/core", "packages/cli"],
    {
      cwd: root,
      stdio: "inherit",
    },
  );
  return result.status === 0;
}
