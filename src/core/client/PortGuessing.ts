import type * as Endpoint from "../../domain/Endpoint.js"
import type { PeerId } from "../../domain/PeerId.js"
import { PacketType } from "../../protocol/DataPacket.js"
import * as Stun from "../../protocol/Stun.js"
import { type Random, same } from "../nat/Transaction.js"
import type { PeerEvent } from "../peer/PeerEvent.js"
import type { Transmit } from "../peer/Route.js"
import { NEVER } from "../support/Deadline.js"
import { LinkedMap } from "../support/LinkedMap.js"
import type { ClientContext } from "./ClientContext.js"
import { PortSearch } from "./PortSearch.js"

/**
 * Looks for a direct way to somebody who is behind a filter that insists on ports, when our own NAT shows each
 * destination another port, and nobody can know which (`PortSearch`): mobile data with a home router, mostly. The
 * conversation is up through the relay meanwhile, and by the time it begins a router has had its chance to forward a
 * port. The socket that is found is a path of the peer machine like any other; the rest are closed.
 *
 * One search at a time, and one for a peer in `AGAIN` ms. What it sends is bounded by `AddressBudget` too.
 */
export class PortGuessing {
  /** When to see whether there is somebody to search for. */
  #lookAt = NEVER
  #search: PortSearch | undefined
  /** A number is used once. */
  #nextSocket = 0
  readonly #open = new Set<number>()
  /** Until when there is no other search for a peer, and whether the last one has found no way. */
  readonly #tried = new LinkedMap<PeerId, { readonly until: number; readonly inVain: boolean }>()

  constructor(
    private readonly client: ClientContext,
    /** Whether we search, and try ports for others. */
    readonly isOn: boolean,
    private readonly random: Random
  ) {}

  /** Something has happened to a peer: there may be somebody to search for, or nobody any more. */
  onPeerEvent({ _tag }: PeerEvent, now: number): void {
    if (!this.isOn || !NEWS.has(_tag)) return
    this.#lookAt = Math.min(this.#lookAt, now + PATIENCE)
    if (_tag !== "Message" && _tag !== "Delivered") this.#tidy(now)
  }

  /** The internet sees us somewhere else: our NAT is another one now, or may be. */
  moved(): void {
    for (const [peer] of this.#tried) this.#tried.delete(peer)
  }

  /** Of a peer who is reached through the relay. */
  stateOf(peer: PeerId, now: number): Guesses | undefined {
    if (this.#search?.sought.peer === peer) return "running"
    const tried = this.#tried.get(peer)
    return tried?.inVain === true && now < tried.until ? "in vain" : undefined
  }

  /** These sockets are open, all that were wished for or as many as the system has. */
  handleOpened(sockets: ReadonlyArray<number>, now: number): void {
    for (const socket of sockets) this.#open.add(socket)
    this.#search?.opened(sockets, now)
    this.#tidy(now)
  }

  handleDatagram(socket: number, from: Endpoint.Endpoint, data: Uint8Array, now: number): void {
    const { peers } = this.client
    const search = this.#search
    if (Stun.isStun(data)) search?.handleStun(socket, from, data, now)
    else if (data[0] !== PacketType.open) peers?.handleDatagram({ _tag: "Direct", endpoint: from, socket }, data, now)
    else if (search?.sought.targets.some(({ endpoint }) => same(endpoint, from)) === true)
      peers?.searches.opened(search.sought.peer, from, socket, now)
    if (search !== undefined) this.#tidy(now)
  }

  handleTimeout(now: number): void {
    const isDue = now >= this.#lookAt
    if (!isDue && this.#search === undefined) return
    this.#search?.handleTimeout(now)
    if (isDue) this.#look(now)
    this.#tidy(now)
  }

  pollTimeout(): number {
    return Math.min(this.#lookAt, this.#search?.timeout ?? NEVER)
  }

  /** The next packet through one of these sockets that is none of a connection's. */
  pollTransmit(now: number): Transmit | undefined {
    for (;;) {
      const packet = this.#search?.pollTransmit(now)
      if (this.#search !== undefined) this.#tidy(now)
      if (packet === undefined || packet.standing === undefined || this.client.budget.charge(packet, now)) return packet
    }
  }

  #look(now: number): void {
    this.#lookAt = NEVER
    const server = this.client.transport.reflector("ipv4")
    const sought = this.client.peers?.searches.next((peer) => now < (this.#tried.get(peer)?.until ?? 0), now)
    if (sought === undefined || server === undefined) return
    if (this.#search !== undefined) {
      this.#lookAt = now + PATIENCE
      return
    }
    this.#search = new PortSearch(sought, server, this.random, now)
  }

  /** Goes on with the search or ends it, and closes what is of no use any more. */
  #tidy(now: number): void {
    const search = this.#search
    const { searches } = this.client.peers ?? {}
    if (search !== undefined) {
      const { peer } = search.sought
      const guess = search.pollGuess()
      if (guess !== undefined) searches?.ask(peer, guess, now)
      const wanted = search.takeWanted()
      if (wanted > 0) {
        const sockets = Array.from({ length: wanted }, () => this.#nextSocket++)
        this.client.output.wish({ _tag: "OpenSockets", sockets })
      }
      const isRelayed = searches?.isRelayed(peer) === true
      if (!search.isOver && isRelayed) return
      this.#tried.set(peer, { until: now + (search.isOver ? AGAIN : SOON), inVain: isRelayed })
      if (this.#tried.size > MAX_TRIED) this.#tried.delete(this.#tried.oldest()!.key)
      this.#search = undefined
    }
    if (this.#open.size === 0) return
    const inUse = searches?.inUse ?? new Set()
    const sockets = [...this.#open].filter((socket) => !inUse.has(socket))
    if (sockets.length === 0) return
    for (const socket of sockets) this.#open.delete(socket)
    this.client.output.wish({ _tag: "CloseSockets", sockets })
  }
}

/** Ports are being guessed, or none was found and it is too early to try again. */
export type Guesses = "running" | "in vain"

/** After these the way to a peer may be another one, or somebody waits for a better one. */
const NEWS: ReadonlySet<PeerEvent["_tag"]> = new Set([
  "Connected",
  "Mutual",
  "PathChanged",
  "Message",
  "Delivered",
  "Disconnected"
])
/**
 * ms from the first news until a search: a direct path is found in a tenth of that where there is one, and a router
 * that forwards ports by the slowest of three protocols has done so.
 */
const PATIENCE = 5_000
/** ms: a NAT that kept its ports from 1,280 packets is not worth another try soon. */
const AGAIN = 30 * 60_000
/** ms after a search that was not needed to its end. */
const SOON = 60_000
/** Peers that this is remembered of. */
const MAX_TRIED = 1_024
