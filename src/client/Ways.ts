import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Way } from "../core/client/ServerWays.js"
import type { ProxyAddress } from "../domain/ProxyAddress.js"
import type { Connection, ConnectionHandler } from "../services/Connection.js"
import { DialError, type Dialer, type DialTls } from "../services/Dialer.js"

/** Where a way leads. */
export interface Place {
  readonly host: string
  readonly tls: DialTls
  readonly proxy?: ProxyAddress | undefined
}

export interface WaysOptions {
  readonly placeOf: (way: Way) => Place
  readonly timeoutMs?: number
}

/** Why no way led there. */
export interface Failure {
  readonly error: DialError
  /** The way that it is about. */
  readonly way: Way
}

/**
 * Dials a server, or several, by several ways: the next one begins when the one before has failed, or has not connected
 * in `STAGGER` ms. The first that connects is taken, and the others are given up: `handler` is asked for once. As
 * `Dialer.dial` otherwise; the failure is that of the first way to each server, and of one that does not encrypt before
 * all others.
 */
export const dial = (
  dialer: typeof Dialer.Service,
  ways: ReadonlyArray<Way>,
  { placeOf, timeoutMs }: WaysOptions,
  handler: (connection: Connection, way: Way) => ConnectionHandler
): Effect.Effect<Connection, Failure, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const chosen = yield* Deferred.make<Connection, Failure>()
    const errors = new Map<Way, DialError>()
    let winner: Way | undefined
    const take = (way: Way) => (connection: Connection) => {
      if (winner !== undefined) return LATE
      winner = way
      return handler(connection, way)
    }
    const failed = (way: Way, error: DialError) =>
      Effect.suspend(() => {
        errors.set(way, error)
        return errors.size === ways.length ? Deferred.fail(chosen, failureOf(ways, errors)) : Effect.void
      })
    const attempt = (at: number): Effect.Effect<void> => {
      const way = ways[at]
      if (way === undefined) return Effect.void
      return Effect.gen(function* () {
        const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
        const isOver = yield* Deferred.make<void>()
        const { isEncrypted, isWeb, port } = way
        const { host, proxy, tls } = placeOf(way)
        const options = {
          host,
          port,
          ...(isEncrypted ? { tls } : {}),
          ...(isWeb ? { isWeb } : {}),
          ...(proxy === undefined ? {} : { proxy }),
          ...(timeoutMs === undefined ? {} : { timeoutMs })
        }
        const one = dialer.dial(options, take(way)).pipe(
          Scope.extend(own),
          Effect.flatMap((made) => (winner === way ? Deferred.succeed(chosen, made) : Scope.close(own, Exit.void))),
          Effect.catchAll((error) => Effect.zipRight(failed(way, error), Deferred.succeed(isOver, undefined)))
        )
        const goOn = Deferred.await(isOver).pipe(
          Effect.timeoutOption(Duration.millis(STAGGER)),
          Effect.zipRight(Effect.suspend(() => (winner === undefined ? attempt(at + 1) : Effect.void)))
        )
        yield* Effect.all([one, goOn], { concurrency: "unbounded", discard: true })
      })
    }
    return yield* Effect.raceFirst(Deferred.await(chosen), Effect.zipRight(attempt(0), Effect.never))
  })

const failureOf = (ways: ReadonlyArray<Way>, errors: ReadonlyMap<Way, DialError>): Failure => {
  const firsts = ways
    .filter((way, at) => ways.findIndex(({ server }) => server === way.server) === at)
    .map((way) => ({ way, error: errors.get(way)! }))
  const first = firsts.find(({ error }) => error.reason === "NoTls") ?? firsts[0]!
  const { cause, reason } = first.error
  if (firsts.length === 1 || reason === "NoTls") return first
  const message = firsts.map(({ error }) => error.message).join("; ")
  return { ...first, error: new DialError({ reason, message, cause }) }
}

/** Of a connection that came too late, and is closed at once. */
const LATE: ConnectionHandler = { onData: () => {}, onClose: () => {} }

/** ms: a link by satellite, with TLS. Later than that, most who wait are behind a firewall that drops. */
const STAGGER = 1_200
