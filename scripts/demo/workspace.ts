import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Copies the example to a directory of its own, in git where there is git, so that the demo may edit it. */
export function copyExample(root: string): string {
  const workspace = mkdtempSync(join(tmpdir(), "lotse-demo-"));
  cpSync(join(root, "examples/spotify-ai-agent"), workspace, {
    recursive: true,
    filter: (path) => !/node_modules|\.lotse/u.test(path.slice(root.length)),
  });
  writeFileSync(join(workspace, ".gitignore"), ".lotse/\n");
  for (const args of [
    ["init", "--quiet"],
    ["add", "--all"],
    ["-c", "user.name=demo", "-c", "user.email=demo@example.com", "commit", "--quiet", "-m", "the example"],
  ]) {
    if (spawnSync("git", args, { cwd: workspace }).status !== 0) break;
  }
  return workspace;
}

/**
 * Changes one text in a file, as a developer would.
 *
 * @throws Error when the text does not occur exactly once
 */
export function edit(workspace: string, file: string, from: string, to: string): void {
  const path = join(workspace, file);
  const text = readFileSync(path, "utf8");
  if (text.split(from).length !== 2)
    throw new Error(`${file} does not hold ${JSON.stringify(from)} exactly once`);
  writeFileSync(path, text.replace(from, to));
}
