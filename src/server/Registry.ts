import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Page, PageRequest } from "../core/rendezvous/Directory.js"
import type { Claim, Introduction, SessionId } from "../core/rendezvous/Registration.js"
import { type RegistryEvent, type RegistryLimits, RegistryMachine } from "../core/rendezvous/RegistryMachine.js"
import * as Bytes from "../protocol/Bytes.js"
import type { RefusalBody } from "../protocol/ControlCodec.js"
import * as Alarm from "../services/Alarm.js"
import { Entropy } from "../services/Entropy.js"
import * as Time from "../services/Time.js"

/**
 * Who has which nickname, for all sessions of all nodes that share the registry. Law 1 is kept here: a nickname has at
 * most one owner, and one that is bound to an identity goes to that identity alone.
 *
 * A refusal is the answer to be sent to the client; `RegistryError` means that nothing is known about what happened,
 * and may be tried again. A session that claimed must be renewed more often than the lease, and released when it is
 * over.
 */
export class Registry extends Context.Tag("parley/server/Registry")<
  Registry,
  {
    /** Gives the session the nickname in place of the one it has, or changes nothing. Also starts its lease. */
    readonly claim: (
      claim: Claim
    ) => Effect.Effect<{ readonly nick: string; readonly resume: string }, RefusalBody | RegistryError>
    /** The session lives: its lease starts anew. */
    readonly renew: (session: SessionId) => Effect.Effect<void, RegistryError>
    /** The session is over: its nickname is held for its owner, or free at once. */
    readonly release: (session: SessionId, hold: boolean) => Effect.Effect<void, RegistryError>
    /** Introductions from now on give these endpoints. */
    readonly update: (
      session: SessionId,
      endpoints: ReadonlyArray<string>
    ) => Effect.Effect<void, RefusalBody | RegistryError>
    /** A part of those who are here now, sorted by nickname in lower case. */
    readonly page: (request: PageRequest) => Effect.Effect<Page, RegistryError>
    /** What to know of the owner of `nick`; the owner learns the same of the session by `Incoming`. */
    readonly introduce: (session: SessionId, nick: string) => Effect.Effect<Introduction, RefusalBody | RegistryError>
    /** Of the presence events that have been handed to subscribers. */
    readonly version: Effect.Effect<number, RegistryError>
    /** Calls `handle` with every event as long as the scope lives. It is called synchronously and must not throw. */
    readonly subscribe: (handle: (event: RegistryEvent) => void) => Effect.Effect<void, never, Scope.Scope>
    readonly stats: Effect.Effect<RegistryStats, RegistryError>
  }
>() {}

export interface RegistryOptions extends RegistryLimits {
  /** Whether introductions offer the relay. */
  readonly relay: boolean
}

export interface RegistryStats {
  /** Nicknames of living sessions. */
  readonly live: number
  /** The same and those that are held. */
  readonly names: number
}

export class RegistryError extends Data.TaggedError("RegistryError")<{
  readonly reason: "Unavailable"
  readonly message: string
  readonly cause?: unknown
}> {}

/**
 * All in this process: one server, no memory of names across a restart. Every method is synchronous and never fails
 * with `RegistryError`.
 */
export const layerMemory = (limits: RegistryOptions): Layer.Layer<Registry, never, Entropy> =>
  Layer.scoped(
    Registry,
    Effect.gen(function* () {
      const entropy = yield* Entropy
      const time = yield* Time.make
      const machine = new RegistryMachine(limits)
      const subscribers = new Set<(event: RegistryEvent) => void>()
      const alarm = yield* Alarm.make((now) => {
        machine.handleTimeout(now)
        drain()
      })

      const drain = () => {
        for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
          for (const handle of subscribers) handle(event)
        }
        alarm.set(machine.pollTimeout())
      }

      const random = (length: number) => Bytes.toBase64Url(entropy.bytes(length))

      return {
        claim: (claim) =>
          Effect.suspend(() => {
            const result = machine.claim(claim, random(RESUME_BYTES), time.wall(), time.monotonic())
            drain()
            return "_tag" in result
              ? Effect.fail(result)
              : Effect.succeed({ nick: result.nickname.text, resume: result.resume })
          }),
        renew: (session) => Effect.sync(() => machine.renew(session, time.monotonic())),
        release: (session, hold) =>
          Effect.sync(() => {
            machine.release(session, hold, time.monotonic())
            drain()
          }),
        update: (session, endpoints) =>
          Effect.suspend(() => {
            const refusal = machine.update(session, endpoints)
            return refusal === undefined ? Effect.void : Effect.fail(refusal)
          }),
        page: (request) => Effect.sync(() => machine.page(request)),
        introduce: (session, nick) =>
          Effect.suspend(() => {
            const fresh = {
              channel: random(CHANNEL_BYTES),
              pairKey: random(PAIR_KEY_BYTES),
              ...(limits.relay ? { tokens: [random(TOKEN_BYTES), random(TOKEN_BYTES)] as const } : {})
            }
            const result = machine.introduce(session, nick, fresh)
            drain()
            return "_tag" in result ? Effect.fail(result) : Effect.succeed(result)
          }),
        version: Effect.sync(() => machine.version),
        subscribe: (handle) =>
          Effect.acquireRelease(
            Effect.sync(() => subscribers.add(handle)),
            () => Effect.sync(() => subscribers.delete(handle))
          ),
        stats: Effect.sync(() => ({ live: machine.live, names: machine.names }))
      }
    })
  )

/** Not to be guessed: 128 bits. */
const RESUME_BYTES = 16
/** A name among the pairs of one server, not a secret. */
const CHANNEL_BYTES = 8
/** Of each side of a channel; guessing it gets nobody anything but a packet that the peers drop. */
const TOKEN_BYTES = 8
/** A BLAKE2b key of full strength. */
const PAIR_KEY_BYTES = 32
