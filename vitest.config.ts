import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: {
    // The longer names first: an alias also takes whatever begins with it.
    alias: {
      "parley/sim/vitest": new URL("./src/sim/vitest.ts", import.meta.url).pathname,
      "parley/sim": new URL("./src/sim/index.ts", import.meta.url).pathname,
      parley: new URL("./src/index.ts", import.meta.url).pathname
    }
  },
  define: { PARLEY_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/build.ts"],
    reporters: ["default", "./test/support/summary.ts"],
    // Real processes and a loaded two-core machine: a generous ceiling that only a hang reaches.
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
