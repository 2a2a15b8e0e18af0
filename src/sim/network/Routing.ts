import { type AddressBook, addressOf, type Point, portOf } from "./AddressBook.js"
import { Host } from "./Host.js"
import type { TcpSign } from "./NatDevice.js"
import type { DropReason } from "./Packet.js"
import { type Realm, type Resident, Router } from "./Router.js"

/** Where a packet ends up, and what its endpoints look like there. */
export interface Route {
  readonly host: Host
  readonly source: Point
  readonly destination: Point
}

/** All realms of a world, and the way of a packet through them. */
export class Routing {
  /** The Internet's IPv4 addresses. */
  readonly internet: Realm = new Map()
  /** IPv6 addresses are the same everywhere. */
  readonly ipv6 = new Map<number, Host>()
  readonly #book: AddressBook

  constructor(book: AddressBook) {
    this.#book = book
  }

  /**
   * Follows a packet from `from` to its destination, through every NAT and firewall on the way, whose state changes as
   * it would: also when the packet is lost after that. A reason when it gets stuck.
   */
  route(from: Host, source: Point, destination: Point, now: number, sign?: TcpSign): Route | DropReason {
    const address = addressOf(destination)
    if (this.isLoopback(address)) return { host: from, source, destination }
    return this.#book.family(address) === "ipv4"
      ? this.#routeIpv4(from, source, destination, now, sign)
      : this.#routeIpv6(from, source, destination, now, sign)
  }

  isLoopback(address: number): boolean {
    const text = this.#book.text(address)
    return text === "::1" || text.startsWith("127.")
  }

  /** Outwards through routers until somebody knows the address, then inwards through theirs. */
  #routeIpv4(from: Host, source: Point, destination: Point, now: number, sign?: TcpSign): Route | DropReason {
    let src = source
    let dst = destination
    let router = from.router
    for (let hops = 0; hops < MAX_HOPS; hops++) {
      const realm = router === undefined ? this.internet : router.realm
      const found = realm.get(addressOf(dst))
      if (found !== undefined) return this.#descend(found, src, dst, now, sign)
      if (router === undefined) return "no-route"
      const translated = router.nat.outbound(src, dst, now, sign)
      if (translated === undefined) return "nat"
      src = translated
      if (addressOf(dst) === router.nat.outer) {
        if (!router.nat.config.hairpin) return "nat"
        // REQ-9: the inner host sees the outer endpoint of the one that sends.
        const inner = router.nat.inbound(src, portOf(dst), now, sign)
        if (inner === undefined) return "nat"
        dst = inner
      } else router = router.parent
    }
    return "no-route"
  }

  #descend(first: Resident, src: Point, dst: Point, now: number, sign?: TcpSign): Route | DropReason {
    let target: Resident | undefined = first
    let destination = dst
    while (target instanceof Router) {
      const inner = target.nat.inbound(src, portOf(destination), now, sign)
      if (inner === undefined) return "nat"
      destination = inner
      target = target.realm.get(addressOf(destination))
    }
    return target instanceof Host ? { host: target, source: src, destination } : "no-route"
  }

  #routeIpv6(from: Host, source: Point, destination: Point, now: number, sign?: TcpSign): Route | DropReason {
    const host = this.ipv6.get(addressOf(destination))
    const inside = ancestors(from)
    const outside = host === undefined ? [] : ancestors(host)
    for (const router of inside) {
      if (!outside.includes(router)) router.firewall.outbound(source, destination, now, sign)
    }
    if (host === undefined) return "no-route"
    for (const router of outside) {
      if (inside.includes(router)) continue
      if (!router.firewall.inbound(source, destination, now, sign)) return "firewall"
    }
    return { host, source, destination }
  }
}

const ancestors = (host: Host): ReadonlyArray<Router> => {
  if (host.router === undefined) return NONE
  const all: Array<Router> = []
  for (let router: Router | undefined = host.router; router !== undefined; router = router.parent) all.push(router)
  return all
}

const NONE: ReadonlyArray<Router> = []

/** Each router is passed outwards once and turned round in once; ten nested routers are more than any provider has. */
const MAX_HOPS = 32
