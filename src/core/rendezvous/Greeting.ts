import { LEAST_RELAY_BYTES, PROTOCOL_VERSION } from "../../protocol/Control.js"
import { encodeWelcome } from "../../protocol/ControlCodec.js"
import type { Rate } from "../support/TokenBucket.js"
import type { SessionLimits } from "./Session.js"

/** What a server says of itself to everybody. */
export interface GreetingOptions {
  /** Name and version of the software. */
  readonly software: string
  readonly limits: SessionLimits
  /** UDP ports of the reflector; none when there is none. */
  readonly udp: ReadonlyArray<number>
  /** Where these are, if not on the address that the control link goes to. */
  readonly udpAt: ReadonlyArray<string>
  /** What is carried between any two, by each of them; `undefined` when nothing is. */
  readonly relay: Rate | undefined
  readonly tokenRequired: boolean
  readonly motd: string | undefined
}

/**
 * The `Welcome` lines of a server, which are the same but for two members: `challenge`, 32 random bytes in base64url,
 * and `time`, whole ms since 1970 UTC.
 */
export const greetingOf = ({
  limits: { idleMs, line, registerMs },
  motd,
  relay,
  software,
  tokenRequired,
  udp,
  udpAt
}: GreetingOptions): ((challenge: string, time: number) => string) =>
  encodeWelcome({
    _tag: "Welcome",
    protocol: PROTOCOL_VERSION,
    server: software,
    limits: { line, idleMs, registerMs },
    udp,
    ...(udpAt.length > 0 ? { udpAt } : {}),
    ...(relay === undefined ? {} : { relay: true, relayRate: toldOf(relay) }),
    ...(tokenRequired ? { tokenRequired } : {}),
    ...(motd === undefined ? {} : { motd })
  })

/** A rate that an operator has set lower than a client believes is told as the lowest one. */
const toldOf = ({ burst, perSecond }: Rate) => ({
  burst: Math.max(LEAST_RELAY_BYTES, Math.floor(burst)),
  bytesPerSecond: Math.max(LEAST_RELAY_BYTES, Math.floor(perSecond))
})
