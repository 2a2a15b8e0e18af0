import type { Endpoint } from "../../domain/Endpoint.js"
import { scope } from "../../domain/Endpoint.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { Guess } from "../../protocol/Frame.js"
import type { Association } from "./Association.js"
import type { Connection } from "./Connection.js"
import type { OwnNetworks } from "./chat/OwnNetworks.js"
import type { PeerTable } from "./PeerTable.js"
import type { Standing } from "./Route.js"

/** Somebody whom only guessed ports may lead to, and where its own NAT has a port that we know. */
export interface Sought {
  readonly peer: PeerId
  readonly targets: ReadonlyArray<{ readonly endpoint: Endpoint; readonly standing: Standing }>
}

/**
 * What the search for a port of our own NAT has to do with peers: for whom there is reason to search, and how what was
 * found becomes a path.
 */
export class PortSearches {
  constructor(
    private readonly known: PeerTable,
    private readonly networks: OwnNetworks,
    private readonly isOn: boolean,
    private readonly touch: (association: Association, now: number) => void
  ) {}

  /**
   * Somebody we talk to through the relay alone, because our NAT shows each destination another port and the filter of
   * its own, or its firewall, insists on ports; nobody that `isTried`.
   */
  next(isTried: (peer: PeerId) => boolean, now: number): Sought | undefined {
    if (!this.isOn || this.networks.value.ipv4 !== "hard") return undefined
    for (const { connection, conversation, peer } of this.known.all) {
      const kind = conversation.peerNetworks?.ipv4
      // Nothing is known of the filter, but that no probe has come through until now.
      if (connection === undefined || (kind !== "easy" && kind !== "none") || isTried(peer)) continue
      const targets = connection.knowsGuesses && isRelayed(connection, now) ? targetsOf(connection) : []
      if (targets.length > 0) return { peer, targets }
    }
    return undefined
  }

  /** Whether the conversation still takes the relay. */
  isRelayed(peer: PeerId): boolean {
    return this.known.get(peer)?.connection?.paths.active?.isRelay === true
  }

  /** Has the peer try these ports. */
  ask(peer: PeerId, guess: Guess, now: number): void {
    const association = this.known.get(peer)
    if (association?.connection === undefined) return
    association.connection.guess(guess)
    this.touch(association, now)
  }

  /** An OPEN came in through this socket of ours: it may be the peer's, which was lucky. */
  opened(peer: PeerId, endpoint: Endpoint, socket: number, now: number): void {
    const association = this.known.get(peer)
    if (association?.connection === undefined) return
    association.connection.paths.called({ _tag: "Direct", endpoint, socket }, now)
    this.touch(association, now)
  }

  /** The sockets that were opened for this and that a connection may come back to. */
  get inUse(): ReadonlySet<number> {
    const sockets = new Set<number>()
    for (const { connection } of this.known.all)
      for (const route of connection?.paths.provenRoutes ?? [])
        if (route._tag === "Direct" && route.socket !== undefined) sockets.add(route.socket)
    return sockets
  }
}

const isRelayed = ({ announced, chat, paths }: Connection, now: number): boolean =>
  announced && chat.mutual && paths.active?.isRelay === true && now < paths.activeUntil

/** The outer endpoints that the peer has named: a port that is the same for everybody is one of them. */
const targetsOf = ({ paths }: Connection): Sought["targets"] =>
  paths.routes
    .flatMap((route) => (route._tag === "Direct" && route.socket === undefined ? [route.endpoint] : []))
    .filter((endpoint) => endpoint.family === "ipv4" && scope(endpoint) === "global")
    .slice(0, MAX_TARGETS)
    .map((endpoint) => ({ endpoint, standing: paths.seenAt === endpoint.address ? "guessed" : "named" }))

/** The one that servers see, and one that a router forwards. */
const MAX_TARGETS = 2
