import type { Fingerprint } from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import type { PeerId } from "../../domain/PeerId.js"
import type * as Control from "../../protocol/Control.js"
import type { Introduction } from "../peer/Introduction.js"
import type { PathInfo } from "../peer/Route.js"
import type { Vouched } from "./Introductions.js"

/**
 * Whom we talk to. A conversation belongs to an identity, not to a nickname: a nickname may change its owner and an
 * owner the nickname. People see and type nicknames, so each conversation carries the latest one, and each nickname
 * leads to the identity that was introduced under it last.
 *
 * There are as many as the peer machine holds (`PeerTable`): it says which introductions it takes, and whom it lets go.
 */
export class Conversations {
  /** In order of first introduction. */
  readonly #byPeer = new Map<PeerId, Conversation>()
  readonly #byKey = new Map<string, PeerId>()

  get(peer: PeerId): Conversation | undefined {
    return this.#byPeer.get(peer)
  }

  byNick(nick: string): Conversation | undefined {
    const peer = this.#byKey.get(Nickname.key(nick))
    return peer === undefined ? undefined : this.#byPeer.get(peer)
  }

  byFingerprint(fingerprint: string): Conversation | undefined {
    for (const conversation of this.#byPeer.values()) if (conversation.fingerprint === fingerprint) return conversation
    return undefined
  }

  all(): ReadonlyArray<Conversation> {
    return [...this.#byPeer.values()]
  }

  /** The conversation with the peer that was just introduced, a new one if need be. */
  introduce({ address, fingerprint, introduction, nick, peer }: Vouched): Conversation {
    const known = this.#byPeer.get(peer)
    if (known !== undefined) {
      this.#unname(known)
      Object.assign(known, { nick, address, introduction, absent: false, departed: false })
      this.#byKey.set(Nickname.key(nick), peer)
      return known
    }
    const conversation: Conversation = {
      peer,
      fingerprint,
      nick,
      address,
      introduction,
      asked: false,
      connected: false,
      trying: false,
      path: undefined,
      absent: false,
      departed: false
    }
    this.#byPeer.set(peer, conversation)
    this.#byKey.set(Nickname.key(nick), peer)
    return conversation
  }

  remove(conversation: Conversation): void {
    this.#byPeer.delete(conversation.peer)
    this.#unname(conversation)
  }

  #unname(conversation: Conversation): void {
    const key = Nickname.key(conversation.nick)
    if (this.#byKey.get(key) === conversation.peer) this.#byKey.delete(key)
  }
}

export interface Conversation {
  readonly peer: PeerId
  readonly fingerprint: Fingerprint
  /** As the server showed it last. */
  nick: string
  address: string
  /** We queried this peer and have not left since: consent on our side. */
  asked: boolean
  connected: boolean
  /** We have asked and wait for the handshake. */
  trying: boolean
  /** The path in use, or the last one. */
  path: PathInfo["kind"] | undefined
  /** The latest one: good for asking back while the server is away. */
  introduction: Introduction
  /** The peer was seen leaving the server since it was introduced: its next registration is a new session. */
  absent: boolean
  /** The peer ended the conversation itself: it is not asked again before it, or our user, makes a new start. */
  departed: boolean
}

/**
 * How the conversations that we asked for went, by the worst of them; nothing when there were none. For the operator.
 */
export const pathOutcomeOf = (conversations: ReadonlyArray<Conversation>): typeof Control.Mood.Type | undefined => {
  const paths = conversations.filter(({ asked }) => asked).map(({ path }) => path ?? "failed")
  return worstFirst.find((outcome) => paths.includes(outcome))
}

const worstFirst: ReadonlyArray<typeof Control.Mood.Type> = ["failed", "relay", "direct", "lan"]
