import type { Point } from "./AddressBook.js"
import type { Dependency } from "./Nat.js"
import { depend, type TcpSign } from "./NatDevice.js"

/**
 * A stateful IPv6 packet filter (RFC 6092): nothing is translated, but only what was asked for comes in.
 *
 * @since 0.1.0
 */
export interface FirewallConfig {
  /**
   * From whom packets may come in once the inner endpoint has sent something. RFC 6092 REC-33 wishes
   * endpoint-independent.
   */
  readonly filtering: Dependency
  /** Idle ms after which the inner endpoint is closed again (REC-14: at least 120,000). */
  readonly timeoutMs: number
}

/** The usual home router. */
export const ordinary: FirewallConfig = { filtering: "address-and-port-dependent", timeoutMs: 120_000 }

/**
 * A stateful filter in front of hosts, as `FirewallConfig` says.
 *
 * @since 0.1.0
 */
export class Firewall {
  readonly #open = new Map<Point, Map<number, number>>()
  readonly stats = { filtered: 0 }

  constructor(public config: FirewallConfig) {}

  outbound(inner: Point, peer: Point, now: number, sign?: TcpSign): void {
    const key = protocolKey(inner, sign)
    const permissions = this.#open.get(key) ?? new Map<number, number>()
    this.#open.set(key, permissions)
    if (permissions.size >= MAX_PERMISSIONS) sweep(permissions, now)
    if (permissions.size < MAX_PERMISSIONS) {
      permissions.set(depend(this.config.filtering, peer), now + this.config.timeoutMs * 1000)
    }
  }

  /** Whether the packet may pass. */
  inbound(peer: Point, inner: Point, now: number, sign?: TcpSign): boolean {
    const until = this.#open.get(protocolKey(inner, sign))?.get(depend(this.config.filtering, peer))
    if (until !== undefined && until > now) return true
    this.stats.filtered++
    return false
  }

  reboot(): void {
    this.#open.clear()
  }
}

/** UDP and TCP ports are different doors. */
const protocolKey = (inner: Point, sign: TcpSign | undefined): number => inner * 2 + (sign === undefined ? 0 : 1)

const sweep = (permissions: Map<number, number>, now: number): void => {
  for (const [key, until] of permissions) if (until <= now) permissions.delete(key)
}

/** What a small router tracks; beyond it new peers are not let in. */
const MAX_PERMISSIONS = 16_384
