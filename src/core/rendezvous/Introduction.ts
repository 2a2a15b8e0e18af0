import type { Registration } from "../../domain/Registration.js"
import type { Half } from "../../protocol/NodeMessage.js"
import type { Channel } from "./Channels.js"

/**
 * Whether packets are carried between the two of an introduction: not at all (`undefined`), by the server of each, or
 * also at these endpoints, where both may bring them.
 */
export type RelayOffer = ReadonlyArray<string> | undefined

/** One side of a channel between two nodes: its connection's number, and where its node's relay is, if known. */
export interface RelaySide {
  readonly end: number
  readonly at: ReadonlyArray<string>
}

/**
 * Where the packets of a channel between two nodes meet, the same whichever of the two says it and whoever has asked:
 * at one of the two nodes if only that one can be reached by all, and otherwise as the channel's name has it, so that
 * each of them has its share.
 */
export const meetingPlace = (channel: string, left: RelaySide, right: RelaySide): ReadonlyArray<string> => {
  if (left.at.length === 0 || right.at.length === 0) return left.at.length === 0 ? right.at : left.at
  const isAtLow = channel.charCodeAt(0) % 2 === 0
  return isAtLow === left.end < right.end ? left.at : right.at
}

/**
 * Half an introduction: what the other side learns of this registration, and of the channel as that side has it.
 * Members of a JSON object, without its braces. The part that is the registration's own is encoded once.
 */
export const halfOf = (registration: Registration, channel: Channel, relay: RelayOffer): string => {
  let own = encoded.get(registration)
  if (own === undefined) {
    own = encodeShown(shownOf(registration))
    encoded.set(registration, own)
  }
  return withChannel(own, channel, relay)
}

/** What others learn of a registration. */
export const shownOf = ({ address, endpoints, identity, nickname }: Registration): Half => ({
  nick: nickname.text,
  address,
  ...(identity === undefined ? {} : { record: identity.record }),
  candidates: endpoints
})

/** The same half, of what another node says. */
export const joined = (shown: Half, channel: Channel, relay: RelayOffer): string =>
  withChannel(encodeShown(shown), channel, relay)

const encodeShown = (shown: Half): string => JSON.stringify(shown).slice(1, -1)

// What a channel consists of needs no escapes: it is base64url.
const withChannel = (own: string, { channel, pairKey, token }: Channel, relay: RelayOffer): string => {
  const shared = `${own},"channel":"${channel}","pairKey":"${pairKey}"`
  if (relay === undefined) return shared
  const at = relay.length === 0 ? "" : `,"at":${JSON.stringify(relay)}`
  return `${shared},"relay":{"token":"${token}"${at}}`
}

/** A registration is never changed, and its text goes with it. */
const encoded = new WeakMap<Registration, string>()
