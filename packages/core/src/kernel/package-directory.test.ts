import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageDirectory } from "./package-directory.ts";

it("finds a package from another one and from itself, and says which one is missing", () => {
  const here = import.meta.url;
  expect(existsSync(join(packageDirectory("@lotse/core", here), "data", "host"))).toBe(true);
  expect(existsSync(join(packageDirectory("zod", here), "package.json"))).toBe(true);
  expect(() => packageDirectory("@lotse/nothing", here)).toThrow(
    expect.objectContaining({
      code: "machine.missing",
      message: "the package @lotse/nothing is not installed",
    }),
  );
});
