import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Dialer } from "../../../src/services/Dialer.js"
import { Listener } from "../../../src/services/Listener.js"
import { own } from "../../support/Certificates.js"
import type { Subject } from "./Suite.js"

/** The same services with every connection encrypted, which keeps each promise of a plain one. */
export const secured = ({ run }: Subject<Listener | Dialer>): Subject<Listener | Dialer> => ({
  run: (test) => run(Effect.provide(test, layer) as Effect.Effect<void, unknown, Listener | Dialer | Scope.Scope>)
})

const layer = Layer.merge(
  Layer.effect(
    Listener,
    Effect.map(Listener, ({ listen }) => ({
      listen: (options, accept) => listen({ ...options, tls: own }, accept)
    }))
  ),
  Layer.effect(
    Dialer,
    Effect.map(Dialer, ({ dial }) => ({ dial: (options, handler) => dial({ ...options, tls: {} }, handler) }))
  )
)
