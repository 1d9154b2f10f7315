import { describe, expect, test } from "vitest";
import { systemExec } from "./exec.ts";

describe("the input of a program", () => {
  test("that waits for input and is given none is empty, so it does not wait for ever", async () => {
    expect(await systemExec("cat", [])).toMatchObject({ status: 0, stdout: "" });
  });

  test("that ends without reading it does no harm", async () => {
    const input = "x".repeat(10_000_000);
    const script = "process.stdin.destroy()";
    expect(await systemExec(process.execPath, ["-e", script], { input })).toMatchObject({ status: 0 });
  });
});

test("a working directory that is not there is an error with a code", async () => {
  const run = systemExec("cat", [], { cwd: "/no/such/directory" });
  await expect(run).rejects.toMatchObject({ code: "machine.exec" });
});
