import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

const SOURCE = new URL("../../src/", import.meta.url).pathname
const DIST = new URL("../../dist/", import.meta.url).pathname

/** Words that only the simulated world's code has, and that no minifier changes. */
const MARKS = ["reached for the real world", "PARLEY_SIM_SEED", "_tickCallback"]

describe("the simulated world", () => {
  it("is imported by nothing that runs in production", () => {
    const importing = filesBelow(SOURCE)
      .filter((file) => !file.startsWith(`${SOURCE}sim/`))
      .filter((file) => /from "[^"]*\/sim\//.test(readFileSync(file, "utf8")))
      .map((file) => file.slice(SOURCE.length))
    expect(importing).toEqual([])
    // The process of `parley simulate` is started, and never imported.
    const loading = filesBelow(SOURCE).filter((file) =>
      /(from|import\() ?"[^"]*\/ScenarioWorker\.js"/.test(readFileSync(file, "utf8"))
    )
    expect(loading).toEqual([])
  })

  it("is in no part of the program that starts by itself", () => {
    if (!existsSync(`${DIST}main.js`)) execFileSync(process.execPath, ["build.mjs", "--no-types"], { cwd: `${DIST}..` })
    for (const name of ["main.js", "program.cjs"]) {
      const text = readFileSync(`${DIST}${name}`, "utf8")
      expect(MARKS.filter((mark) => text.includes(mark))).toEqual([])
    }
  })

  it("talks to Node through its hooks alone", () => {
    const talking = filesBelow(`${SOURCE}sim/`).filter((file) => /from "node:/.test(readFileSync(file, "utf8")))
    expect(talking).toEqual([])
  })
})

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => folder + name)
