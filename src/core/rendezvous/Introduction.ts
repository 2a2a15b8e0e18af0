import type { Registration } from "../../domain/Registration.js"
import type { Half } from "../../protocol/NodeMessage.js"
import type { Channel } from "./Channels.js"

/**
 * Half an introduction: what the other side learns of this registration, and of the channel as that side has it.
 * Members of a JSON object, without its braces. The part that is the registration's own is encoded once.
 */
export const halfOf = (registration: Registration, channel: Channel, relay: boolean): string => {
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
export const joined = (shown: Half, channel: Channel, relay: boolean): string =>
  withChannel(encodeShown(shown), channel, relay)

const encodeShown = (shown: Half): string => JSON.stringify(shown).slice(1, -1)

// What a channel consists of needs no escapes: it is base64url.
const withChannel = (own: string, { channel, pairKey, token }: Channel, relay: boolean): string => {
  const shared = `${own},"channel":"${channel}","pairKey":"${pairKey}"`
  return relay ? `${shared},"relay":{"token":"${token}"}` : shared
}

/** A registration is never changed, and its text goes with it. */
const encoded = new WeakMap<Registration, string>()
