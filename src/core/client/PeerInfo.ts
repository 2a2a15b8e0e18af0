/**
 * Somebody who is registered, as everybody sees it.
 *
 * @since 0.1.0
 */
export interface PeerInfo {
  readonly nick: string
  readonly address: string
  /** Empty for an anonymous nickname. */
  readonly fingerprint: string
}

/**
 * Somebody on the list: what the server claims of them, and where we know better.
 *
 * @since 0.1.0
 */
export interface ListedPeer extends PeerInfo {
  /** The fingerprint that we know under this nickname, or talk to, where the server claims another one, or none. */
  readonly differsFrom?: string
  /** The nickname under which our user knows the key that the server claims, when it is another one. */
  readonly knownAs?: string
  readonly blocked?: true
}
