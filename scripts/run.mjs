// Runs a script of this repository with everything it needs: installs the dependencies where they are missing
// or older than the lockfile, builds what changed, then starts the script with the Node.js that they bring. Plain JavaScript for
// any Node.js, since this is the first thing that runs on a fresh machine.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules", ".lotse-lockfile");
const lockfile = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

function run(program, args) {
  const result = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (result.error !== undefined) console.error(result.error.message);
  return result.status ?? 1;
}

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lockfile) {
  // Not `npm ci`: it refuses a lockfile in which a registry without the builds for other systems left them out.
  console.error("installing dependencies (npm install)");
  const npm = process.env.npm_execpath;
  const quiet = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
  const status = npm === undefined ? run("npm", quiet) : run(process.execPath, [npm, ...quiet]);
  if (status !== 0) process.exit(status);
  writeFileSync(stamp, lockfile);
}
const node = join(root, "node_modules", ".bin", "node");
const built = run(node, [
  join(root, "node_modules", "typescript", "bin", "tsc"),
  "-b",
  "packages/core",
  "packages/cli",
  "packages/jinja",
]);
if (built !== 0) process.exit(built);
const bundled = run(node, [join(root, "scripts", "bundle.ts")]);
if (bundled !== 0) process.exit(bundled);
const [script, ...args] = process.argv.slice(2);
// The script gets Ctrl-C as well, and may have to clean up; this waits for it.
process.on("SIGINT", () => undefined);
process.exit(run(node, [join(root, script), ...args]));
