import type { Rng } from "../kernel/Rng.js"
import { type AddressId, addressOf, type Point, pointAt, portOf } from "./AddressBook.js"
import type { Dependency, NatConfig } from "./Nat.js"

/** What a TCP segment means to a NAT; `undefined` for UDP. */
export type TcpSign = "syn" | "data" | "fin" | "rst"

/**
 * The mapping table of one NAT device. Time is in microseconds and passed in.
 *
 * @since 0.1.0
 */
export class NatDevice {
  readonly #udp: Table = newTable()
  readonly #tcp: Table = newTable()
  /** Outer UDP ports that are open for everybody. */
  readonly #open = new Map<number, { readonly inner: Point; readonly peers: Set<Point> }>()
  #nextPort: number
  /** What happened so far: for tests, and for people who wonder where their packets went. */
  readonly stats = { created: 0, expired: 0, filtered: 0, unmapped: 0, exhausted: 0 }
  readonly #rng: Rng

  constructor(
    public config: NatConfig,
    public outer: AddressId,
    rng: Rng
  ) {
    this.#rng = rng
    this.#nextPort = rng.between(40_000, 60_000)
  }

  /** A packet from inside: the source that the outside sees, or `undefined` when it cannot pass. */
  outbound(inner: Point, peer: Point, now: number, sign?: TcpSign): Point | undefined {
    if (sign === undefined)
      // Who came in by an open port gets its answers from there.
      for (const [port, open] of this.#open)
        if (open.inner === inner && open.peers.has(peer)) return pointAt(this.outer, port)
    const table = sign === undefined ? this.#udp : this.#tcp
    const byPeer = table.outward.get(inner)
    let mapping = byPeer?.get(depend(this.config.mapping, peer))
    if (mapping !== undefined && mapping.expires <= now) {
      this.#forget(table, mapping)
      mapping = undefined
    }
    if (mapping === undefined) {
      // Only a SYN opens a connection; a segment in the middle of one that the device has forgotten belongs to nothing.
      if (sign !== undefined && sign !== "syn") return undefined
      mapping = this.#create(table, inner, peer, now)
      if (mapping === undefined) return undefined
    }
    if (sign === "data" && mapping.phase === "opening" && mapping.answered) mapping.phase = "established"
    if (sign === "fin" || sign === "rst") mapping.phase = "closing"
    mapping.expires = now + this.#lifetime(mapping, sign)
    const permission = (this.config.permissionMs ?? Number.POSITIVE_INFINITY) * 1000
    if (mapping.permissions.size >= MAX_PERMISSIONS) mapping.permissions.clear()
    mapping.permissions.set(depend(this.config.filtering, peer), now + permission)
    return pointAt(this.outer, mapping.port)
  }

  /** A packet from outside for our outer address: the inner destination, or `undefined` when it is dropped. */
  inbound(peer: Point, port: number, now: number, sign?: TcpSign): Point | undefined {
    const open = sign === undefined ? this.#open.get(port) : undefined
    if (open !== undefined) {
      if (open.peers.size >= MAX_PERMISSIONS) open.peers.clear()
      open.peers.add(peer)
      return open.inner
    }
    const table = sign === undefined ? this.#udp : this.#tcp
    const mapping = table.inward.get(this.#inwardKey(port, peer))
    if (mapping === undefined || mapping.expires <= now) {
      if (mapping !== undefined) this.#forget(table, mapping)
      this.stats.unmapped++
      return undefined
    }
    const until = mapping.permissions.get(depend(this.config.filtering, peer))
    if (this.config.filtering !== "endpoint-independent" && (until === undefined || until <= now)) {
      this.stats.filtered++
      return undefined
    }
    mapping.answered = true
    if (sign === "fin" || sign === "rst") mapping.phase = "closing"
    if (this.config.refreshInbound) mapping.expires = now + this.#lifetime(mapping, sign)
    return mapping.inner
  }

  /** Forwards an outer UDP port from everybody, as routers do when a program asks; gives what ends it. */
  forward(inner: Point, port: number): () => void {
    const open = { inner, peers: new Set<Point>() }
    this.#open.set(port, open)
    return () => {
      if (this.#open.get(port) === open) this.#open.delete(port)
    }
  }

  /** A power cycle: all state is gone. */
  reboot(): void {
    this.#open.clear()
    for (const table of [this.#udp, this.#tcp]) {
      table.outward.clear()
      table.inward.clear()
      table.size = 0
    }
  }

  #create(table: Table, inner: Point, peer: Point, now: number): Mapping | undefined {
    if (table.size >= this.config.maxMappings) this.#sweep(table, now)
    const port = table.size >= this.config.maxMappings ? undefined : this.#choosePort(table, portOf(inner), peer, now)
    if (port === undefined) {
      this.stats.exhausted++
      return undefined
    }
    const mapping: Mapping = {
      inner,
      port,
      dependsOn: depend(this.config.mapping, peer),
      key: this.#inwardKey(port, peer),
      expires: 0,
      permissions: new Map(),
      phase: "opening",
      answered: false
    }
    const byPeer = table.outward.get(inner) ?? new Map<number, Mapping>()
    table.outward.set(inner, byPeer)
    byPeer.set(mapping.dependsOn, mapping)
    table.inward.set(mapping.key, mapping)
    table.size++
    this.stats.created++
    return mapping
  }

  #choosePort(table: Table, wish: number, peer: Point, now: number): number | undefined {
    const { ports } = this.config
    const keeps = ports === "preserve" || ports === "overload"
    if (keeps && wish >= LOWEST_PORT && this.#isFree(table, wish, peer, now)) return wish
    for (let tries = 0; tries < PORTS; tries++) {
      const port = LOWEST_PORT + (ports === "random" ? this.#rng.below(PORTS) : this.#nextPort++ % PORTS)
      if (this.#isFree(table, port, peer, now)) return port
    }
    return undefined
  }

  #isFree(table: Table, port: number, peer: Point, now: number): boolean {
    const mapping = table.inward.get(this.#inwardKey(port, peer))
    if (mapping === undefined) return true
    if (mapping.expires > now) return false
    this.#forget(table, mapping)
    return true
  }

  /** A port means one mapping, unless it is shared by mappings to different peers. */
  #inwardKey(port: number, peer: Point): number {
    return this.config.ports === "overload" ? peer * 65_536 + port : port
  }

  #lifetime(mapping: Mapping, sign: TcpSign | undefined): number {
    if (sign === undefined) return this.config.udpTimeoutMs * 1000
    return (mapping.phase === "established" ? this.config.tcpTimeoutMs : this.config.tcpTransitoryMs) * 1000
  }

  #sweep(table: Table, now: number): void {
    for (const mapping of table.inward.values()) if (mapping.expires <= now) this.#forget(table, mapping)
  }

  #forget(table: Table, mapping: Mapping): void {
    if (!table.inward.delete(mapping.key)) return
    const byPeer = table.outward.get(mapping.inner)
    byPeer?.delete(mapping.dependsOn)
    if (byPeer?.size === 0) table.outward.delete(mapping.inner)
    table.size--
    this.stats.expired++
  }
}

interface Mapping {
  readonly inner: Point
  readonly port: number
  readonly dependsOn: number
  readonly key: number
  expires: number
  readonly permissions: Map<number, number>
  phase: "opening" | "established" | "closing"
  answered: boolean
}

interface Table {
  readonly outward: Map<Point, Map<number, Mapping>>
  readonly inward: Map<number, Mapping>
  size: number
}

const newTable = (): Table => ({ outward: new Map(), inward: new Map(), size: 0 })

/** The part of a peer's endpoint that matters. */
export const depend = (on: Dependency, peer: Point): number =>
  on === "endpoint-independent" ? 0 : on === "address-dependent" ? addressOf(peer) : peer

/** A mapping that talks to more peers than this forgets whom it knew, as a small device does. */
const MAX_PERMISSIONS = 16_384

/** RFC 4787 REQ-3: the well-known ports are no place for a mapping. */
const LOWEST_PORT = 1024

const PORTS = 65_536 - LOWEST_PORT
