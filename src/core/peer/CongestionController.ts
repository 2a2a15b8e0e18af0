/**
 * How many bytes may be unacknowledged on a path. One instance for each use of a path: a new path starts from the beginning
 * (RFC 9000 §9.4). Bytes are those of whole UDP payloads; times are monotonic ms.
 */
export interface CongestionController {
  /** Bytes that may be in flight. */
  readonly window: number
  /** A packet was acknowledged. `limited`: the window, not the application, kept us from sending more. */
  readonly onAcked: (bytes: number, sentAt: number, limited: boolean, now: number) => void
  /** Packets were found lost, the last of which was sent at `sentAt`. */
  readonly onLost: (sentAt: number, now: number) => void
  /** Nothing got through for so long that the path is to be discovered anew. */
  readonly onPersistentCongestion: () => void
}
