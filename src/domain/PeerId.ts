import * as Schema from "effect/Schema"
import * as Base64Url from "./Base64Url.js"

/**
 * The id of a peer, which does not change with its nickname or address: its Ed25519 public key as unpadded base64url
 * (43 characters). The compiler takes no nickname for one.
 */
export const PeerId = Schema.String.pipe(
  Schema.filter((text) => Base64Url.decode(text)?.length === IDENTITY_BYTES),
  Schema.brand("PeerId")
)
export type PeerId = typeof PeerId.Type

/** The peer that has this Ed25519 public key of `IDENTITY_BYTES`. */
export const peerIdOf = (identityKey: Uint8Array): PeerId => Base64Url.encode(identityKey) as PeerId

/** The Ed25519 public key of the peer. */
export const identityKeyOf = (peer: PeerId): Uint8Array => Base64Url.decode(peer)!

/** Bytes of an Ed25519 public key (RFC 8032). */
export const IDENTITY_BYTES = 32
