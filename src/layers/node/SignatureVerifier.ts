import { Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SignatureCheck } from "../../domain/Crypto.js"
import * as Crypto from "../../services/Crypto.js"
import { SignatureVerifier } from "../../services/SignatureVerifier.js"
import { location } from "./Sodium.js"

/**
 * A thread with a libsodium of its own; it starts with the first signature. What is asked for in one turn of the event
 * loop goes there in one message: a check takes 90 µs, waking the thread as much, and telling it one more check 10.
 *
 * Where no thread can be had, or it breaks, `Crypto` checks on the main thread: slower, and no different.
 */
export const layer: Layer.Layer<SignatureVerifier, never, Crypto.Crypto> = Layer.scoped(
  SignatureVerifier,
  Effect.gen(function* () {
    const crypto = yield* Crypto.Crypto
    const verifier = new Verifier(({ message, publicKey, signature }) => crypto.verify(signature, message, publicKey))
    yield* Effect.addFinalizer(() => Effect.sync(() => verifier.close()))
    return { verify: (checks, done) => verifier.verify(checks, done) }
  })
)

interface Question {
  readonly checks: ReadonlyArray<SignatureCheck>
  readonly done: (good: boolean) => void
}

class Verifier {
  readonly #verifyHere: (check: SignatureCheck) => boolean
  #thread: Worker | undefined
  #isBroken = false
  /** Of this turn. */
  #gathered: Array<Question> = []
  /** With the thread, oldest first: it answers one message after the other. */
  readonly #sent: Array<ReadonlyArray<Question>> = []

  constructor(verifyHere: (check: SignatureCheck) => boolean) {
    this.#verifyHere = verifyHere
  }

  verify(checks: ReadonlyArray<SignatureCheck>, done: (good: boolean) => void): void {
    // What is dear is not the message but waking the thread, so all sockets of this turn are read first. A tick would
    // come after each of them.
    if (this.#gathered.push({ checks, done }) === 1) setImmediate(() => this.#send())
  }

  close(): void {
    this.#isBroken = true
    void this.#thread?.terminate()
  }

  #send(): void {
    const questions = this.#gathered
    this.#gathered = []
    const thread = this.#ready()
    if (thread === undefined) {
      this.#answerHere(questions)
      return
    }
    const batch = pack(questions.flatMap(({ checks }) => checks))
    this.#sent.push(questions)
    thread.postMessage(batch, [batch.buffer])
  }

  #ready(): Worker | undefined {
    if (this.#isBroken || this.#thread !== undefined) return this.#isBroken ? undefined : this.#thread
    try {
      this.#thread = new Worker(PROGRAM, { eval: true, workerData: location() })
    } catch {
      this.#isBroken = true
      return undefined
    }
    // Nobody waits for a signature alone: those who do have a connection that keeps the process.
    this.#thread.unref()
    this.#thread.on("message", (verdicts: Uint8Array) => this.#answer(verdicts))
    this.#thread.once("error", () => this.#break())
    this.#thread.once("exit", () => this.#break())
    return this.#thread
  }

  #answer(verdicts: Uint8Array): void {
    let at = 0
    for (const { checks, done } of this.#sent.shift() ?? []) {
      const end = at + checks.length
      let good = true
      for (; at < end; at++) good &&= verdicts[at] === 1
      done(good)
    }
  }

  /** Whoever waits for the thread is answered all the same. */
  #break(): void {
    if (this.#isBroken) return
    this.#isBroken = true
    for (const questions of this.#sent.splice(0)) this.#answerHere(questions)
  }

  #answerHere(questions: ReadonlyArray<Question>): void {
    for (const { checks, done } of questions) done(checks.every(this.#verifyHere))
  }
}

/**
 * One check after the other: one more than the length of the message (u16, big-endian), or 0 for one that cannot be
 * good; signature 64; public key 32; message. One piece of memory that changes hands is cheaper than three for each
 * check.
 */
const pack = (checks: ReadonlyArray<SignatureCheck>): Uint8Array<ArrayBuffer> => {
  const batch = new Uint8Array(
    checks.reduce((sum, check) => sum + HEADER + (isWhole(check) ? check.message.length : 0), 0)
  )
  const view = new DataView(batch.buffer)
  let at = 0
  for (const check of checks) {
    if (isWhole(check)) {
      view.setUint16(at, check.message.length + 1)
      batch.set(check.signature, at + 2)
      batch.set(check.publicKey, at + 66)
      batch.set(check.message, at + HEADER)
      at += check.message.length
    }
    at += HEADER
  }
  return batch
}

const HEADER = 2 + 64 + 32

const MAX_MESSAGE = 0xfffe

const isWhole = ({ message, publicKey, signature }: SignatureCheck): boolean =>
  signature.length === 64 && publicKey.length === 32 && message.length <= MAX_MESSAGE

/**
 * What the thread runs. A text and not a file, because the program is one bundle, the library another, and tests run
 * the sources: a file would have to be found from all three.
 */
const PROGRAM = `
const { parentPort, workerData } = require("node:worker_threads")
const sodium = require(workerData)
parentPort.on("message", (batch) => {
  const verdicts = []
  for (let at = 0; at < batch.length; ) {
    const length = batch[at] * 256 + batch[at + 1] - 1
    const signature = batch.subarray(at + 2, at + 66)
    const publicKey = batch.subarray(at + 66, at + ${HEADER})
    at += ${HEADER}
    if (length < 0) verdicts.push(0)
    else {
      const message = batch.subarray(at, at + length)
      at += length
      verdicts.push(sodium.crypto_sign_verify_detached(signature, message, publicKey) ? 1 : 0)
    }
  }
  parentPort.postMessage(Uint8Array.from(verdicts))
})
`
