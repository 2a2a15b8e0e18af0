import type { ReflectorStats } from "../core/rendezvous/Reflector.js"
import type { RelayStats } from "../core/rendezvous/Relay.js"
import type { Ending } from "../core/rendezvous/Session.js"
import type { Mood } from "../protocol/Control.js"

/** What a server has seen since it started, and what it holds now. */
export interface ServerStats {
  /** Connections that are open. */
  readonly connections: number
  /** Of these, the ones that watch everybody. */
  readonly watchers: number
  /** Pairs of a session and a single nickname that it watches. */
  readonly watched: number
  /** Nicknames of living sessions, and the same with those that are held. */
  readonly live: number
  readonly names: number
  /** Connections let in, and turned away by a limit. */
  readonly accepted: number
  readonly refused: number
  /** Requests that the registry was asked for. */
  readonly requests: number
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
  accepted = 0
  refused = 0
  requests = 0
  readonly endings: Record<Ending | "lost", number> = {
    exit: 0,
    replaced: 0,
    unregistered: 0,
    idle: 0,
    malformed: 0,
    slow: 0,
    evicted: 0,
    restarting: 0,
    lost: 0
  }
  readonly moods: Record<typeof Mood.Type, number> = { direct: 0, lan: 0, relay: 0, failed: 0 }
}
