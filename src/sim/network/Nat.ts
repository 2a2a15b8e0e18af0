/**
 * What a NAT depends on, in the words of RFC 4787 §4.1 and §5: the inner endpoint alone, also the outer address, or
 * also the outer port.
 *
 * @since 0.1.0
 */
export type Dependency = "endpoint-independent" | "address-dependent" | "address-and-port-dependent"

/**
 * How a NAT chooses outer ports (RFC 4787 §4.2). `preserve`: the inner port if it is free, otherwise the next one.
 * `sequential`: one after the other. `random`: any. `overload`: the inner port even when another mapping has it, as
 * long as their peers differ, which is what Linux does.
 *
 * @since 0.1.0
 */
export type PortAssignment = "preserve" | "sequential" | "random" | "overload"

/**
 * The behaviour of a NAT device, in the terms of RFC 4787 (UDP) and RFC 5382 (TCP).
 *
 * @since 0.1.0
 */
export interface NatConfig {
  readonly mapping: Dependency
  readonly filtering: Dependency
  readonly ports: PortAssignment
  /** Idle ms after which a UDP mapping is forgotten (REQ-5 asks for 120,000 at least; many devices give 30,000). */
  readonly udpTimeoutMs: number
  /** Idle ms of an established TCP connection (RFC 5382 REQ-5: at least 2 h 4 min). */
  readonly tcpTimeoutMs: number
  /** Idle ms of a TCP connection that is opening or has closed (at least 4 min). */
  readonly tcpTransitoryMs: number
  /** Whether packets from outside keep a mapping alive (REQ-6 leaves it open; those from inside always do). */
  readonly refreshInbound: boolean
  /** Idle ms after which a peer may no longer send inwards; as long as the mapping when left out. */
  readonly permissionMs?: number
  /** Whether inner hosts reach each other through the outer address (REQ-9). */
  readonly hairpin: boolean
  /** Mappings that the device has memory for. */
  readonly maxMappings: number
  /** What a TCP segment from inside that belongs to no mapping gets. */
  readonly unknownTcp: "drop" | "reset"
}

/**
 * A NAT with this behaviour, and the rest as RFC 4787 and 5382 wish it.
 *
 * @since 0.1.0
 */
export const make = (mapping: Dependency, filtering: Dependency, rest: Partial<NatConfig> = {}): NatConfig => ({
  mapping,
  filtering,
  ports: "preserve",
  udpTimeoutMs: 120_000,
  tcpTimeoutMs: 7_440_000,
  tcpTransitoryMs: 240_000,
  refreshInbound: false,
  hairpin: true,
  maxMappings: 64_512,
  unknownTcp: "drop",
  ...rest
})

/**
 * Anyone may send to a mapping.
 *
 * @since 0.1.0
 */
export const fullCone = make("endpoint-independent", "endpoint-independent")

/**
 * Only addresses that were sent to may answer.
 *
 * @since 0.1.0
 */
export const restricted = make("endpoint-independent", "address-dependent")

/**
 * Only endpoints that were sent to may answer: the usual home router.
 *
 * @since 0.1.0
 */
export const portRestricted = make("endpoint-independent", "address-and-port-dependent")

/**
 * A new outer port, nobody can guess which, for each peer: the usual company firewall.
 *
 * @since 0.1.0
 */
export const symmetric = make("address-and-port-dependent", "address-and-port-dependent", { ports: "random" })

/**
 * A new outer port for each peer, counting up.
 *
 * @since 0.1.0
 */
export const symmetricSequential = make("address-and-port-dependent", "address-and-port-dependent", {
  ports: "sequential"
})

/**
 * `iptables -j MASQUERADE`: port-restricted until two mappings clash.
 *
 * @since 0.1.0
 */
export const linux = make("address-and-port-dependent", "address-and-port-dependent", {
  ports: "overload",
  udpTimeoutMs: 30_000,
  refreshInbound: true,
  hairpin: false
})

/**
 * A provider's NAT as RFC 6888 asks for: endpoint-independent, because everybody's calls depend on it.
 *
 * @since 0.1.0
 */
export const carrierGrade = make("endpoint-independent", "endpoint-independent", { ports: "random" })
