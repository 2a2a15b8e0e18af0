import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { MAX_ADDRESSES, ResolveError, Resolver } from "../../services/Resolver.js"
import type { Network } from "./Network.js"

/** The names of a memory network. */
export const layer = (network: Network): Layer.Layer<Resolver> =>
  Layer.succeed(Resolver, {
    resolve: (host) =>
      Effect.suspend(() => {
        const found = network.resolve(host).slice(0, MAX_ADDRESSES)
        return found.length > 0
          ? Effect.succeed(found.map(({ address }) => address))
          : new ResolveError({ reason: "NotFound", message: `no address is known for the host ${host}` })
      })
  })
