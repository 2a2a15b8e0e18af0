import { readdirSync, readFileSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { Program } from "./Program.js"

const run = async (...args: ReadonlyArray<string>) => {
  const program = new Program(["simulate", ...args])
  program.end()
  const code = await program.exited
  return { code, stdout: program.stdout, stderr: program.stderr }
}

const folder = fileURLToPath(new URL("scenarios", import.meta.url))
const failing = `${folder}/lossy.ts`

it("finds the first failing seed, shrinks its faults, and shows it again with the command that it prints", async () => {
  const sweep = await run(failing, "--seeds", "1..200", "--jobs", "2")
  expect(sweep.code).toBe(1)
  expect(sweep.stderr).toContain("parley: seed ")
  const [, seed, faults] = /^replay: parley simulate \S+ --seeds (\d+) --faults (\S+)$/m.exec(sweep.stdout)!
  expect(sweep.stdout).toContain(`faults needed, ${faults!.split(",").length} of `)
  // The user's own line, in TypeScript.
  expect(sweep.stdout).toContain("lossy.ts:")

  const replay = await run(failing, "--seeds", seed!, "--faults", faults!)
  expect(replay.code).toBe(1)
  expect(replay.stdout).toContain(`seed ${seed} failed`)
  const path = /^all packets: (\S+)\.log/m.exec(replay.stdout)![1]!
  expect(readFileSync(`${path}.log`, "utf8").length).toBeGreaterThan(0)
  for (const ending of ["log", "pcap"]) rmSync(`${path}.${ending}`)

  expect((await run(failing, "--seeds", seed!, "--faults", "none")).code).toBe(0)
  // What TypeScript was compiled to does not stay.
  expect(readdirSync(folder)).toEqual(["endless.mjs", "lossy.ts"])
})

it.runIf(full)("gives up a run that never ends, and names its seed", async () => {
  const { code, stderr } = await run(`${folder}/endless.mjs`, "--seeds", "1..40", "--jobs", "1", "--patience", "10")
  expect(code).toBe(1)
  expect(stderr).toContain("seed 23 kept its process busy for 10 s without a pause")
})

it("says in one line what is wrong with a scenario", async () => {
  for (const file of ["nowhere.ts", fileURLToPath(new URL("Program.ts", import.meta.url))]) {
    const { code, stderr } = await run(file)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^parley: [^\n]+\n$/)
  }
})
