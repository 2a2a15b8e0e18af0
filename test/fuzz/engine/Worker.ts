import process from "node:process"
import { parentPort, workerData } from "node:worker_threads"
import { Rng } from "../../../src/sim/kernel/Rng.js"
import type { Target } from "../Target.js"
import { Coverage } from "./Coverage.js"
import { type Broken, Fuzzer } from "./Fuzzer.js"

/** What one target is tried with, in a thread of its own, so that an input that never ends can be ended. */
export interface Job {
  /** Of the bundle of the target. */
  readonly url: string
  readonly seed: number
  /** ms; 0 only takes what is new of `corpus`. */
  readonly ms: number
  readonly corpus: ReadonlyArray<Uint8Array>
  /** The input that is being tried: `u32` length, `u32` number, and the bytes. */
  readonly trying: SharedArrayBuffer
}

export interface Outcome {
  readonly executions: number
  readonly ms: number
  readonly corpus: ReadonlyArray<Uint8Array>
  readonly broken: Broken | undefined
  /** How much of each file that the target is about has run, of 1. */
  readonly covered: ReadonlyArray<readonly [file: string, part: number]>
}

/** Inputs of the right form that the corpus begins with. */
const DRAWN = 200

const { corpus, ms, seed, trying, url } = workerData as Job
const head = new Int32Array(trying, 0, 2)
const bytes = new Uint8Array(trying, 8)
const now = () => performance.now()
const busy = () => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

const coverage = new Coverage(ms > 0)
coverage.install()
const { target } = (await import(url)) as { readonly target: Target }
const start = now()
const fuzzer = new Fuzzer(target, coverage, new Rng(seed), now, busy, (input) => {
  bytes.set(input.subarray(0, bytes.length))
  head[0] = Math.min(input.length, bytes.length)
  Atomics.add(head, 1, 1)
})
fuzzer.begin(ms === 0 ? corpus : [...corpus, ...fuzzer.drawn(DRAWN)])
fuzzer.run(start + ms)

parentPort!.postMessage({
  executions: fuzzer.executions,
  ms: now() - start,
  corpus: fuzzer.corpus,
  broken: fuzzer.broken,
  covered: target.about.map((file) => [file, coverage.of(file)] as const)
} satisfies Outcome)
