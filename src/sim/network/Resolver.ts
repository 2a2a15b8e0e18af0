import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { make as makeEndpoint } from "../../domain/Endpoint.js"
import { ResolveError, type Resolver } from "../../services/Resolver.js"
import type { Process } from "../kernel/Process.js"
import type { AddressId } from "./AddressBook.js"
import type { Host } from "./Host.js"
import type { Network } from "./Network.js"

/** `Resolver` for the programs of one process. Nothing caches: what changes its address is found at the new one. */
export const make = (network: Network, host: Host, process: Process): Context.Tag.Service<Resolver> => ({
  resolve: (name) =>
    Effect.async((resume) => {
      // Even what is known at once is told a moment later, as any system call's answer is.
      const timer = process.after(0, () => {
        const found = resolve(network, host, name)
        if (found.length > 0) return resume(Effect.succeed(found.map((id) => network.book.text(id))))
        const message = `no address is known for the host ${name}`
        resume(new ResolveError({ reason: canAsk(host) ? "NotFound" : "Unavailable", message }))
      })
      return Effect.sync(() => process.kernel.cancel(timer))
    })
})

/**
 * Looks names up: literals stand for themselves, `localhost` for the machine, other names for the host that is called
 * so.
 */
export const resolve = (network: Network, host: Host, name: string): ReadonlyArray<AddressId> => {
  const { book } = network
  const literal = makeEndpoint(name, 0)
  if (literal !== undefined) return [book.id(literal.address)!]
  if (name === "localhost") return [book.id("127.0.0.1")!, book.id("::1")!]
  if (!canAsk(host)) return []
  const found = network.names.get(name)
  return found === undefined ? [] : [found.ipv4, found.ipv6].filter((id) => id !== undefined)
}

const canAsk = (host: Host): boolean => host.resolver && host.online
