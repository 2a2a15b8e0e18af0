import { relative } from "node:path"
import process from "node:process"
import { inspect } from "node:util"
import type { Reporter, TestModule } from "vitest/node"

/**
 * Prints the one line that scripts read: `N passed, N failed`, counting files that could not run as failures, and a
 * line for each of these above it, so that the end of a log says what to look at.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<unknown>): void {
    let passed = 0
    const errors = unhandledErrors.filter((error) => !isLate(error))
    const failures = errors.map((error) => `an error outside of every test: ${inspect(error)}`)
    for (const module of modules) {
      let tests = 0
      for (const test of module.children.allTests()) {
        tests++
        const state = test.result().state
        if (state === "passed") passed++
        else if (state !== "skipped") {
          failures.push(
            `${relative(process.cwd(), module.moduleId)}: ${test.fullName}: ${test.result().errors?.[0]?.message ?? "no error told"}`
          )
        }
      }
      if (module.errors().length > 0 || (tests === 0 && module.state() === "failed")) {
        failures.push(
          `${relative(process.cwd(), module.moduleId)}: ${module.errors()[0]?.message ?? "could not be run"}`
        )
      }
    }
    for (const failure of failures) process.stdout.write(`\nFAILED ${oneLine(failure)}`)
    const late = unhandledErrors.length - errors.length
    if (late > 0) process.stdout.write(`\nThe runner took ${late} reports of tests only after a minute.\n`)
    process.stdout.write(`\n${passed} passed, ${failures.length} failed\n`)
    // The runner is told to leave errors outside of tests to us (vitest.config.ts).
    if (failures.length > 0) process.exitCode = 1
  }
}

/**
 * A worker has told how its tests go, and was not answered within a minute, which happens on a busy machine. It says
 * nothing of a test: what was told has arrived, and a test whose result had not would count as failed above.
 */
const isLate = (error: unknown): boolean => inspect(error).includes('[vitest-worker]: Timeout calling "onTaskUpdate"')

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").slice(0, MESSAGE_CHARS)

/** Characters of what is told of one failure: all of it stands further up in the log. */
const MESSAGE_CHARS = 1_000
