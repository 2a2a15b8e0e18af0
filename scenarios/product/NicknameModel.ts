import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Claim, SessionId } from "../../src/domain/Registration.js"
import { Registry } from "../../src/services/Registry.js"

export interface NicknameRules {
  /** ms that a nickname is held for its owner after the session was lost. */
  readonly graceMs: number
  /** Virtual ms. */
  readonly now: () => number
  /**
   * Whether the server's timers come in time: a process that stands still may hold a nickname for longer, never for
   * less.
   */
  readonly punctual: boolean
  readonly broken: (what: string) => void
}

/**
 * The reference model of one server's nicknames: who may have which one at what time, compared with each answer of the
 * real registry. Nicknames here must not look like each other; the model does not know about looks.
 */
export class NicknameModel {
  private readonly owners = new Map<string, Owner>()

  constructor(private readonly rules: NicknameRules) {}

  /** A claim was answered. */
  claimed({ identity, nickname, session }: Claim, granted: boolean): void {
    const owner = this.owners.get(nickname.key)
    const who = identity?.key ?? session
    const name = nickname.text
    const free = owner === undefined ? true : owner.identity === who ? true : this.isOver(owner)
    if (granted && free === false) this.rules.broken(`${name} is given away, which belongs to somebody else`)
    if (!granted && free === true && this.rules.punctual) this.rules.broken(`${name} is refused, which is free`)
    if (!granted) return
    this.forget(session)
    this.owners.set(nickname.key, { identity: who, session, lostAt: undefined })
  }

  released(session: SessionId, hold: boolean): void {
    const owner = this.ownerBy(session)
    if (owner === undefined) return
    if (hold) owner.lostAt ??= this.rules.now()
    else this.forget(session)
  }

  /** Somebody learned that this is the living owner of a nickname. */
  found(session: SessionId, key: string): void {
    const owner = this.owners.get(key)
    if (owner?.session !== session || owner.lostAt !== undefined)
      this.rules.broken(`somebody is introduced to ${key}, who is not there`)
  }

  /** Whether a nickname is free again; `undefined` when it is too close to tell. */
  private isOver(owner: Owner): boolean | undefined {
    if (owner.lostAt === undefined) return false
    const left = owner.lostAt + this.rules.graceMs - this.rules.now()
    return Math.abs(left) < SLACK ? undefined : left < 0
  }

  private ownerBy(session: SessionId): Owner | undefined {
    for (const owner of this.owners.values()) if (owner.session === session) return owner
    return undefined
  }

  private forget(session: SessionId): void {
    for (const [key, owner] of this.owners) if (owner.session === session) this.owners.delete(key)
  }
}

/** The real registry, each of whose answers is shown to the model. */
export const watch = (model: NicknameModel): Layer.Layer<Registry, never, Registry> =>
  Layer.effect(
    Registry,
    Effect.map(Registry, (registry) => watched(model, registry))
  )

/** This registry, each of whose answers is shown to the model. */
export const watched = (model: NicknameModel, registry: typeof Registry.Service): typeof Registry.Service => ({
  ...registry,
  claim: (claim, done) =>
    registry.claim(claim, (answer) => {
      if (answer._tag === "Claimed") model.claimed(claim, true)
      else if (answer._tag === "Refused" && answer.refusal._tag === "NickTaken") model.claimed(claim, false)
      done(answer)
    }),
  release: (session, hold) => {
    registry.release(session, hold)
    model.released(session, hold)
  },
  find: (key, done) =>
    registry.find(key, (answer) => {
      if (answer._tag === "Found") model.found(answer.registration.session, key)
      done(answer)
    })
})

interface Owner {
  readonly identity: string
  readonly session: SessionId
  /** When the session was lost; `undefined` while it lives. */
  lostAt: number | undefined
}

/** Virtual ms that a timer may be late: clocks of the server drift. */
const SLACK = 500
