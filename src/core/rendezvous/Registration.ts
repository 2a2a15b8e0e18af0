import type { Nickname } from "../../domain/Nickname.js"

/** Names one connection of one server process, never used again within it. */
export type SessionId = string

/** What a session asks for when it wants a nickname; its proof of identity is checked already. */
export interface Claim {
  readonly session: SessionId
  readonly nickname: Nickname
  readonly identity?: VerifiedIdentity
  /** Address and port of the control link, as `Endpoint.format` writes them. */
  readonly address: string
  /** Where datagrams may reach the session: at most 8, unverified. */
  readonly endpoints: ReadonlyArray<string>
  /** From an earlier registration: the right to take an anonymous nickname back. */
  readonly resume?: string
}

export interface VerifiedIdentity {
  /** Ed25519 public key, base64url. */
  readonly key: string
  readonly fingerprint: string
  /** The signed record, base64url. */
  readonly record: string
}

/** A nickname and its one owner (law 1). */
export interface Registration {
  readonly nickname: Nickname
  readonly session: SessionId
  readonly identity: VerifiedIdentity | undefined
  readonly address: string
  readonly endpoints: ReadonlyArray<string>
  /** ms since 1970 UTC. */
  readonly since: number
  /** 16 random bytes, base64url. */
  readonly resume: string
}

/** What the other side of an introduction learns of this registration, and of the channel as that side has it. */
export const introduction = (registration: Registration, { channel, pairKey, token }: Channel) => ({
  nick: registration.nickname.text,
  address: registration.address,
  ...(registration.identity === undefined ? {} : { record: registration.identity.record }),
  candidates: registration.endpoints,
  channel,
  pairKey,
  ...(token === undefined ? {} : { relay: { token } })
})

export type Introduction = ReturnType<typeof introduction>

/** What two sessions share, as one of them has it; all base64url. */
export interface Channel {
  /** 8 random bytes. */
  readonly channel: string
  /** 32 random bytes. */
  readonly pairKey: string
  /** 8 random bytes, this side's own: its datagrams to the relay show it. None when there is no relay. */
  readonly token?: string
}

/** A channel that is to be: both sides have the same name and key, and each a token of its own. */
export interface FreshChannel {
  readonly channel: string
  readonly pairKey: string
  readonly tokens?: readonly [string, string]
}
