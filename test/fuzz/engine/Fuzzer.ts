import * as fc from "fast-check"
import type { Rng } from "../../../src/sim/kernel/Rng.js"
import { SLOWEST, type Target, toBytes } from "../Target.js"
import type { Coverage } from "./Coverage.js"
import { mutate } from "./Mutate.js"

/** A law was broken by `input`, which has been cut down. */
export interface Broken {
  readonly input: Uint8Array
  readonly error: string
}

/**
 * Coverage-guided fuzzing: inputs are changed at random, and what reaches a block (or a name that the target tells)
 * that nothing has reached before, or never so often, joins the corpus that is changed.
 */
export class Fuzzer {
  readonly corpus: Array<Uint8Array> = []
  executions = 0
  broken: Broken | undefined
  readonly #reached = new Set<string>()
  #fresh: Array<Uint8Array> = []

  /** `now` and `busy`, the time that this process has computed, are in ms; `trying` is told of each input. */
  constructor(
    private readonly target: Target,
    private readonly coverage: Coverage,
    private readonly rng: Rng,
    private readonly now: () => number,
    private readonly busy: () => number,
    private readonly trying: (input: Uint8Array) => void
  ) {}

  /** Takes what is new of these into the corpus, the shortest first. */
  begin(inputs: ReadonlyArray<Uint8Array>): void {
    this.coverage.take()
    for (const input of [...inputs].sort((a, b) => a.length - b.length)) if (this.broken === undefined) this.#try(input)
  }

  /** Tries on until `end` or until a law is broken. */
  run(end: number): void {
    while (this.now() < end && this.broken === undefined) this.#try(this.#next())
  }

  /** A whole input of the right form, as the target draws them. */
  drawn(count: number): ReadonlyArray<Uint8Array> {
    return fc.sample(this.target.inputs, { numRuns: count, seed: this.rng.u32() | 0 }).map(toBytes)
  }

  #next(): Uint8Array {
    if (this.#fresh.length === 0) this.#fresh = [...this.drawn(DRAWN)]
    if (this.corpus.length === 0 || this.rng.chance(0.05)) return this.#fresh.pop()!
    const recent = Math.min(this.corpus.length, RECENT)
    const at = this.rng.chance(0.3)
      ? this.corpus.length - 1 - this.rng.below(recent)
      : this.rng.below(this.corpus.length)
    const other = this.rng.chance(0.2) ? this.#fresh[0]! : this.rng.pick(this.corpus)
    return mutate(this.rng, this.target, this.corpus[at]!, other)
  }

  #try(input: Uint8Array): void {
    const before = this.#reached.size
    const error = this.#errorOf(input)
    const isNew = this.coverage.take()
    if (error === undefined) {
      if (isNew || this.#reached.size > before) this.corpus.push(input)
      return
    }
    const isBad = (shorter: Uint8Array) => this.#errorOf(shorter) !== undefined
    const shortest = shorten(input, isBad, this.now() + SHORTEN_MS, this.now)
    this.broken = { input: shortest, error: this.#errorOf(shortest) ?? error }
  }

  #errorOf(input: Uint8Array): string | undefined {
    this.trying(input)
    this.executions++
    const slowest = this.target.slowest ?? SLOWEST
    try {
      let start = this.now()
      for (const name of this.target.run(input) ?? []) this.#reached.add(name)
      let took = this.now() - start
      // It may have waited for a processor: what counts is what it needs of one, at best.
      for (let times = 0; times < 3 && took > slowest; times++) {
        start = this.busy()
        this.target.run(input)
        took = Math.min(took, this.busy() - start)
      }
      return took > slowest ? `took ${Math.round(took)} ms, at most ${slowest} are allowed` : undefined
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error)
    }
  }
}

/** The input with as much left out as can be while it stays bad, until `end`. */
const shorten = (
  input: Uint8Array,
  isBad: (shorter: Uint8Array) => boolean,
  end: number,
  now: () => number
): Uint8Array => {
  let shortest = input
  for (let part = shortest.length; part >= 1; part >>= 1) {
    for (let at = 0; at < shortest.length && now() < end; ) {
      const shorter = new Uint8Array([...shortest.subarray(0, at), ...shortest.subarray(at + part)])
      if (isBad(shorter)) shortest = shorter
      else at += part
    }
  }
  return shortest
}

/** Inputs that are drawn at a time. */
const DRAWN = 50
/** The newest inputs of the corpus, which are changed more often than the others. */
const RECENT = 16
const SHORTEN_MS = 3_000
