/**
 * How many bytes may be unacknowledged on a path, and how fast they may leave. One instance for each use of a path: a
 * new path starts from the beginning (RFC 9000 §9.4). Bytes are those of whole UDP payloads; times are monotonic ms,
 * rates bytes/ms.
 */
export interface CongestionController {
  /** Bytes that may be in flight. */
  readonly window: number
  /** Bytes/ms at which packets may leave; infinite when the window alone decides. */
  readonly rate: number
  /** A packet is about to leave, with `inFlight` bytes under way before it. */
  readonly onSent: (inFlight: number, now: number) => void
  /** A packet was acknowledged. `limited`: the window, not the application, kept us from sending more. */
  readonly onAcked: (bytes: number, sentAt: number, limited: boolean, now: number) => void
  /** A packet of `bytes` was found lost. */
  readonly onLost: (bytes: number, sentAt: number, now: number) => void
  /** A packet of `bytes` that was found lost has been acknowledged: the path reorders. */
  readonly onSpuriousLoss: (bytes: number) => void
  /** Called after all calls for one acknowledgement, with what it tells of the path. */
  readonly onSample: (sample: PathSample) => void
  /** Everything sent over a long time was lost: what is known of the path counts no more. */
  readonly onPersistentCongestion: () => void
}

/** What one acknowledgement tells of a path (draft-cheng-iccrg-delivery-rate-estimation). */
export interface PathSample {
  readonly now: number
  /** The rate at which bytes arrived lately; `undefined` when the time was too short to tell. */
  readonly rate: number | undefined
  /** Whether the application had too little to send, so that the path may be faster than `rate`. */
  readonly applicationLimited: boolean
  /**
   * Bytes delivered until now, and until the newest packet acknowledged was sent. The time between the two is one
   * round.
   */
  readonly delivered: number
  readonly priorDelivered: number
  /** Round trip in ms of the newest packet acknowledged; `undefined` when a later packet was acknowledged before. */
  readonly rtt: number | undefined
  /** Bytes still under way. */
  readonly inFlight: number
  /** Bytes of full-sized packets on this path. */
  readonly packetSize: number
}
