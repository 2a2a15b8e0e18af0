import type { Conditions } from "../network/Conditions.js"
import type { Dependency, PortAssignment } from "../network/Nat.js"

/**
 * What can go wrong, as plain data: it can be drawn from a seed, printed, written into a test, and left out again one
 * by one. Every kind has a test that fails when the fault does nothing.
 *
 * @since 0.1.0
 */
export type Fault = LinkFault | RouterFault | HostFault

/**
 * The names of all faults.
 *
 * @since 0.1.0
 */
export type FaultKind = Fault["kind"]

/**
 * Names of hosts, or `*` for all there are.
 *
 * @since 0.1.0
 */
export type Names = "*" | string | ReadonlyArray<string>

/**
 * Which links a fault is on: those from one set of hosts to the other and back, unless it is one-way.
 *
 * @since 0.1.0
 */
export interface OnLinks {
  /** All hosts when left out. */
  readonly from?: Names
  /** All hosts when left out. */
  readonly to?: Names
  readonly oneWay?: boolean
}

/**
 * What happens to packets on their way. Units and meanings as in `Conditions`.
 *
 * @since 0.1.0
 */
export type LinkFault = OnLinks &
  (
    | { readonly kind: "latency"; readonly ms: number }
    | { readonly kind: "jitter"; readonly ms: number }
    | { readonly kind: "loss"; readonly probability: number }
    | { readonly kind: "burst"; readonly enter: number; readonly leave: number }
    | { readonly kind: "duplicate"; readonly probability: number }
    | { readonly kind: "replay"; readonly probability: number; readonly ms: number }
    | { readonly kind: "reorder"; readonly probability: number; readonly ms: number }
    | { readonly kind: "corrupt"; readonly probability: number }
    | { readonly kind: "truncate"; readonly probability: number }
    /** Bytes a second. */
    | { readonly kind: "bandwidth"; readonly bytesPerSecond: number }
    /** Bytes that may queue where the bandwidth is short. */
    | { readonly kind: "queue"; readonly bytes: number }
    | { readonly kind: "mtu"; readonly bytes: number }
    /** Nothing passes from `from` to `to`; the other direction is as before. */
    | { readonly kind: "block" }
    /** Nothing passes between `from` and `to`. */
    | { readonly kind: "partition" }
    /** Packets are held, and all let go at the end. */
    | { readonly kind: "clog" }
    | { readonly kind: "flap"; readonly upMs: number; readonly downMs: number }
    | { readonly kind: "udp-blocked" }
    | { readonly kind: "tcp-blocked" }
    /** Largest TCP segment; each is drawn from 1 byte to this. */
    | { readonly kind: "tcp-rechunk"; readonly bytes: number }
    /** Probability per segment. */
    | { readonly kind: "tcp-reset"; readonly probability: number }
  )

/**
 * What a router does, by its name (a host's own router is called `<host>/router`).
 *
 * @since 0.1.0
 */
export type RouterFault = { readonly router: string } & (
  | { readonly kind: "nat-mapping"; readonly mapping: Dependency }
  | { readonly kind: "nat-filtering"; readonly filtering: Dependency }
  | { readonly kind: "nat-ports"; readonly ports: PortAssignment }
  | { readonly kind: "nat-expiry"; readonly udpTimeoutMs: number }
  | { readonly kind: "nat-tcp-expiry"; readonly tcpTimeoutMs: number }
  | { readonly kind: "nat-permission-expiry"; readonly permissionMs: number }
  | { readonly kind: "nat-no-hairpin" }
  /** Room for so many mappings, existing ones included. */
  | { readonly kind: "nat-exhaustion"; readonly maxMappings: number }
  /** Loses all state, once. */
  | { readonly kind: "nat-reboot" }
  /** Gets another outer address and loses all state, once. */
  | { readonly kind: "nat-renumber" }
  | { readonly kind: "firewall-filtering"; readonly filtering: Dependency }
)

/**
 * What happens to a machine.
 *
 * @since 0.1.0
 */
