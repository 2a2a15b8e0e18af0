import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Claim, SessionId } from "../../../src/core/rendezvous/Registration.js"
import type { RefusalBody } from "../../../src/protocol/ControlCodec.js"
import { Registry, type RegistryError } from "../../../src/server/Registry.js"

export interface NicknameRules {
  /** ms that a registration outlives its last renewal. */
  readonly leaseMs: number
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
    this.owners.set(nickname.key, { identity: who, session, renewedAt: this.rules.now(), lostAt: undefined })
  }

  renewed(session: SessionId): void {
    const owner = this.ownerBy(session)
    if (owner !== undefined) owner.renewedAt = this.rules.now()
  }

  released(session: SessionId, hold: boolean): void {
    const owner = this.ownerBy(session)
    if (owner === undefined) return
    if (hold) owner.lostAt ??= this.rules.now()
    else this.forget(session)
  }

  /** What is wrong with an introduction, if it is granted now. */
  objection(asker: SessionId, key: string): string | undefined {
    if (this.ownerBy(asker) === undefined) return `a session without a nickname is introduced to ${key}`
    const asked = this.owners.get(key)
    const lapsed = asked !== undefined && this.endOfLease(asked) < this.rules.now() - SLACK
    if (asked !== undefined && asked.lostAt === undefined && !(lapsed && this.rules.punctual)) return undefined
    return `somebody is introduced to ${key}, who is not there`
  }

  introduced(objection: string | undefined): void {
    if (objection !== undefined) this.rules.broken(objection)
  }

  /** Whether a nickname is free again; `undefined` when it is too close to tell. */
  private isOver(owner: Owner): boolean | undefined {
    const end = (owner.lostAt ?? this.endOfLease(owner)) + this.rules.graceMs
    const left = end - this.rules.now()
    return Math.abs(left) < SLACK ? undefined : left < 0
  }

  private endOfLease({ renewedAt }: Owner): number {
    return renewedAt + this.rules.leaseMs
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
    Effect.map(Registry, (registry) => ({
      ...registry,
      claim: (claim) =>
        registry.claim(claim).pipe(
          Effect.tap(() => Effect.sync(() => model.claimed(claim, true))),
          Effect.tapError((error) => Effect.sync(() => isTaken(error) && model.claimed(claim, false)))
        ),
      renew: (session) =>
        Effect.zipLeft(
          registry.renew(session),
          Effect.sync(() => model.renewed(session))
        ),
      release: (session, hold) =>
        Effect.zipLeft(
          registry.release(session, hold),
          Effect.sync(() => model.released(session, hold))
        ),
      introduce: (session, nick) =>
        Effect.suspend(() => {
          // Telling the other one may end it, which is no objection.
          const objection = model.objection(session, nick)
          return Effect.tap(registry.introduce(session, nick), () => Effect.sync(() => model.introduced(objection)))
        })
    }))
  )

const isTaken = (error: RefusalBody | RegistryError): boolean => error._tag === "NickTaken"

interface Owner {
  readonly identity: string
  readonly session: SessionId
  renewedAt: number
  /** When the session was lost; `undefined` while it lives. */
  lostAt: number | undefined
}

/** Virtual ms that a timer may be late: clocks of the server drift. */
const SLACK = 500
