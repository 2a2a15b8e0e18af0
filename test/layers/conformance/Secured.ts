import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Dialer, type DialOptions } from "../../../src/services/Dialer.js"
import { Listener, type ListenOptions } from "../../../src/services/Listener.js"
import { own } from "../../support/Certificates.js"
import type { Subject } from "./Suite.js"

/** The same services with every connection encrypted, which keeps each promise of a plain one. */
export const secured = (subject: Subject<Listener | Dialer>) => within(subject, { tls: own }, { tls: {} })

/** The same with every connection in a WebSocket, encrypted or not. */
export const inWebSockets = (subject: Subject<Listener | Dialer>, isEncrypted: boolean) =>
  isEncrypted
    ? within(subject, { tls: own }, { tls: {}, isWeb: true })
    : within(subject, { isWeb: true }, { isWeb: true })

const within = (
  { run }: Subject<Listener | Dialer>,
  listening: Partial<ListenOptions>,
  dialling: Partial<DialOptions>
): Subject<Listener | Dialer> => {
  const layer = Layer.merge(
    Layer.effect(
      Listener,
      Effect.map(Listener, ({ listen }) => ({
        listen: (options, accept) => listen({ ...options, ...listening }, accept)
      }))
    ),
    Layer.effect(
      Dialer,
      Effect.map(Dialer, ({ dial }) => ({ dial: (options, handler) => dial({ ...options, ...dialling }, handler) }))
    )
  )
  return {
    run: (test) => run(Effect.provide(test, layer) as Effect.Effect<void, unknown, Listener | Dialer | Scope.Scope>)
  }
}
