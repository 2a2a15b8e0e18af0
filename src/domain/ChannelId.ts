import * as Schema from "effect/Schema"
import * as Base64Url from "./Base64Url.js"

/**
 * The name of a channel: what a server (or, on a local network, the two themselves) gives to two peers that are
 * introduced to each other. `CHANNEL_BYTES` as unpadded base64url (11 characters, the last of which holds four bits).
 * It finds the pair key of a handshake, and tells the relay between whom a packet goes.
 */
export const ChannelId = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]$/),
  Schema.brand("ChannelId")
)
export type ChannelId = typeof ChannelId.Type

/** The id that is these `CHANNEL_BYTES`. */
export const channelIdOf = (bytes: Uint8Array): ChannelId => Base64Url.encode(bytes) as ChannelId

export const channelIdBytes = (id: ChannelId): Uint8Array => Base64Url.decode(id)!

/** As many as a block of the cipher that servers make channels with; too many to meet another pair's by guessing. */
export const CHANNEL_BYTES = 8
