import * as Schema from "effect/Schema"
import type { ChannelId } from "../../domain/ChannelId.js"
import type { Endpoint } from "../../domain/Endpoint.js"

/**
 * Where a packet goes or comes from: an address, or the server's relay, which knows the peer by the channel. `socket`
 * is the number of ours that it goes through, where that is one that was opened for guessing ports (`PortGuessing`).
 */
export type Route =
  | { readonly _tag: "Direct"; readonly endpoint: Endpoint; readonly socket?: number }
  | { readonly _tag: "Relay"; readonly channel: ChannelId }

export interface Transmit {
  readonly route: Route
  readonly data: Uint8Array
  /** `seen` when left out. */
  readonly standing?: Standing
}

/**
 * What is known of the address that a packet goes to. `proven`: it has answered a PING of this conversation lately.
 * `named`: the peer or the server has named it, or it was proven once. `seen`: nothing but that something came from
 * there. `guessed`: a port that nobody has named, of an address where the server itself sees the peer.
 */
export type Standing = "proven" | "named" | "seen" | "guessed"

/**
 * A route as people and programs are told of it.
 *
 * @since 0.1.0
 */
export const PathInfo = Schema.Struct({
  kind: Schema.Literal("direct", "lan", "relay"),
  /** `203.0.113.7:40001`; the channel for a relay. */
  address: Schema.String,
  /** Smoothed round trip in ms. */
  rttMs: Schema.Number
})
/** @since 0.1.0 */
export type PathInfo = typeof PathInfo.Type
