/** One writing of the program to its terminal, as `Probe` notes it. */
export interface Written {
  /** ms of the machine's own clock, the same for all processes. */
  readonly at: number
  /** ms of processor that its main thread has used by then, since it began. */
  readonly used: number
  /** Messages of others, and bytes, that it has written by then, this writing included. */
  readonly said: number
  readonly bytes: number
  /** Whether the key that is waited for is in it. */
  readonly hasKey: boolean
}

/** A key that stands in nothing else. */
export const KEY = "Q"
/** Stands once in each message, and in nothing else. */
export const SAID = "said "
/** Characters of a message: a line of a talk. */
export const TEXT_LENGTH = 60
