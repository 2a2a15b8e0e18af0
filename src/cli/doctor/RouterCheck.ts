import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Endpoint from "../../domain/Endpoint.js"
import { Datagrams } from "../../services/Datagrams.js"
import { PortMapping, UNMAPPING } from "../../services/PortMapping.js"

/**
 * Has the router forward a port, as clients do, and gives it back: what the router claims to forward from, `undefined`
 * where it does not answer within `PATIENCE` ms or cannot be asked. Giving it back takes `GIVING_BACK` ms at most, be
 * it ended or interrupted: what takes longer goes on by itself.
 */
export const check: Effect.Effect<Endpoint.Endpoint | undefined, never, Datagrams> = Effect.gen(function* () {
  const mapping = Option.getOrUndefined(yield* Effect.serviceOption(PortMapping))
  if (mapping === undefined) return undefined
  const answer = yield* Deferred.make<Endpoint.Endpoint | undefined>()
  return yield* Effect.acquireUseRelease(
    Effect.forkDaemon(Effect.interruptible(ask(mapping, answer))),
    () => Effect.timeoutOption(Deferred.await(answer), Duration.millis(PATIENCE)),
    (asking) =>
      Effect.zipRight(
        Fiber.interruptFork(asking),
        Effect.interruptible(Effect.timeoutOption(Fiber.await(asking), Duration.millis(GIVING_BACK)))
      )
  ).pipe(Effect.map(Option.getOrUndefined))
})

/** Answers once, and keeps the port until it is interrupted. */
const ask = (
  mapping: typeof PortMapping.Service,
  answer: Deferred.Deferred<Endpoint.Endpoint | undefined>
): Effect.Effect<void, never, Datagrams> =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    // A port that no other program has, for as long as it is forwarded.
    const socket = yield* datagrams.bind({ family: "ipv4", port: 0, onDatagram: () => {} })
    yield* mapping.forward({
      port: socket.local.port,
      onExternal: (endpoint) => {
        if (endpoint !== undefined) Deferred.unsafeDone(answer, Effect.succeed(endpoint))
      }
    })
    yield* Effect.never
  }).pipe(
    Effect.scoped,
    Effect.catchAll(() => Deferred.succeed(answer, undefined))
  )

/** ms: a router of a home answers within some tens of them, and UPnP takes four questions. */
const PATIENCE = 3_000
/** ms: what a forwarding may take to end, and some for a busy machine. */
const GIVING_BACK = 2 * UNMAPPING
