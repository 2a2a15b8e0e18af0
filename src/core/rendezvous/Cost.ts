import type { Request } from "../../protocol/Control.js"

/**
 * What requests cost the server, in units of a `Ping`: some 15 µs of a core. Measured, and rounded up where it depends
 * on the content. Limits are in these units, so that nobody gets more work done for choosing other requests.
 */

/** Of every line, whatever it holds: reading, parsing and answering it. */
export const lineCost = (bytes: number): number => 1 + bytes / BYTES_PER_UNIT

/** On top of that, for what the request asks for. */
export const requestCost = (request: Request): number => {
  switch (request._tag) {
    case "Register":
      return REGISTER + (request.identity === undefined ? 0 : PROOF)
    case "List":
      return PAGE
    case "Query":
    case "Tell":
      return QUERY
    case "Watch":
    case "Unwatch":
      return 1 + (request.nicks?.length ?? 1) / 2
    case "Update":
      return UPDATE
    default:
      return 0
  }
}

/** On top of that, for a page that looked at so many entries. */
export const pageCost = (looked: number): number => looked / ENTRIES_PER_UNIT

/**
 * A `Relay` line, instead of `lineCost`: what it carries has limits of its own, in bytes. Full packets at the rate of a
 * session are 220 a second.
 */
export const RELAY_LINE = 0.5

/** For a `Relay` line that was not carried: nobody sends many of them by mistake. */
export const RELAY_DROPPED = 4

/** A handshake of TLS with an elliptic curve, some 1.5 ms; less, so that newcomers can still try a few names. */
export const TLS = 64

/** For what arrives without the end of a line: reading it costs as much as if it had one. */
export const PIECE = 0.5

/** For a record of TLS that brings no data: at worst new keys, to be answered with new keys. */
export const IDLE_RECORD = 1

/** For a request that is refused. */
export const REFUSED = 10

/** For a nickname that is taken: eight others are tried for the suggestions. */
export const TAKEN = 20

/** For a line that cannot be read. */
export const MALFORMED = 10

/** For the end of a session: its nickname, its channels, and what was known of it. */
export const END = 6

/** 450 unknown keys, or 1,300 empty lists, in 4 KiB take the parser half a millisecond. */
const BYTES_PER_UNIT = 128
/** The name itself, and everybody who watches it. */
const REGISTER = 12
/** Two signatures to verify, on another thread. */
const PROOF = 16
/** 14 KB to put together and to send. */
const PAGE = 8
/** The introduction of both sides. */
const QUERY = 6
const UPDATE = 3
const ENTRIES_PER_UNIT = 400
