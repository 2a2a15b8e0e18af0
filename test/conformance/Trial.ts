import { execFile, execFileSync } from "node:child_process"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect } from "vitest"
import { Program } from "../e2e/Program.js"
import { full } from "../support/Effort.js"
import { type Check, waits } from "./Check.js"
import { clientChecks } from "./client/Checks.js"
import { type Part, retire } from "./client/Context.js"
import type { Subject } from "./client/Subject.js"
import type { Plant } from "./Plants.js"
import { line, type Result, runAll } from "./Report.js"
import { serverChecks } from "./server/Checks.js"
import { variant } from "./Variant.js"

/** The suite on our own programs, as they are and with a fault planted in them. */

export const root = fileURLToPath(new URL("../../", import.meta.url))

/** The suite on the local network is that of a network namespace with nothing in it. */
const ALONE = ["-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"]
export const hasNamespaces = ((): boolean => {
  try {
    execFileSync("unshare", [...ALONE, "true"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
})()

/** ms that the tests below may take: minutes of a machine that has much else to do. */
export const MINUTES = 1_200_000

/** ms that an answer may take that comes: nobody waits for it in vain. */
const PATIENT = 60_000
/** ms that an answer may take where a fault may keep it back, with another time for it below. */
const HURRIED = 4_000
/** ms after which what a fault brings has not come: it is waited for longer where a shorter time has shown nothing. */
const SILENCES = [400, 4_000, 40_000]

/** How often a check that does not hold is tried again. */
const AGAIN = 2

type IsEnough = (result: Result) => boolean

/** Those of the results that do not hold, as they are told. */
export const broken = (results: ReadonlyArray<Result>) => results.filter(({ outcome }) => outcome !== "holds").map(line)

const byRule = <One extends { readonly rule: string }>(checks: ReadonlyArray<One>, rule: string) =>
  checks.filter((check) => rule === "" || check.rule === rule || check.rule.startsWith(`${rule}-`))

/**
 * Runs the checks until one `isEnough`, or all of them: then those that do not hold are tried again, as something may
 * have kept the machine busy, and are told. What a fault breaks does not hold the next time either.
 */
const runSome = async <Context>(
  checks: ReadonlyArray<Check<Context>>,
  context: Context,
  isEnough?: IsEnough
): Promise<ReadonlyArray<Result>> => {
  const results = [...(await runAll(checks, context, undefined, isEnough))]
  if (isEnough !== undefined) return results
  for (let again = 0; again < AGAIN; again++)
    for (const [at, result] of results.entries()) {
      if (result.outcome === "holds") continue
      process.stdout.write(`tried again: ${line(result)}\n`)
      results[at] = (await runAll([checks[at]!], context))[0]!
    }
  return results
}

/** The checks of a server that listens there. */
export const tryServerAt = (port: number, rule = "", isEnough?: IsEnough): Promise<ReadonlyArray<Result>> =>
  runSome(
    byRule(serverChecks, rule),
    { host: "127.0.0.1", port, name: `127.0.0.1:${port}`, open: new Set<never>() },
    isEnough
  )

/** The checks of a client that is started so. */
export const tryCommand = async (
  command: string,
  rule = "",
  without: ReadonlyArray<Part> = [],
  isEnough?: IsEnough
): Promise<ReadonlyArray<Result>> => {
  const subject: Subject = { command: `${command} --server {host}:{port} --home {home}` }
  const checks = byRule(clientChecks({ isWire: false, isSlow: false, without: ["lan", ...without] }), rule)
  return runSome(checks, subject, isEnough).finally(() => retire(subject))
}

const TRIALS = {
  server: async (main: string, rule: string, isEnough?: IsEnough) => {
    const server = new Program(["server", "--host", "127.0.0.1", "--port", "0"], {}, { program: main })
    const [, port] = await server.prints(/listening on 127\.0\.0\.1:(\d+)/)
    return tryServerAt(Number(port), rule, isEnough).finally(() => server.kill("SIGKILL"))
  },
  client: (main: string, rule: string, isEnough?: IsEnough) =>
    tryCommand(`${process.execPath} ${main} client --json --nick {nick}`, rule, [], isEnough),
  /** As the suite is run by hand: its own process can be put into a namespace. */
  lan: async (main: string, rule: string): Promise<ReadonlyArray<Result>> => {
    const client = `${process.execPath} ${main} client --json --lan --nick {nick} --server {host}:{port} --home {home}`
    const times = Object.entries(waits).flatMap(([name, ms]) => [`--${name}`, String(ms / 1_000)])
    const suite = [`${root}test/conformance/run.mjs`, "client", client, "--json", "--only", rule, ...times]
    const found = await promisify(execFile)("unshare", [...ALONE, process.execPath, ...suite]).catch(
      (failed: { readonly stdout: string }) => failed
    )
    return JSON.parse(found.stdout)
  }
}

/** Runs with these times, which are for all of a process, and no longer. */
const waiting = async <A>(times: typeof waits, run: () => Promise<A>): Promise<A> => {
  const before = { ...waits }
  Object.assign(waits, times)
  return run().finally(() => Object.assign(waits, before))
}

/** Patient: what must come may take as long as it wants to. */
export const patiently = <A>(run: () => Promise<A>): Promise<A> =>
  waiting({ patience: PATIENT, silence: waits.silence }, run)

/** The suite finds nothing in the program as it is. */
export const expectNothing = async (what: keyof typeof TRIALS, rule: string): Promise<void> => {
  const { main, remove } = await variant()
  try {
    expect(broken(await patiently(() => TRIALS[what](main, rule)))).toEqual([])
  } finally {
    remove()
  }
}

/** The suite finds the fault in the program that has it. */
export const expectFound = async (what: keyof typeof TRIALS, plant: Plant): Promise<void> => {
  const { main, remove } = await variant(plant)
  const isFound = ({ outcome }: Result) => outcome === "broken"
  try {
    for (const silence of SILENCES) {
      const trial = () => TRIALS[what](main, plant.rule, isFound)
      const results = await waiting({ patience: HURRIED, silence }, trial)
      if (results.some(isFound)) return
    }
    expect.fail(`no check of ${plant.rule} is broken`)
  } finally {
    remove()
  }
}

/** All of them, or one in a quick run. */
export const plants = (all: ReadonlyArray<Plant>): ReadonlyArray<Plant> => (full ? all : all.slice(0, 1))

/** What two files share, so that two processes do. */
export const firstHalf = <A>(all: ReadonlyArray<A>): ReadonlyArray<A> => all.slice(0, Math.ceil(all.length / 2))
export const secondHalf = <A>(all: ReadonlyArray<A>): ReadonlyArray<A> => all.slice(Math.ceil(all.length / 2))
