import * as Either from "effect/Either"
import type { Fingerprint } from "../domain/Fingerprint.js"
import * as Nickname from "../domain/Nickname.js"
import type { Registration, SessionId, Whereabouts } from "../domain/Registration.js"

/**
 * What the nodes of one server and the engine that keeps their names say to each other (docs/nodes.md). Times are ms of
 * the engine's own clock, which stands still while no node talks to it, unless said otherwise.
 */

/** Version of what is written into the engine. A node reads this one and those before, and keeps out of a later one. */
export const SCHEMA = 1

/** A nickname as the engine keeps it. */
export interface StoredName {
  readonly key: string
  readonly lookalike: string
  readonly session: SessionId
  /** The node of the session. */
  readonly node: string
  /** Grows with each claim, of whatever nickname. */
  readonly epoch: number
  /** Ed25519 public key, base64url; empty for an anonymous nickname. */
  readonly identity: string
  /** A hash of the token that takes an anonymous nickname back: the token itself is nobody's but the client's. */
  readonly resume: string
  /** 0 while the session lives; afterwards how long the nickname is held for its owner. */
  readonly until: number
  /** When it was claimed, ms since 1970 UTC. */
  readonly since: number
  /** What the engine does not look into: JSON. */
  readonly body: string
}

/** A node as the others see it. */
export interface NodeEntry {
  readonly id: string
  /** What its connection numbers begin with, 0 to 255; no two living nodes have the same. */
  readonly slot: number
  /** Where other nodes reach it, `host:port`; empty when they do not. */
  readonly at: string
}

/** One step of the log. `n` grows by one with each; `version` is that of the presence after it. */
export interface LogEntry {
  /** Its place in the log, for whoever goes on behind it. */
  readonly at: string
  readonly n: number
  readonly version: number
  readonly change: LogChange
}

export type LogChange =
  | { readonly _tag: "Owned"; readonly name: StoredName }
  /** Nobody living has it any more, and it is held for its owner. */
  | { readonly _tag: "Held"; readonly key: string; readonly lookalike: string; readonly epoch: number }
  /** It is nobody's. */
  | { readonly _tag: "Freed"; readonly key: string; readonly lookalike: string; readonly epoch: number }
  /** Another session of the owner's has the nickname. */
  | { readonly _tag: "Replaced"; readonly session: SessionId }
  | { readonly _tag: "Here"; readonly node: NodeEntry }
  | { readonly _tag: "Gone"; readonly node: string }

/** What a node asks of the engine. Each is one atomic step. */
export type EngineCall =
  /** Comes, or renews its lease. Brings what the engine may have lost: the highest version and epoch that it has seen.
   */
  | {
      readonly _tag: "Enter"
      readonly node: string
      readonly at: string
      /** Which slot it would like; gets another one where that is taken. */
      readonly slot: number
      readonly generation: string
      readonly version: number
      readonly epoch: number
      readonly leaseMs: number
    }
  | {
      readonly _tag: "Claim"
      readonly node: string
      readonly session: SessionId
      readonly key: string
      readonly lookalike: string
      readonly identity: string
      /** Hash of the token that is shown, and of the one that is good from now on. */
      readonly shown: string
      readonly resume: string
      readonly maxNames: number
      /** Whether the nickname is kept for the identity from now on, whether or not it is here. */
      readonly keeps: boolean
      readonly body: string
    }
  | { readonly _tag: "Release"; readonly session: SessionId; readonly hold: boolean; readonly graceMs: number }
  | { readonly _tag: "Update"; readonly session: SessionId; readonly body: string }
  /** This nickname, and one that looks like it, is kept for nobody any more. */
  | { readonly _tag: "Forget"; readonly key: string; readonly lookalike: string }
  | { readonly _tag: "Find"; readonly key: string }
  /** These are here and alive, whatever the engine says: it may have lost them. At most `MAX_ASSERTED`. */
  | { readonly _tag: "Assert"; readonly node: string; readonly names: ReadonlyArray<StoredName> }
  /** Lets go of what was held long enough, and holds the names of a node whose lease is over. */
  | { readonly _tag: "Reap"; readonly cursor: string; readonly graceMs: number }
  /** The node is going: its lease is over now. */
  | { readonly _tag: "Leave"; readonly node: string }
  /** A part of all names; `""` begins. */
  | { readonly _tag: "Read"; readonly cursor: string }

