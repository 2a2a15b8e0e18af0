import { make } from "../../domain/Endpoint.js"
import type { AddressId } from "./AddressBook.js"
import type { Host } from "./Host.js"
import type { Network } from "./Network.js"

/** Looks names up: literals stand for themselves, `localhost` for the machine, other names for the host that is called so. */
export const resolve = (network: Network, host: Host, name: string): ReadonlyArray<AddressId> => {
  const { book } = network
  const literal = make(name, 0)
  if (literal !== undefined) return [book.id(literal.address)!]
  if (name === "localhost") return [book.id("127.0.0.1")!, book.id("::1")!]
  if (!host.resolver || !host.online) return []
  const found = network.names.get(name)
  return found === undefined ? [] : [found.ipv4, found.ipv6].filter((id) => id !== undefined)
}
