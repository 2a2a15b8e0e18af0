import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

/** One more than there are processors, because tests of whole programs wait more than they work. */
const WORKERS = availableParallelism() + 1

export default defineConfig(({ mode }) => ({
  resolve: {
    // The longer names first: an alias also takes whatever begins with it.
    alias: {
      "parley-chat/sim/vitest": new URL("./src/sim/vitest.ts", import.meta.url).pathname,
      "parley-chat/promise": new URL("./src/promise/index.ts", import.meta.url).pathname,
      "parley-chat/sim": new URL("./src/sim/index.ts", import.meta.url).pathname,
      "parley-chat": new URL("./src/index.ts", import.meta.url).pathname
    }
  },
  define: { PARLEY_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    include: ["test/**/*.test.ts", "examples/*.test.ts"],
    globalSetup: ["test/support/build.ts"],
    setupFiles: ["test/support/examples.ts", "test/support/cleanup.ts"],
    reporters: ["default", "./test/support/summary.ts"],
    // Those outside of every test are counted by the summary, which knows those that say nothing of the tests.
    dangerouslyIgnoreUnhandledErrors: true,
    // `npm run test:full` is `--mode full`; test/support/Effort.ts says what that means.
    env: { PARLEY_FULL: mode === "full" ? "1" : "0" },
    // Files share the processes they run in, and what they import: loading Effect for each file again took two thirds
    // of all the time. A test leaves the process as it found it (what it patches it puts back).
    pool: "forks",
    isolate: false,
    maxWorkers: WORKERS,
    // The pool loses work when it lets an idle process go while files are left.
    minWorkers: WORKERS,
    // Real processes and a loaded two-core machine, where a test may take fifty times as long as alone: a generous
    // ceiling that only a hang reaches.
    testTimeout: 300_000,
    hookTimeout: 300_000
  }
}))
