import { execFileSync } from "node:child_process"
import process from "node:process"
import type { TestProject } from "vitest/node"

/**
 * Builds the package once before any test: the end-to-end tests run what a user would run, never a stale build. Types
 * are of use to those tests alone that install the package, which the full run has.
 */
export default function setup({ config }: TestProject): void {
  const types = config.env.PARLEY_FULL === "1" ? [] : ["--no-types"]
  execFileSync(process.execPath, ["build.mjs", ...types], { stdio: "inherit" })
}
