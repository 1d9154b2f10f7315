import { defineConfig } from "vitest/config";

// Tests import the packages' sources (condition `lotse-source`), so no build is needed to run them,
// except for the end-to-end tests, which start the built command as a user would.
export default defineConfig({
  resolve: { conditions: ["lotse-source"] },
  ssr: { resolve: { conditions: ["lotse-source"] } },
  test: {
    include: ["packages/**/*.test.ts", "scripts/**/*.test.ts", "bench/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
  },
});
