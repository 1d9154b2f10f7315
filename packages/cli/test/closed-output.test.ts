import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { join } from "node:path";
import { copyOfExample, root, run } from "./cli-runner.ts";

let workspace: ReturnType<typeof copyOfExample>;
beforeAll(() => {
  workspace = copyOfExample();
});
afterAll(() => workspace.remove());

const binary = join(root, "packages/cli/bin/lotse.js");

/** Runs a shell line in which `lotse` is the built command; its status is the first command's. */
function shell(line: string): ReturnType<typeof run> {
  const text = `set -o pipefail; lotse() { "${process.execPath}" "${binary}" "$@"; }; ${line}`;
  return run("bash", ["-c", text], { cwd: workspace.directory });
}

describe("standard output", () => {
  it.each([
    "lotse policy export --format jsonl | head -c 1",
    "lotse policy report --format html | true",
    "lotse config get prod -o json | true",
    "lotse config explain prod database --all | head -1",
  ])("that nobody reads to its end is no failure: %s", async (line) => {
    const { status, stderr } = await shell(line);
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("that cannot be written is told, without a stack trace", async () => {
    const { status, stderr } = await shell("lotse config get prod > /dev/full");
    expect(stderr).toBe("lotse: error standard output cannot be written: ENOSPC\n");
    expect(status).toBe(6);
  });
});
