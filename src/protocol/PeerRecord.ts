/**
 * A peer's self-description, signed with its identity key (docs/protocol.md §1). It binds the nickname and the X25519 key of
 * the handshake to the identity, so that a server can deny an introduction but never forge one.
 */
export interface PeerRecord {
  readonly nick: string
  /** Ed25519 public key, 32 bytes. */
  readonly identity: Uint8Array
  /** X25519 static key of the peer link's handshake, 32 bytes. */
  readonly staticKey: Uint8Array
  /** Grows with each record that this identity signs. */
  readonly sequence: number
  /** Not to be accepted after this time: ms since 1970 UTC. */
  readonly expiry: number
}
