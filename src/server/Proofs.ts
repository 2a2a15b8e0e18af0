import { FairQueue, type Origin } from "../core/support/FairQueue.js"
import type { SignatureCheck } from "../domain/Crypto.js"
import type { SignatureVerifier } from "../services/SignatureVerifier.js"

/** Somebody who waits for a proof to be verified. */
export interface Question {
  readonly checks: ReadonlyArray<SignatureCheck>
  /** Whoever has left meanwhile is not answered. */
  readonly isWanted: () => boolean
  readonly done: (good: boolean) => void
}

/**
 * Has proofs of identity verified, `MAX_UNDER_WAY` at a time; the others wait here for their turn. So the verdicts that
 * come in one turn of the event loop are few, and a newcomer waits for a few proofs of strangers, however many they
 * send. A session has one question at a time, so nobody waits here who has no connection.
 */
export class Proofs {
  readonly #verifier: typeof SignatureVerifier.Service
  readonly #queue = new FairQueue<Question>()
  #underWay = 0

  constructor(verifier: typeof SignatureVerifier.Service) {
    this.#verifier = verifier
  }

  /** Questions that are waiting or under way. */
  get size(): number {
    return this.#queue.size + this.#underWay
  }

  /** `done` is called once, perhaps before this returns, unless the question is not wanted any more. */
  verify(origin: Origin, question: Question): void {
    this.#queue.add(origin, question)
    this.#goOn()
  }

  #goOn(): void {
    while (this.#underWay < MAX_UNDER_WAY) {
      const question = this.#queue.take()
      if (question === undefined) return
      if (!question.isWanted()) continue
      this.#underWay++
      this.#verifier.verify(question.checks, (good) => {
        this.#underWay--
        if (question.isWanted()) question.done(good)
        this.#goOn()
      })
    }
  }
}

/** 3 ms of the verifier's time, and 1 ms of what follows a verdict. */
const MAX_UNDER_WAY = 16
