import type * as fc from "fast-check"

/** What is fed with anything, and the laws that hold whatever it is fed with. */
export interface Target {
  /** Files of `src` whose coverage is told. */
  readonly about: ReadonlyArray<string>
  /** Whole inputs of the right form: they begin the corpus, and are mixed into it. */
  readonly inputs: fc.Arbitrary<Uint8Array | string>
  /** What a mutation puts in, beside numbers that are often borders: names, marks, magic numbers. */
  readonly words?: ReadonlyArray<string | Uint8Array>
  /** Whether lines of an input are JSON, which is changed value by value as well as byte by byte. */
  readonly json?: boolean
  /** Bytes of the longest input that is tried. */
  readonly most: number
  /** ms that an input may take at most; `SLOWEST` unless said otherwise. */
  readonly slowest?: number
  /**
   * Throws when a law is broken. What it returns names what this input has reached beyond lines of code (a kind of
   * refusal, a size of a table): an input that reaches something new is kept. The same input always does the same.
   */
  readonly run: (input: Uint8Array) => ReadonlyArray<string> | undefined
}

/** ms: a decoder takes microseconds; this is what a busy machine and a collection of garbage may add. */
export const SLOWEST = 100

/** Bytes as they are, texts as UTF-8. */
export const toBytes = (input: Uint8Array | string): Uint8Array =>
  typeof input === "string" ? new TextEncoder().encode(input) : input
