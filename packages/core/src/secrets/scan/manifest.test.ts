import { expect, it } from "vitest";
import { scanText } from "./scan-text.ts";

it("the manifest of a secret file is no finding, whatever its digests look like", async () => {
  for (let round = 0; round < 200; round++) {
    const token = (0x9e3779b97f4a7c15n * BigInt(round + 1)).toString(16).slice(-16).padStart(16, "0");
    const text = JSON.stringify({ values: { "jwt.secret_key": { version: 1, token } } }, null, 2);
    expect(await scanText({ text, file: "prod.yml.manifest.json" }, {})).toEqual([]);
  }
});
