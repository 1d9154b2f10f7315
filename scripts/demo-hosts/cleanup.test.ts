import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

const file = JSON.stringify(new URL("cleanup.ts", import.meta.url).href);

/** Runs a script that cleans up, by itself. */
function run(act: string): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const script = `
    const { withCleanup } = await import(${file});
    process.exitCode = await withCleanup(async (cleanup) => {
      await cleanup.add(() => console.log("first"));
      await cleanup.add(() => console.log("last"));
      ${act}
    });`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
}

describe("what is made and removed again", () => {
  it("is removed in the opposite order, and the status is that of the act", () => {
    expect(run("return 3;")).toMatchObject({ status: 3, stdout: "last\nfirst\n" });
  });

  it.each([
    ["throws", `throw new Error("no such host");`],
    [
      "has a defect elsewhere",
      `setTimeout(() => { throw new Error("no such host"); }); await new Promise((done) => setTimeout(done, 5000)); return 0;`,
    ],
  ])("is removed where it %s, which is told and does not end well", (_, act) => {
    const { status, stdout, stderr } = run(act);
    expect([status, stdout]).toEqual([1, "last\nfirst\n"]);
    expect(stderr).toContain("no such host");
  });

  it("is removed at a signal", () => {
    const ended = run(
      `process.kill(process.pid, "SIGTERM"); await new Promise((done) => setTimeout(done, 1000)); return 0;`,
    );
    expect(ended).toMatchObject({ status: 130, stdout: "last\nfirst\n" });
  });
});
