import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Tests on real hosts: `npx vitest run --config scripts/host-bed/vitest.config.ts`. They need root and start a
// container engine of their own, so `npm test` runs them as a stage by itself.
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  resolve: { conditions: ["lotse-source"] },
  ssr: { resolve: { conditions: ["lotse-source"] } },
  test: {
    include: ["scripts/host-bed/tests/**/*.hosts.ts"],
    testTimeout: 120_000,
    // The first start on a machine builds the hosts' file system.
    hookTimeout: 600_000,
    // Files share the processors with the hosts.
    fileParallelism: false,
  },
});
