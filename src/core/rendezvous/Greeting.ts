import { PROTOCOL_VERSION } from "../../protocol/Control.js"
import { encodeWelcome } from "../../protocol/ControlCodec.js"
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
  /** Whether packets are carried between any two. */
  readonly relay: boolean
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
    ...(relay ? { relay } : {}),
    ...(tokenRequired ? { tokenRequired } : {}),
    ...(motd === undefined ? {} : { motd })
  })
