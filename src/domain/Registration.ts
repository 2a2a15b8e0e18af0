import * as Schema from "effect/Schema"
import type { Fingerprint } from "./Fingerprint.js"
import type { Nickname } from "./Nickname.js"

/** Names one control connection among all nodes that share a registry; never used again. */
export const SessionId = Schema.String.pipe(Schema.brand("SessionId"))
export type SessionId = typeof SessionId.Type

/** Where a session is, as far as others may learn it. */
export interface Whereabouts {
  /** Address and port of the control link, as `Endpoint.format` writes them; empty for a client that hides it. */
  readonly address: string
  /** Where datagrams may reach the session: at most 8, unverified. */
  readonly endpoints: ReadonlyArray<string>
}

/** A session's request for a nickname. Its proof of identity was checked already. */
export interface Claim extends Whereabouts {
  readonly session: SessionId
  readonly nickname: Nickname
  readonly identity?: VerifiedIdentity | undefined
  /** From an earlier registration: the right to take an anonymous nickname back. */
  readonly resume?: string | undefined
}

export interface VerifiedIdentity {
  /** Ed25519 public key, base64url. */
  readonly key: string
  readonly fingerprint: Fingerprint
  /** The signed record, base64url. */
  readonly record: string
}

/** A nickname and its one owner (law 1). It is immutable: each change makes a new one. */
export interface Registration extends Whereabouts {
  readonly nickname: Nickname
  readonly session: SessionId
  /** Fencing token: greater than that of every earlier claim of this nickname. An `update` keeps it. */
  readonly epoch: number
  readonly identity: VerifiedIdentity | undefined
  /** ms since 1970 UTC. */
  readonly since: number
  /** 16 random bytes, base64url. */
  readonly resume: string
}
