import { networkInterfaces } from "node:os"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Endpoint from "../../domain/Endpoint.js"
import { type InterfaceAddress, Interfaces } from "../../services/Interfaces.js"
import { fromNode } from "./Addresses.js"

/** The addresses that the operating system reports, read anew each time. */
export const layer: Layer.Layer<Interfaces> = Layer.succeed(Interfaces, {
  addresses: Effect.try(() => read()).pipe(Effect.orElseSucceed(() => []))
})

const read = (): ReadonlyArray<InterfaceAddress> => {
  // Keyed by address: an address may sit on several interfaces.
  const found = new Map<string, InterfaceAddress>()
  for (const entries of Object.values(networkInterfaces())) {
    for (const entry of entries ?? []) {
      const endpoint = fromNode(entry.address, 0)
      if (endpoint === undefined) continue
      // A link-local IPv6 address means nothing without its zone, which an endpoint does not carry.
      if (endpoint.family === "ipv6" && Endpoint.scope(endpoint) === "link") continue
      const { family, address } = endpoint
      found.set(address, { family, address, loopback: Endpoint.scope(endpoint) === "loopback" })
    }
  }
  return [...found.values()]
}
