/**
 * A packet as a rule sees it.
 *
 * @since 0.1.0
 */
export interface RulePacket {
  /** Names of the hosts. */
  readonly from: string
  readonly to: string
  readonly protocol: "udp" | "tcp"
  /** The payload. Not to be changed; give another one in the verdict. */
  readonly data: Uint8Array
}

/**
 * What becomes of it: the network goes on as usual, nothing arrives, or what is said here happens on top.
 *
 * @since 0.1.0
 */
export type Verdict =
  | "pass"
  | "drop"
  | {
      readonly delayMs?: number
      /** How many more times it arrives. */
      readonly copies?: number
      readonly data?: Uint8Array
    }

/**
 * Asked for each packet that the network would deliver. Must be a function of what it is given (and of counters of its
 * own).
 *
 * @since 0.1.0
 */
export type Rule = (packet: RulePacket) => Verdict
