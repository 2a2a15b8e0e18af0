/** Somebody who is registered, as everybody sees it. */
export interface PeerInfo {
  readonly nick: string
  readonly address: string
  /** Empty for an anonymous nickname. */
  readonly fingerprint: string
}
