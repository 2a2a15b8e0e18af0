import type { Registration } from "../../../domain/Registration.js"
import type { StoredName } from "../../../protocol/SharedNames.js"

/** A name of a session of our own. */
export interface Own {
  readonly name: StoredName
  readonly registration: Registration
  /** Of the step of the log that told of it; 0 for one that is in the log anyhow. */
  readonly n: number
}

/** A claim that the engine has granted. */
export interface Grant {
  readonly ticket: number
  readonly own: Own
}

/**
 * Claims that were granted, and are answered once the copy has what they changed: whoever is told that it is registered
 * is seen by everybody of this node. In the order of their answers.
 */
export class Granted {
  #waiting: Array<Grant> = []

  get size(): number {
    return this.#waiting.length
  }

  add(grant: Grant): void {
    this.#waiting.push(grant)
  }

  /** Those that the log has told of, up to this step: they wait no longer. */
  upTo(n: number): ReadonlyArray<Grant> {
    if (this.#waiting.length === 0) return NONE
    const told = this.#waiting.filter(({ own }) => own.n <= n)
    this.#waiting = this.#waiting.filter(({ own }) => own.n > n)
    return told
  }

  /** All of them: the log will not tell. */
  all(): ReadonlyArray<Grant> {
    const all = this.#waiting
    this.#waiting = []
    return all
  }
}

const NONE: ReadonlyArray<Grant> = []
