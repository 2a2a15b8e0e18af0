import type { Process } from "../kernel/Process.js"
import type { Rng } from "../kernel/Rng.js"
import type { AddressId, Point } from "./AddressBook.js"
import type { DropReason, Packet } from "./Packet.js"
import type { Router } from "./Router.js"

/**
 * The network side of a machine: its addresses and the sockets that are bound to them.
 *
 * @since 0.1.0
 */
export class Host {
  ipv4: AddressId | undefined
  ipv6: AddressId | undefined
  router: Router | undefined
  /** Whether the machine is on. One that is off answers nothing, not even with a refusal. */
  powered = true
  /** Whether the cable is in. */
  online = true
  /** Whether host names can be looked up from here. */
  resolver = true
  /** Bytes that a UDP socket holds for a process that is paused. */
  receiveBuffer = RECEIVE_BUFFER
  /** UDP sockets by `socketKey`. */
  readonly udp = new Map<number, PacketSink>()
  /** Listening TCP sockets by `socketKey`. */
  readonly listeners = new Map<number, PacketSink>()
  /** TCP connections by `connectionKey`. */
  readonly connections = new Map<number, PacketSink>()

  constructor(
    readonly id: number,
    readonly name: string,
    /** Draws ephemeral ports and initial sequence numbers. */
    readonly rng: Rng,
    /** The process that has the sockets, as long as there is one. */
    public process: Process
  ) {}

  /** An unused ephemeral port (RFC 6056: a random one); `undefined` when all are taken. */
  freePort(used: (port: number) => boolean): number | undefined {
    const start = this.rng.below(EPHEMERAL_COUNT)
    for (let i = 0; i < EPHEMERAL_COUNT; i++) {
      const port = EPHEMERAL_FIRST + ((start + i) % EPHEMERAL_COUNT)
      if (!used(port)) return port
    }
    return undefined
  }

  /** A process ends: the operating system closes its sockets, and tells the peers of its connections. */
  closeSockets(): void {
    const open = [...this.connections.values()]
    this.udp.clear()
    this.listeners.clear()
    for (const connection of open) connection.abandon?.()
  }

  /** The machine loses power: nothing is closed, nobody is told. */
  forgetSockets(): void {
    this.powered = false
    this.udp.clear()
    this.listeners.clear()
    this.connections.clear()
  }
}

/** Takes the packets for one socket. */
export interface PacketSink {
  /** The process is gone and the operating system closes what it had open. */
  readonly abandon?: () => void
  /** Takes it, or says why not. */
  readonly arrive: (packet: Packet, from: Host) => DropReason | undefined
}

/** A port of one family; IPv4 and IPv6 have ports of their own. */
export const socketKey = (family: "ipv4" | "ipv6", port: number): number => (family === "ipv4" ? port : 65_536 + port)

/** A connection by its remote endpoint and local port. */
export const connectionKey = (remote: Point, localPort: number): number => remote * 65_536 + localPort

/** What Linux gives a socket that asks for more than it may have (net.core.rmem_max). */
const RECEIVE_BUFFER = 212_992

/** Linux's range (net.ipv4.ip_local_port_range): 32,768 to 60,999. */
const EPHEMERAL_FIRST = 32_768
const EPHEMERAL_COUNT = 28_232
