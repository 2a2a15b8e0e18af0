import type { Reporter, TestModule } from "vitest/node"

/** Prints the one line that scripts read: `N passed, N failed`, counting files that could not run as failures. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<unknown>): void {
    let passed = 0
    let failed = unhandledErrors.length
    for (const module of modules) {
      let tests = 0
      for (const test of module.children.allTests()) {
        tests++
        const state = test.result().state
        if (state === "passed") passed++
        else if (state !== "skipped") failed++
      }
      if (module.errors().length > 0 || (tests === 0 && module.state() === "failed")) failed++
    }
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  }
}
