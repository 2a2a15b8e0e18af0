import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Endpoint from "../domain/Endpoint.js"
import { type Forwarding, PortMapping } from "../services/PortMapping.js"

/** Our UDP port as the router forwards it, once it was wanted; nothing without a router that does. */
export interface ForwardedPort {
  /** The router is asked, from the first call on until the scope closes. */
  readonly want: () => void
  /** One global endpoint, or none. */
  readonly candidates: () => ReadonlyArray<Endpoint.Endpoint>
  /** What is known is another network's; the router of this one is asked. */
  readonly networkChanged: () => void
}

/**
 * `port` of this machine; none is never forwarded. `onChange` is called when there is another candidate than before, or
 * none.
 */
export const make = (options: {
  readonly port: number | undefined
  readonly onChange: () => void
}): Effect.Effect<ForwardedPort, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { onChange, port } = options
    const mapping = Option.getOrUndefined(yield* Effect.serviceOption(PortMapping))
    const wanted = yield* Effect.makeLatch(false)
    let external: Endpoint.Endpoint | undefined
    let forwarding: Forwarding | undefined

    const onExternal = (endpoint: Endpoint.Endpoint | undefined) => {
      const before = external
      // Behind a second NAT the router's own outside is no place that anybody reaches; loopback and the like are
      // nonsense.
      external = endpoint !== undefined && Endpoint.scope(endpoint) === "global" ? endpoint : undefined
      if (textOf(before) !== textOf(external)) onChange()
    }

    if (mapping !== undefined && port !== undefined)
      yield* wanted.await.pipe(
        Effect.zipRight(mapping.forward({ port, onExternal })),
        Effect.tap((started) =>
          Effect.sync(() => {
            forwarding = started
          })
        ),
        Effect.forkScoped
      )

    return {
      want: () => wanted.unsafeOpen(),
      candidates: () => (external === undefined ? [] : [external]),
      networkChanged: () => {
        external = undefined
        forwarding?.renew()
      }
    }
  })

const textOf = (endpoint: Endpoint.Endpoint | undefined): string =>
  endpoint === undefined ? "" : Endpoint.format(endpoint)