export type EngineAnswer =
  | {
      readonly _tag: "Entered"
      readonly generation: string
      readonly slot: number
      /** Whether its lease had not run out. */
      readonly wasHere: boolean
      readonly names: number
    }
  | {
      readonly _tag: "Granted"
      readonly epoch: number
      readonly since: number
      /** Of the last log entry of the claim. */
      readonly n: number
      readonly names: number
    }
  /** So many were kept. */
  | { readonly _tag: "Forgotten"; readonly names: number }
  | { readonly _tag: "Taken" }
  | { readonly _tag: "Full" }
  /** The asking node has no lease, or the engine knows of nothing: it has to enter again. */
  | { readonly _tag: "Stranger" }
  | { readonly _tag: "Done"; readonly names: number }
  | { readonly _tag: "Found"; readonly name: StoredName | undefined }
  | { readonly _tag: "Asserted"; readonly lost: ReadonlyArray<SessionId> }
  | { readonly _tag: "Reaped"; readonly more: boolean; readonly cursor: string }
  | {
      readonly _tag: "Names"
      readonly names: ReadonlyArray<StoredName>
      /** Of the next part; empty after the last one. */
      readonly cursor: string
      /** With the first part: where the log was, and who was there. */
      readonly from?: { readonly at: string; readonly n: number; readonly version: number }
      readonly nodes?: ReadonlyArray<NodeEntry>
    }

/** Names in one `Assert`, a millisecond of the engine's time. */
export const MAX_ASSERTED = 100

const FIELDS = 11

/** One line a member, as neither of them has line breaks. */
export const encodeName = (name: StoredName): string =>
  [
    SCHEMA,
    name.key,
    name.lookalike,
    name.session,
    name.node,
    name.epoch,
    name.identity,
    name.resume,
    name.until,
    name.since,
    name.body
  ].join("\n")

/** `undefined` for what is no name of a version that we know. */
export const decodeName = (text: string): StoredName | undefined => {
  const parts = text.split("\n")
  const [schema, key, lookalike, session, node, epoch, identity, resume, until, since, body] = parts
  if (parts.length !== FIELDS || Number(schema) > SCHEMA) return undefined
  return {
    key: key!,
    lookalike: lookalike!,
    session: session as SessionId,
    node: node!,
    epoch: Number(epoch),
    identity: identity!,
    resume: resume!,
    until: Number(until),
    since: Number(since),
    body: body!
  }
}

/** What the engine keeps of a registration without looking into it. */
export const bodyOf = (
  nickname: Nickname.Nickname,
  identity: Registration["identity"],
  { address, endpoints }: Whereabouts
): string =>
  JSON.stringify({
    nick: nickname.text,
    address,
    endpoints,
    ...(identity === undefined ? {} : { fingerprint: identity.fingerprint, record: identity.record })
  })

/** The registration, but for its token. `undefined` when the body cannot be read. */
export const registrationOf = (name: StoredName): Registration | undefined => {
  try {
    const body = JSON.parse(name.body) as Record<string, unknown>
    const { address, endpoints, fingerprint, nick, record } = body
    const nickname = typeof nick === "string" ? Nickname.parse(nick) : undefined
    if (nickname === undefined || Either.isLeft(nickname) || nickname.right.key !== name.key) return undefined
    if (typeof address !== "string" || !Array.isArray(endpoints)) return undefined
    return {
      nickname: nickname.right,
      session: name.session,
      epoch: name.epoch,
      identity:
        name.identity === ""
          ? undefined
          : { key: name.identity, fingerprint: fingerprint as Fingerprint, record: String(record) },
      address,
      endpoints: endpoints.map(String),
      since: name.since,
      resume: ""
    }
  } catch {
    return undefined
  }
}

/** The node of a session of one of several nodes. */
export const nodeOf = (session: SessionId): string => session.slice(0, Math.max(0, session.indexOf(".")))
