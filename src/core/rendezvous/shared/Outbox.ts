import type { SessionId } from "../../../domain/Registration.js"
import type { EngineAnswer, EngineCall } from "../../../protocol/SharedNames.js"

export type Call = (call: EngineCall, handle: (answer: EngineAnswer | undefined) => void) => void

/**
 * What the engine has to learn of sessions, and has not confirmed yet: that they are over, and where they are now.
 * Nothing of it is lost while the engine is away. Pure.
 */
export class Outbox {
  readonly #call: Call
  readonly #graceMs: number
  readonly #bodyOf: (session: SessionId) => string | undefined
  readonly #releases = new Map<SessionId, { readonly hold: boolean; isSent: boolean }>()
  readonly #changed = new Set<SessionId>()
  #isOpen = false

  /** `bodyOf`: of the nickname of a living session, as the engine is to keep it. */
  constructor(graceMs: number, bodyOf: (session: SessionId) => string | undefined, call: Call) {
    this.#graceMs = graceMs
    this.#bodyOf = bodyOf
    this.#call = call
  }

  hasReleased(session: SessionId): boolean {
    return this.#releases.has(session)
  }

  /** The session is over. */
  release(session: SessionId, hold: boolean): void {
    this.#changed.delete(session)
    const release = { hold, isSent: this.#isOpen }
    this.#releases.set(session, release)
    if (!release.isSent) return
    this.#call({ _tag: "Release", session, hold, graceMs: this.#graceMs }, (answer) => {
      if (answer?._tag !== "Done") release.isSent = false
      else if (this.#releases.get(session) === release) this.#releases.delete(session)
    })
  }

  /** The session shows itself elsewhere. */
  change(session: SessionId): void {
    this.#changed.add(session)
    const body = this.#isOpen ? this.#bodyOf(session) : undefined
    if (body === undefined) return
    this.#changed.delete(session)
    this.#call({ _tag: "Update", session, body }, (answer) => {
      if (answer?._tag !== "Done" && this.#bodyOf(session) !== undefined) this.#changed.add(session)
    })
  }

  /** The engine can be told: what has waited goes at once, releases first. */
  open(): void {
    this.#isOpen = true
    for (const [session, { hold, isSent }] of this.#releases) if (!isSent) this.release(session, hold)
    for (const session of this.#changed) this.change(session)
  }

  close(): void {
    this.#isOpen = false
    for (const release of this.#releases.values()) release.isSent = false
  }
}
