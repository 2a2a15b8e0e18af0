import type { AddressId } from "./AddressBook.js"
import type { Host } from "./Host.js"
import type { Network } from "./Network.js"
import type { Realm, Router } from "./Router.js"

/** Hands out addresses in every realm and keeps the realms' tables. */
export class Addresses {
  #nextIpv4 = 0
  #nextIpv6 = 1
  readonly #network: Network

  constructor(network: Network) {
    this.#network = network
  }

  /** Gives a new host the addresses it asked for, or free ones. */
  assign(host: Host, ipv4: string | undefined, ipv6: string | undefined): void {
    if (ipv4 !== "none") this.#own(host, ipv4 === undefined ? this.next(host.router) : this.#id(ipv4))
    if (ipv6 === undefined) return
    host.ipv6 = ipv6 === "auto" ? this.#id(`2001:db8::${(this.#nextIpv6++).toString(16)}`) : this.#id(ipv6)
    this.#network.routing.ipv6.set(host.ipv6, host)
  }

  /** A free IPv4 address of the realm behind `router`, or of the Internet. */
  next(router: Router | undefined): AddressId {
    const realm = this.#realm(router)
    if (router !== undefined) {
      for (let n = 2; n < 255; n++) {
        const id = this.#id(`${router.prefix}${n}`)
        if (!realm.has(id)) return id
      }
      throw new Error(`no address is left behind ${router.name}`)
    }
    for (;;) {
      const n = this.#nextIpv4++
      // The documentation range first, because it looks right in an example, and on from there.
      const text = n < 250 ? `203.0.113.${n + 1}` : `11.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`
      const id = this.#id(text)
      if (!realm.has(id)) return id
    }
  }

  /** Puts a router on its outer side. */
  join(router: Router): void {
    this.#realm(router.parent).set(router.nat.outer, router)
  }

  /** Gives a host another IPv4 address (and IPv6, if it has one) where it is. */
  replace(host: Host): void {
    if (host.ipv4 !== undefined) {
      const old = host.ipv4
      this.#own(host, this.next(host.router))
      this.#realm(host.router).delete(old)
    }
    if (host.ipv6 === undefined) return
    this.#network.routing.ipv6.delete(host.ipv6)
    this.assign(host, "none", "auto")
  }

  /** Gives a router another outer address. */
  renumber(router: Router): void {
    const outer = this.next(router.parent)
    this.#realm(router.parent).delete(router.nat.outer)
    router.nat.outer = outer
    this.join(router)
  }

  #own(host: Host, id: AddressId): void {
    const realm = this.#realm(host.router)
    if (realm.has(id)) throw new Error(`${this.#network.book.text(id)} is taken`)
    host.ipv4 = id
    realm.set(id, host)
  }

  #realm(router: Router | undefined): Realm {
    return router === undefined ? this.#network.routing.internet : router.realm
  }

  #id(text: string): AddressId {
    const id = this.#network.book.id(text)
    if (id === undefined) throw new Error(`${text} is no IP address`)
    return id
  }
}
