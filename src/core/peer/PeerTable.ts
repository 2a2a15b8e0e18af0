import type { ChannelId } from "../../domain/ChannelId.js"
import { type PeerId, peerIdOf } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import type { Association } from "./Association.js"
import { OpenIntroduction } from "./handshake/OpenIntroduction.js"
import type { Introduction } from "./Introduction.js"

/**
 * The peers that we know, and the channels on which they were introduced to us: at most `MAX_PEERS` peers with
 * `MAX_OPEN` channels each.
 */
export class PeerTable {
  readonly #ownIdentity: Uint8Array
  readonly #make: (peer: PeerId) => Association
  /** Closes an idle association whose place is needed, and forgets it. */
  readonly #evict: (association: Association) => void
  readonly #peers = new Map<PeerId, Association>()
  readonly #channels = new Map<ChannelId, Introduced>()

  constructor(ownIdentity: Uint8Array, make: (peer: PeerId) => Association, evict: (association: Association) => void) {
    this.#ownIdentity = ownIdentity
    this.#make = make
    this.#evict = evict
  }

  get(peer: PeerId): Association | undefined {
    return this.#peers.get(peer)
  }

  /** The peer that was introduced on this channel, and its introduction. */
  on(channel: ChannelId): Introduced | undefined {
    return this.#channels.get(channel)
  }

  get all(): IterableIterator<Association> {
    return this.#peers.values()
  }

  /**
   * Takes an introduction and gives the association that it is about, a new one if need be. `undefined` when the
   * introduction is of ourselves, or its channel belongs to another peer, or there is no room for one more.
   */
  introduce(introduction: Introduction): Introduced | undefined {
    const peer = peerIdOf(introduction.record.identity)
    if (Bytes.equal(introduction.record.identity, this.#ownIdentity)) return undefined
    const known = this.#channels.get(introduction.channel)
    if (known?.association.peer === peer) {
      known.introduction.update(introduction)
      return known
    }
    if (known !== undefined || !this.#makeRoom(peer)) return undefined
    const association = this.#peers.get(peer) ?? this.#make(peer)
    this.#peers.set(peer, association)
    const introduced = { association, introduction: new OpenIntroduction(introduction) }
    association.introductions.set(introduction.channel, introduced.introduction)
    for (const oldest of association.introductions.keys()) {
      if (association.introductions.size <= MAX_OPEN) break
      association.introductions.delete(oldest)
      this.#channels.delete(oldest)
    }
    this.#channels.set(introduction.channel, introduced)
    return introduced
  }

  /** Forgets the channels of this association. */
  forgetChannels(association: Association): void {
    for (const channel of association.introductions.keys()) this.#channels.delete(channel)
  }

  /** Whether there is a place for this peer. If need be it takes the place of the oldest association that is idle. */
  #makeRoom(peer: PeerId): boolean {
    if (this.#peers.has(peer) || this.#peers.size < MAX_PEERS) return true
    for (const association of this.#peers.values()) {
      if (!association.isIdle) continue
      this.#evict(association)
      this.#peers.delete(association.peer)
      return true
    }
    return false
  }
}

export interface Introduced {
  readonly association: Association
  readonly introduction: OpenIntroduction
}

/** Peers remembered at once, about 7 KB each in silence: more than a person or a busy bot talks to. */
export const MAX_PEERS = 1024
/**
 * Introductions to one peer: each restart of a client or a server makes a new channel, and only the newest ones matter.
 */
const MAX_OPEN = 4
