import { describe, it } from "vitest";
import { conformanceCases } from "./conformance.ts";
import { testPayload, testRelease } from "./memory-driver.ts";
import { MemoryTarget } from "./memory-target.ts";

const environment = "prod";
const tenants = ["acme"];

describe.each([1, 3])("a memory target with %i hosts", (count) => {
  let number = 0;
  for (const { name, run } of conformanceCases) {
    it(name, () => {
      const memory = new MemoryTarget(Array.from({ length: count }, (_, at) => `h${at}`));
      return run({
        target: memory,
        newScope: () => ({ environment, tenant: `t${(number += 1)}` }),
        payload: (version) => testPayload(testRelease(version, tenants)),
        versionOf: (scope) => Promise.resolve(memory.versionOf(scope)),
        hold: (scope) => Promise.resolve(memory.hold(scope)),
      });
    });
  }
});
