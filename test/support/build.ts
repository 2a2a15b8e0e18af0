import { execFileSync } from "node:child_process"

/** Builds the bundle once before any test: the end-to-end tests run what a user would run, never a stale build. */
export default function setup(): void {
  execFileSync(process.execPath, ["build.mjs", "--no-types"], { stdio: "inherit" })
}
