import type { AddressId } from "./AddressBook.js"
import type { Firewall } from "./Firewall.js"
import type { NatDevice } from "./NatDevice.js"

/**
 * Who owns which IPv4 address on one side of a router: hosts, and routers of their own realms. The Internet is the
 * realm without a router.
 *
 * @since 0.1.0
 */
export type Realm = Map<AddressId, Resident>

/**
 * Whoever has an address of its own: a `Host` or a `Router`.
 *
 * @since 0.1.0
 */
export interface Resident {
  readonly name: string
}

/**
 * A device between a realm of private addresses and the realm outside: NAT for IPv4, a packet filter for IPv6.
 *
 * @since 0.1.0
 */
export class Router implements Resident {
  /** The inner side. */
  readonly realm: Realm = new Map()

  constructor(
    readonly name: string,
    readonly nat: NatDevice,
    readonly firewall: Firewall,
    /** The router that the outer side is behind; none when that is the Internet. */
    readonly parent: Router | undefined,
    /** Inner addresses are this with the last number replaced. */
    readonly prefix: string
  ) {}

  /** Loses all state, as when somebody pulls the plug for a moment. */
  reboot(): void {
    this.nat.reboot()
    this.firewall.reboot()
  }
}
