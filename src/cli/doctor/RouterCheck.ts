import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Endpoint from "../../domain/Endpoint.js"
import { Datagrams } from "../../services/Datagrams.js"
import { PortMapping } from "../../services/PortMapping.js"

/**
 * Has the router forward a port, as clients do, and gives it back: what the router claims to forward from, `undefined`
 * where it does not answer within `PATIENCE` ms or cannot be asked.
 */
export const check: Effect.Effect<Endpoint.Endpoint | undefined, never, Datagrams> = Effect.gen(function* () {
  const mapping = Option.getOrUndefined(yield* Effect.serviceOption(PortMapping))
  if (mapping === undefined) return undefined
  const datagrams = yield* Datagrams
  // A port that no other program has, for as long as it is forwarded.
  const socket = yield* datagrams.bind({ family: "ipv4", port: 0, onDatagram: () => {} })
  const answer = yield* Deferred.make<Endpoint.Endpoint>()
  yield* mapping.forward({
    port: socket.local.port,
    onExternal: (endpoint) => {
      if (endpoint !== undefined) Deferred.unsafeDone(answer, Effect.succeed(endpoint))
    }
  })
  return yield* Effect.map(
    Effect.timeoutOption(Deferred.await(answer), Duration.millis(PATIENCE)),
    Option.getOrUndefined
  )
}).pipe(
  Effect.scoped,
  Effect.orElseSucceed(() => undefined)
)

/** ms: a router of a home answers within some tens of them, and UPnP takes four questions. */
const PATIENCE = 3_000
