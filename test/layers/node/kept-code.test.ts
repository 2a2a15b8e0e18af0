import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import * as KeptCode from "../../../src/layers/node/KeptCode.js"

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-test-"))
  vi.useFakeTimers()
})

afterEach(() => {
  vi.runOnlyPendingTimers()
  vi.useRealTimers()
  rmSync(folder, { recursive: true, force: true })
})

const cache = () => join(folder, "cache", "parley")
const kept = () => readdirSync(cache())
const keptFile = () => join(cache(), kept()[0]!)

const program = (answer: number, name = "program.cjs") => {
  const path = join(folder, name)
  writeFileSync(path, `exports.answer = () => ${answer}; exports.here = [__filename, typeof require("node:fs").stat]`)
  return pathToFileURL(path)
}

/** What a program answers, and whether V8 had to compile it: then it is kept in a while. */
const run = (url: URL, use = "client") => {
  const { answer, here } = KeptCode.load(url, use, cache()) as { answer: () => number; here: ReadonlyArray<string> }
  const compiled = vi.getTimerCount() > 0
  vi.runOnlyPendingTimers()
  return { answer: answer(), compiled, here }
}

it("compiled code is kept for the next start", () => {
  const url = program(42)
  expect(run(url)).toEqual({ answer: 42, compiled: true, here: [join(folder, "program.cjs"), "function"] })
  expect(kept()).toHaveLength(1)
  expect(run(url)).toMatchObject({ answer: 42, compiled: false })
  expect(run(url, "send")).toMatchObject({ compiled: true })
  expect(kept().map((name) => name.split(".")[0])).toEqual(["client", "send"])
})

it("another program is not taken for this one", () => {
  run(program(42))
  expect(run(program(1_000))).toEqual(expect.objectContaining({ answer: 1_000, compiled: true }))
})

it("old code goes", () => {
  for (let i = 0; i < 6; i++) run(program(i, `program${i}.cjs`))
  run(program(7), "client of another kind")
  expect(kept()).toHaveLength(4)
})

it("code that a crash left in pieces is not given to V8", () => {
  const url = program(42)
  run(url)
  const whole = readFileSync(keptFile())
  for (const pieces of [whole.subarray(0, whole.length - 1), Buffer.alloc(whole.length), Buffer.alloc(0)]) {
    writeFileSync(keptFile(), pieces)
    expect(run(url)).toMatchObject({ answer: 42, compiled: true })
    expect(run(url)).toMatchObject({ answer: 42, compiled: false })
  }
})

it.runIf(process.getuid !== undefined)("is kept only where nobody else can put any", () => {
  const url = program(42)
  run(url)
  expect(statSync(cache()).mode & 0o777).toBe(0o700)
  expect(statSync(keptFile()).mode & 0o777).toBe(0o600)
  chmodSync(cache(), 0o777)
  expect(run(url)).toMatchObject({ answer: 42, compiled: true })
  const { mtimeMs } = statSync(keptFile())
  run(url)
  expect(statSync(keptFile()).mtimeMs).toBe(mtimeMs)
  chmodSync(cache(), 0o700)
  chmodSync(folder, 0o777)
  rmSync(join(folder, "cache"), { recursive: true })
  run(url)
  expect(readdirSync(folder)).toEqual(["program.cjs"])
})

it("a start needs no folder, and does not ask for one that is in the way", () => {
  const url = program(42)
  expect(KeptCode.load(url, "client", undefined)).toMatchObject({ answer: expect.any(Function) })
  expect(vi.getTimerCount()).toBe(0)
  // A home directory that does not exist is not made.
  expect(KeptCode.load(url, "client", join(folder, "home", ".cache", "parley"))).toBeDefined()
  vi.runOnlyPendingTimers()
  expect(readdirSync(folder)).toEqual(["program.cjs"])
  writeFileSync(join(folder, "cache"), "")
  expect(run(url)).toMatchObject({ answer: 42 })
  vi.stubEnv("NODE_DISABLE_COMPILE_CACHE", "1")
  expect(run(url)).toMatchObject({ answer: 42, compiled: false })
  vi.unstubAllEnvs()
})
