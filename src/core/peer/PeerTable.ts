import type { ChannelId } from "../../domain/ChannelId.js"
import { type PeerId, peerIdOf } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import type { Association } from "./Association.js"
import { OpenIntroduction } from "./handshake/OpenIntroduction.js"
import type { Introduction } from "./Introduction.js"

/**
 * The peers that we know, and the channels on which they were introduced to us: at most `MAX_OPEN` channels each.
 *
 * There are two kinds of places, so that no number of strangers costs anybody a place that we have asked for. Peers
 * that we asked for, or that messages of ours wait for, have `MAX_PEERS`, and keep them. Strangers, who asked for us
 * and were not asked back, have `MAX_STRANGERS` together, connected or not: one more takes the place of the one that
 * has said nothing for longest. Whoever was let go, or left, is remembered among the last `MAX_REMEMBERED`, so that
 * coming back gives no credit anew and repeats nothing.
 */
export class PeerTable {
  readonly #ownIdentity: Uint8Array
  readonly #on: PeerTableEvents
  readonly #peers = new Map<PeerId, Association>()
  readonly #channels = new Map<ChannelId, Introduced>()

  constructor(ownIdentity: Uint8Array, on: PeerTableEvents) {
    this.#ownIdentity = ownIdentity
    this.#on = on
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
   * Takes an introduction and gives the association that it is about, a new one if need be; or why it is not taken.
   * `asking`: it is we who ask for the peer.
   */
  introduce(introduction: Introduction, asking: boolean): Introduced | NotIntroduced {
    const peer = peerIdOf(introduction.record.identity)
    if (Bytes.equal(introduction.record.identity, this.#ownIdentity)) return "Ourselves"
    const known = this.#channels.get(introduction.channel)
    if (known !== undefined && known.association.peer !== peer) return "OtherPeer"
    if (!this.#makeRoom(peer, asking)) return "NoRoom"
    if (known !== undefined) {
      known.introduction.update(introduction)
      return known
    }
    const association = this.#peers.get(peer) ?? this.#on.make(peer)
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

  /**
   * The association of somebody whom our user has asked for and who may not have been introduced yet; `undefined` when
   * there is no place for one more.
   */
  expect(peer: PeerId): Association | undefined {
    if (!this.#makeRoom(peer, true)) return undefined
    const association = this.#peers.get(peer) ?? this.#on.make(peer)
    this.#peers.set(peer, association)
    return association
  }

  /** Forgets the channels of this association. */
  forgetChannels(association: Association): void {
    for (const channel of association.introductions.keys()) this.#channels.delete(channel)
  }

  /** Whether there is a place for this peer, after others have made room. */
  #makeRoom(peer: PeerId, asking: boolean): boolean {
    const known = this.#peers.get(peer)
    if (known?.isStranger === false) return true
    if (asking) return this.#count((one) => !one.isStranger) < MAX_PEERS
    if (!this.#makeMemory(known)) return false
    if (known?.isOpen === true || this.#count(isOpenStranger) < MAX_STRANGERS) return true
    const oldest = this.#oldest(isOpenStranger)
    if (oldest !== undefined) this.#on.letGo(oldest)
    return true
  }

  /** Whether one more can be remembered. Those go first that we have never asked for. */
  #makeMemory(known: Association | undefined): boolean {
    const isIdle = (one: Association): boolean => one.isStranger && !one.isOpen && !one.conversation.isUnshown
    if (known !== undefined || this.#count((one) => one.isStranger) < MAX_STRANGERS + MAX_REMEMBERED) return true
    const forgotten = this.#oldest((one) => isIdle(one) && !one.wasAsked) ?? this.#oldest(isIdle)
    if (forgotten === undefined) return false
    this.#peers.delete(forgotten.peer)
    this.#on.forgotten(forgotten)
    return true
  }

  #count(of: (association: Association) => boolean): number {
    let count = 0
    for (const association of this.#peers.values()) if (of(association)) count++
    return count
  }

  #oldest(of: (association: Association) => boolean): Association | undefined {
    let oldest: Association | undefined
    for (const association of this.#peers.values())
      if (of(association) && (oldest === undefined || association.spokeAt < oldest.spokeAt)) oldest = association
    return oldest
  }
}

export interface PeerTableEvents {
  readonly make: (peer: PeerId) => Association
  /** A stranger's place is needed: closes it. It stays remembered. */
  readonly letGo: (stranger: Association) => void
  /** It is not remembered any more. */
  readonly forgotten: (association: Association) => void
}

export interface Introduced {
  readonly association: Association
  readonly introduction: OpenIntroduction
}

/** Why an introduction is not taken. `OtherPeer`: its channel is known for another identity. */
export type NotIntroduced = "Ourselves" | "OtherPeer" | "NoRoom"

const isOpenStranger = (association: Association): boolean => association.isStranger && association.isOpen

/**
 * Peers that we have asked for, at once, about 7 KB each in silence: more than a person or a busy bot talks to.
 */
export const MAX_PEERS = 1024
/** Callers that wait to be asked back, at once: a screenful, and half a megabyte in silence. */
export const MAX_STRANGERS = 64
/** Peers remembered after they have left or were let go, about 2 KB each. */
export const MAX_REMEMBERED = 1024
/**
 * Introductions to one peer: each restart of a client or a server makes a new channel, and only the newest ones matter.
 */
const MAX_OPEN = 4
/** Channels known at once. */
export const MAX_INTRODUCTIONS = MAX_OPEN * (MAX_PEERS + MAX_STRANGERS)
