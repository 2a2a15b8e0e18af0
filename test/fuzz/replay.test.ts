import { execFile } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import process from "node:process"
import { describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import * as Corpus from "./engine/Corpus.js"
import { SLOWEST, type Target } from "./Target.js"

const folder = import.meta.dirname
const names = readdirSync(join(folder, "targets")).map((file) => basename(file, ".ts"))

describe("the corpus of", () => {
  it.each(names)("%s breaks no law", async (name) => {
    const { target } = (await import(`./targets/${name}.ts`)) as { readonly target: Target }
    for (const file of target.about) expect(existsSync(join(folder, "..", "..", file)), file).toBe(true)
    const inputs = Corpus.read(join(folder, "corpus", `${name}.txt`))
    expect(inputs.length).toBeGreaterThan(0)
    for (const input of inputs) {
      const start = performance.now()
      expect(() => target.run(input), Corpus.lineOf(input)).not.toThrow()
      // Generous, as tests share the machine: only what does not end is found here.
      expect(performance.now() - start, Corpus.lineOf(input)).toBeLessThan(20 * (target.slowest ?? SLOWEST))
    }
  })

  it("all targets is small enough for the tree, and of targets that are there", () => {
    const files = readdirSync(join(folder, "corpus"))
    expect(files.map((file) => basename(file, ".txt"))).toEqual(names)
    const sizes = files.map((file) => readFileSync(join(folder, "corpus", file)).length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(500_000)
  })
})

if (full) {
  it("no target breaks a law within a minute of fuzzing", async () => {
    // The same in each run, as with properties: a red run is about what was changed, and `npm run fuzz` draws others.
    // The worker goes on to answer meanwhile: vitest takes one that is silent for a minute for dead.
    const run = await new Promise<{ readonly failed: boolean; readonly told: string }>((resolve) => {
      execFile(process.execPath, [join(folder, "run.mjs"), "--seconds", "75", "--seed", "1"], (error, _, told) =>
        resolve({ failed: error !== null, told })
      )
    })
    expect(run.failed, run.told).toBe(false)
  }, 300_000)
}
