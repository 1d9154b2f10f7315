import { configDefaults, defineConfig } from "vitest/config";

// Tests import the packages' sources (condition `lotse-source`), so no build is needed to run them,
// except for the end-to-end tests, which start the built command as a user would.
export default defineConfig({
  resolve: { conditions: ["lotse-source"] },
  ssr: { resolve: { conditions: ["lotse-source"] } },
  test: {
    // The engine's tests kill processes and databases; `npm test` runs them by themselves after the others.
    include:
      process.env["LOTSE_ENGINE"] === "1"
        ? ["packages/engine/**/*.test.ts"]
        : ["packages/**/*.test.ts", "scripts/**/*.test.ts", "bench/**/*.test.ts"],
    exclude: [
      ...configDefaults.exclude,
      ...(process.env["LOTSE_ENGINE"] === "1" ? [] : ["packages/engine/**"]),
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
