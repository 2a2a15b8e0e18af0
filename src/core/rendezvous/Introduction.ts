import type { Registration } from "../../domain/Registration.js"
import type { Channel } from "./Channels.js"

/**
 * Half an introduction: what the other side learns of this registration, and of the channel as that side has it.
 * Members of a JSON object, without its braces. The part that is the registration's own is encoded once.
 */
export const halfOf = (registration: Registration, { channel, pairKey, token }: Channel, relay: boolean): string => {
  let own = encoded.get(registration)
  if (own === undefined) {
    const { address, endpoints, identity, nickname } = registration
    const record = identity === undefined ? {} : { record: identity.record }
    own = JSON.stringify({ nick: nickname.text, address, ...record, candidates: endpoints }).slice(1, -1)
    encoded.set(registration, own)
  }
  // What a channel consists of needs no escapes: it is base64url.
  const shared = `${own},"channel":"${channel}","pairKey":"${pairKey}"`
  return relay ? `${shared},"relay":{"token":"${token}"}` : shared
}

/** A registration is never changed, and its text goes with it. */
const encoded = new WeakMap<Registration, string>()
