import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Way } from "../core/client/ServerWays.js"
import type { ProxyAddress } from "../domain/ProxyAddress.js"
import type { Connection, ConnectionHandler } from "../services/Connection.js"
import type { DialError, Dialer, DialTls } from "../services/Dialer.js"

export interface WaysOptions {
  readonly host: string
  readonly tls: DialTls
  readonly proxy?: ProxyAddress | undefined
  readonly timeoutMs?: number
}

/**
 * Dials a server by several ways: the next one begins when the one before has failed, or has not connected in
 * `STAGGER` ms. The first that connects is taken, and the others are given up: `handler` is asked for once. As
 * `Dialer.dial` otherwise; the error is that of the first way.
 */
export const dial = (
  dialer: typeof Dialer.Service,
  ways: ReadonlyArray<Way>,
  { host, proxy, timeoutMs, tls }: WaysOptions,
  handler: (connection: Connection, way: Way) => ConnectionHandler
): Effect.Effect<Connection, DialError, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const chosen = yield* Deferred.make<Connection, DialError>()
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
        return errors.size === ways.length ? Deferred.fail(chosen, errors.get(ways[0]!)!) : Effect.void
      })
    const attempt = (at: number): Effect.Effect<void> => {
      const way = ways[at]
      if (way === undefined) return Effect.void
      return Effect.gen(function* () {
        const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
        const isOver = yield* Deferred.make<void>()
        const { isEncrypted, isWeb, port } = way
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

/** Of a connection that came too late, and is closed at once. */
const LATE: ConnectionHandler = { onData: () => {}, onClose: () => {} }

/** ms: a link by satellite, with TLS. Later than that, most who wait are behind a firewall that drops. */
const STAGGER = 1_200
