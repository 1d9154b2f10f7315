import { PassThrough, Transform } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runWithVariables } from "./index.ts";
import { ChildDesk, Output, js, sh, value } from "./testing/child-desk.ts";

let desk: ChildDesk;
beforeEach(() => void (desk = new ChildDesk()));
afterEach(() => desk.dispose());

describe("output", () => {
  /** A filter that splits nothing and hides nothing but the one value, for whole chunks. */
  const hide = (): Transform =>
    new Transform({
      transform(chunk: Buffer, _, done) {
        done(null, chunk.toString().replaceAll(value, "***"));
      },
    });

  test("goes through the filter, each stream its own way", async () => {
    const stdout = new Output();
    const stderr = new Output();
    await runWithVariables(
      desk.request({
        command: sh('echo "out $DB_PASSWORD"; echo "err $DB_PASSWORD" >&2'),
        stdio: { stdin: "ignore", stdout, stderr },
        redactOutput: () => ({ stdout: hide(), stderr: hide() }),
      }),
    );
    expect(stdout.text).toBe("out ***\n");
    expect(stderr.text).toBe("err ***\n");
  });

  test("nothing of much output is lost, also what the filter holds back until the end", async () => {
    const stdout = new Output();
    const late = new Transform({
      transform: (chunk, _, done) => done(null, chunk),
      flush(done) {
        done(null, "END");
      },
    });
    await runWithVariables(
      desk.request({
        command: js(`process.stdout.write("x".repeat(3_000_000))`),
        stdio: { stdin: "ignore", stdout, stderr: new Output() },
        redactOutput: () => ({ stdout: late, stderr: new PassThrough() }),
      }),
    );
    expect(stdout.text.length).toBe(3_000_003);
    expect(stdout.text.endsWith("END")).toBe(true);
  });

  test("a filter that fails ends the child, and the failure is told", async () => {
    const broken = new Transform({ transform: (_c, _e, done) => done(new Error("filter broke")) });
    const running = runWithVariables(
      desk.request({
        command: sh("echo x; exec sleep 100"),
        redactOutput: () => ({ stdout: broken, stderr: new PassThrough() }),
      }),
    );
    await expect(running).rejects.toThrow("filter broke");
  });

  test("when nobody reads any more, the child cannot write, and ends", async () => {
    const stdout = new PassThrough();
    stdout.once("data", () => stdout.destroy());
    const running = runWithVariables(
      desk.request({ command: ["/usr/bin/yes"], stdio: { stdin: "ignore", stdout, stderr: new Output() } }),
    );
    const { status } = await running;
    expect(status).not.toBe(0);
  });
});
