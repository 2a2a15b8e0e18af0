import * as Effect from "effect/Effect"
import type { CloseReason, Connection, ConnectionHandler } from "../../../src/services/Connection.js"

/** Lets a test wait until something that callbacks report has come about: no polling, no sleeping. */
export class Signal {
  readonly #waiting = new Set<() => void>()

  /** To be called by a callback after each change. */
  readonly notify = (): void => {
    for (const check of [...this.#waiting]) check()
  }

  until(condition: () => boolean): Effect.Effect<void> {
    return Effect.async((resume) => {
      const check = () => {
        if (!condition()) return
        this.#waiting.delete(check)
        resume(Effect.void)
      }
      this.#waiting.add(check)
      check()
      return Effect.sync(() => this.#waiting.delete(check))
    })
  }
}

/**
 * A handler that remembers what happened and complains about what must not: `violations` stays empty on a good layer.
 */
export class Recorder implements ConnectionHandler {
  readonly closes: Array<CloseReason> = []
  readonly violations: Array<string> = []
  readonly #signal = new Signal()
  readonly #chunks: Array<Uint8Array> = []
  #length = 0

  constructor(private readonly react: (data: Uint8Array) => void = () => {}) {}

  get length(): number {
    return this.#length
  }

  get bytes(): Uint8Array {
    const all = new Uint8Array(this.#length)
    let at = 0
    for (const chunk of this.#chunks) {
      all.set(chunk, at)
      at += chunk.length
    }
    return all
  }

  get text(): string {
    return new TextDecoder("utf-8", { fatal: true }).decode(this.bytes)
  }

  readonly onData = (data: Uint8Array): void => {
    if (this.closes.length > 0) this.violations.push("onData after onClose")
    if (data.constructor !== Uint8Array) this.violations.push(`onData with a ${data.constructor.name}`)
    this.#chunks.push(data)
    this.#length += data.length
    this.react(data)
    this.#signal.notify()
  }

  readonly onClose = (reason: CloseReason): void => {
    this.closes.push(reason)
    if (this.closes.length > 1) this.violations.push("onClose twice")
    this.#signal.notify()
  }

  readonly received = (length: number): Effect.Effect<void> =>
    this.#signal.until(() => this.#length >= length || this.closes.length > 0)

  readonly closed: Effect.Effect<CloseReason> = Effect.suspend(() =>
    Effect.map(
      this.#signal.until(() => this.closes.length > 0),
      () => this.closes[0]!
    )
  )
}

/** The accepting side of a test: every connection with its recorder, in order of arrival. */
export class Acceptor {
  readonly accepted: Array<{ readonly connection: Connection; readonly recorder: Recorder }> = []
  readonly #signal = new Signal()

  constructor(private readonly react: (connection: Connection, data: Uint8Array) => void = () => {}) {}

  readonly accept = (connection: Connection): Recorder => {
    const recorder = new Recorder((data) => this.react(connection, data))
    this.accepted.push({ connection, recorder })
    this.#signal.notify()
    return recorder
  }

  readonly nth = (index: number) =>
    Effect.map(
      this.#signal.until(() => this.accepted.length > index),
      () => this.accepted[index]!
    )
}

export const echo = (): Acceptor => new Acceptor((connection, data) => connection.send(data))

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Bytes that differ from place to place, so that a lost or swapped piece shows. */
export const pattern = (length: number, seed = 1): Uint8Array => {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[at] = state >>> 16
  }
  return bytes
}

/** As `toEqual` compares long arrays it takes half a minute, in which the event loop stands still. */
export const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0
