import type { ReflectorStats } from "../core/rendezvous/Reflector.js"
import type { RefusalReason } from "../core/rendezvous/RefusalLog.js"
import type { RelayStats } from "../core/rendezvous/Relay.js"
import type { Ending } from "../core/rendezvous/Session.js"
import type { Mood, Refusal } from "../protocol/Control.js"

/**
 * What a server has seen since it started, and what it holds now.
 *
 * @since 0.1.0
 */
export interface ServerStats {
  /** Connections that are open. */
  readonly connections: number
  /** Of these, the ones that have registered. */
  readonly registered: number
  /** Of these, the ones that watch everybody. */
  readonly watchers: number
  /** Pairs of a session and a single nickname that it watches. */
  readonly watched: number
  /** Nicknames of living sessions, and the same with those that are held. */
  readonly live: number
  readonly names: number
  /** Bytes that wait for clients to read them. */
  readonly queued: number
  /** What waits for its turn. */
  readonly waiting: {
    /** Sessions with requests that others go before. */
    readonly turn: number
    /** Proofs of identity that are not verified yet. */
    readonly proof: number
    /** Watchers who have not taken what they were told of presence, and are told again. */
    readonly presence: number
    /** Connections that are being told why they are turned away. */
    readonly goodbye: number
  }
  /** Connections let in, and turned away by a limit. */
  readonly accepted: number
  readonly refused: number
  /** Requests that the registry was asked for. */
  readonly requests: number
  /** Of these: nicknames given, queries for a nickname, and the ones of them that introduced two to each other. */
  readonly registrations: number
  readonly queries: number
  readonly introductions: number
  /** Connections and sessions that were turned away, by the reason in the log. */
  readonly refusals: Readonly<Record<RefusalReason, number>>
  /** Requests that were refused, by the answer of the protocol: `NickTaken`, `RateLimited` … */
  readonly errors: Readonly<Record<string, number>>
  /** Sessions by how they ended; `lost`: the client was gone. */
  readonly endings: Readonly<Record<Ending | "lost", number>>
  /** Sessions by how their conversations went, as their clients say on leaving. */
  readonly moods: Readonly<Record<typeof Mood.Type, number>>
  /** Absent when it is switched off. `channels`: pairs that could use it now. */
  readonly relay?: RelayStats & { readonly channels: number }
  /** Absent when its port belongs to another program. */
  readonly reflector?: ReflectorStats
}

/**
 * The counting part of `ServerStats`: plain numbers, since a metric of Effect's costs more than the request it counts.
 */
export class Counters {
  registered = 0
  accepted = 0
  refused = 0
  requests = 0
  registrations = 0
  queries = 0
  introductions = 0
  readonly refusals: Record<RefusalReason, number> = {
    connections: 0,
    full: 0,
    token: 0,
    proof: 0,
    server: 0,
    malformed: 0,
    unregistered: 0,
    slow: 0,
    proxy: 0,
    banned: 0
  }
  readonly errors: Record<Refusal["_tag"], number> = {
    NickTaken: 0,
    NickInvalid: 0,
    NickReserved: 0,
    NotRegistered: 0,
    NoSuchPeer: 0,
    NotAccepting: 0,
    RateLimited: 0,
    TooLarge: 0,
    Malformed: 0,
    Unsupported: 0,
    Unauthorized: 0,
    NotThisServer: 0,
    Busy: 0
  }
  readonly endings: Record<Ending | "lost", number> = {
    exit: 0,
    replaced: 0,
    unregistered: 0,
    idle: 0,
    malformed: 0,
    slow: 0,
    evicted: 0,
    restarting: 0,
    kicked: 0,
    lost: 0
  }
  readonly moods: Record<typeof Mood.Type, number> = { direct: 0, lan: 0, relay: 0, failed: 0 }

  readonly onRefused = (code: Refusal["_tag"]): void => {
    this.errors[code]++
  }

  /** The statistics, with what is held now; they do not change any more. */
  with(held: Omit<ServerStats, Counted>): ServerStats {
    const { endings, errors, moods, onRefused: _, refusals, ...counted } = this
    return {
      ...counted,
      ...held,
      refusals: { ...refusals },
      errors: { ...errors },
      endings: { ...endings },
      moods: { ...moods }
    }
  }
}

type Counted = Extract<keyof Counters, keyof ServerStats>