export type HostFault = {
  readonly host: string
} /** Loses power: no finalizer, no goodbye, unsynced bytes lost. Starts again at the end. */ & (
  | { readonly kind: "crash" }
  /** The process is killed but the machine lives: its sockets are closed for it. Starts again at the end. */
  | { readonly kind: "kill" }
  /** The process stands still (a stopped process, a long garbage collection, a closed lid). */
  | { readonly kind: "pause" }
  /** The wall clock jumps, once. */
  | { readonly kind: "clock-jump"; readonly ms: number }
  /** The clock runs this many millionths fast. */
  | { readonly kind: "clock-drift"; readonly ppm: number }
  /** UDP sockets hold so many bytes for a process that is busy. */
  | { readonly kind: "receive-buffer"; readonly bytes: number }
  /** The machine gets another address, once. */
  | { readonly kind: "address-change" }
  /** The cable is out. */
  | { readonly kind: "offline" }
  /** No host name can be looked up. */
  | { readonly kind: "resolver-down" }
  /** No room for another byte. */
  | { readonly kind: "disk-full" }
  | { readonly kind: "disk-read-only" }
  /** Every operation takes this long. */
  | { readonly kind: "disk-slow"; readonly ms: number }
  /** A crash in this time leaves a random part of what was not synced, instead of none of it. */
  | { readonly kind: "disk-torn" }
)

/** The conditions of a link that `fault` is on. */
export const worsen = (c: Conditions, fault: LinkFault): Conditions => {
  switch (fault.kind) {
    case "latency":
      return { ...c, latencyMs: c.latencyMs + fault.ms }
    case "jitter":
      return { ...c, jitterMs: c.jitterMs + fault.ms }
    case "loss":
      return { ...c, loss: either(c.loss, fault.probability) }
    case "burst":
      return { ...c, burst: { enter: fault.enter, leave: fault.leave } }
    case "duplicate":
      return { ...c, duplicate: either(c.duplicate, fault.probability) }
    case "replay":
      return { ...c, replay: { probability: fault.probability, ms: fault.ms } }
    case "reorder":
      return { ...c, reorder: { probability: fault.probability, ms: fault.ms } }
    case "corrupt":
      return { ...c, corrupt: either(c.corrupt, fault.probability) }
    case "truncate":
      return { ...c, truncate: either(c.truncate, fault.probability) }
    case "bandwidth":
      return { ...c, bandwidth: Math.min(c.bandwidth, fault.bytesPerSecond) }
    case "queue":
      return { ...c, queue: Math.min(c.queue, fault.bytes) }
    case "mtu":
      return { ...c, mtu: Math.min(c.mtu, fault.bytes) }
    case "block":
    case "partition":
      return { ...c, blocked: true }
    case "clog":
      return { ...c, clogged: true }
    case "flap":
      return { ...c, flap: { upMs: fault.upMs, downMs: fault.downMs } }
    case "udp-blocked":
      return { ...c, udpBlocked: true }
    case "tcp-blocked":
      return { ...c, tcpBlocked: true }
    case "tcp-rechunk":
      return { ...c, rechunk: fault.bytes }
    case "tcp-reset":
      return { ...c, reset: either(c.reset, fault.probability) }
  }
}

/** Whether a fault is on the link from one host to another. */
export const isOn = (fault: LinkFault, from: string, to: string): boolean => {
  if (includes(fault.from, from) && includes(fault.to, to)) return true
  const oneWay = fault.kind === "block" || fault.oneWay === true
  return !oneWay && includes(fault.from, to) && includes(fault.to, from)
}

export const isLinkFault = (fault: Fault): fault is LinkFault => !("router" in fault) && !("host" in fault)

const includes = (names: Names | undefined, name: string): boolean =>
  names === undefined || names === "*" || names === name || (Array.isArray(names) && names.includes(name))

/** The probability that at least one of two independent things happens. */
const either = (a: number, b: number): number => 1 - (1 - a) * (1 - b)
