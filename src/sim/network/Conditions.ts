/**
 * How packets fare from one host to another, in one direction. All of it is data; what happens to the n-th packet of a
 * link is a function of the seed, the two hosts' names, n, and these.
 *
 * @since 0.1.0
 */
export interface Conditions {
  /** One-way delay in ms. */
  readonly latencyMs: number
  /** Up to this many ms more, uniformly. */
  readonly jitterMs: number
  /** Probability that a packet is lost. */
  readonly loss: number
  /**
   * Losses in bursts (Gilbert-Elliott): per packet, the probability to fall into and to leave the state in which all
   * are lost.
   */
  readonly burst: { readonly enter: number; readonly leave: number } | undefined
  /** Probability that a packet arrives twice. */
  readonly duplicate: number
  /** Probability that a copy of a packet arrives once more, `ms` later. */
  readonly replay: { readonly probability: number; readonly ms: number } | undefined
  /** Probability that a packet is overtaken: it takes up to `ms` longer. */
  readonly reorder: { readonly probability: number; readonly ms: number } | undefined
  /** Probability that one bit of a datagram is flipped. (TCP drops such a segment by its checksum.) */
  readonly corrupt: number
  /** Probability that a datagram arrives cut short. */
  readonly truncate: number
  /** Bytes a second; packets queue for their turn. */
  readonly bandwidth: number
  /** Bytes that may queue for their turn; what comes on top is dropped. */
  readonly queue: number
  /** Bytes of the largest IP packet that passes, headers included; larger datagrams vanish. */
  readonly mtu: number
  /** Nothing passes. */
  readonly blocked: boolean
  /** Nothing passes now, and all of it when that is over. */
  readonly clogged: boolean
  /** Passes for `upMs`, is blocked for `downMs`, and so on. */
  readonly flap: { readonly upMs: number; readonly downMs: number } | undefined
  /** A firewall that lets no UDP through. */
  readonly udpBlocked: boolean
  /** A firewall that lets no TCP through. */
  readonly tcpBlocked: boolean
  /** Upper bound in bytes of a TCP segment; each is drawn from 1 to this, so that chunks fall anywhere. */
  readonly rechunk: number
  /** Probability that a TCP segment is answered with a reset by something in between. */
  readonly reset: number
}

/**
 * A perfect wire without any delay.
 *
 * @since 0.1.0
 */
export const perfect: Conditions = {
  latencyMs: 0,
  jitterMs: 0,
  loss: 0,
  burst: undefined,
  duplicate: 0,
  replay: undefined,
  reorder: undefined,
  corrupt: 0,
  truncate: 0,
  bandwidth: Number.POSITIVE_INFINITY,
  queue: Number.POSITIVE_INFINITY,
  mtu: 1500,
  blocked: false,
  clogged: false,
  flap: undefined,
  udpBlocked: false,
  tcpBlocked: false,
  rechunk: 0,
  reset: 0
}

/**
 * A usual path between two homes: 20 to 30 ms one way, nothing lost.
 *
 * @since 0.1.0
 */
export const ordinary: Conditions = { ...perfect, latencyMs: 20, jitterMs: 10 }

/** Bytes of IP and UDP headers, which count towards `mtu`, `bandwidth` and `queue`. */
export const UDP_OVERHEAD = 28

/** Bytes of IP and TCP headers. */
export const TCP_OVERHEAD = 40
