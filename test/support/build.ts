import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import type { TestProject } from "vitest/node"

/**
 * Builds the package before any test, unless nothing has changed since it was built: the end-to-end tests run what a
 * user would run, never a stale build. Types are of use to those tests alone that install the package, which the full
 * run has.
 */
export default function setup({ config }: TestProject): void {
  const full = config.env.PARLEY_FULL === "1"
  const built = full ? ["dist/main.js", "dist/types/index.d.ts"] : ["dist/main.js"]
  if (built.every((path) => existsSync(path) && statSync(path).mtimeMs > newest(SOURCES))) return
  execFileSync(process.execPath, ["build.mjs", ...(full ? [] : ["--no-types"])], { stdio: "inherit" })
}

/** When the newest of these was changed, in ms: a folder changes when something in it comes or goes. */
const newest = (paths: ReadonlyArray<string>): number =>
  Math.max(
    ...paths.map((path) => {
      const { mtimeMs } = statSync(path)
      return statSync(path).isDirectory()
        ? Math.max(mtimeMs, newest(readdirSync(path).map((name) => join(path, name))))
        : mtimeMs
    })
  )

const SOURCES = ["src", "scripts", "build.mjs", "package.json", "package-lock.json", "tsconfig.build.json"]
