import type { Fingerprint } from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import type { PeerId } from "../../domain/PeerId.js"
import type * as Control from "../../protocol/Control.js"
import type { Introduction } from "../peer/Introduction.js"
import type { PathInfo } from "../peer/Route.js"
import type { KeyChanged } from "./ClientError.js"
import { MAX_NAMES } from "./Contacts.js"
import type { Vouched } from "./Introductions.js"

/**
 * Whom we talk to. A conversation belongs to an identity, not to a nickname: a nickname may change its owner and an
 * owner the nickname. People see and type nicknames, and no two conversations have the same one at a time.
 *
 * The nicknames that our user has asked for lead to who answered then, as long as the conversation lives, whatever that
 * one calls itself later. Somebody who only asked for us is called as they were introduced last; whoever is introduced
 * under that nickname after them takes it, and the conversation that is displaced ends.
 *
 * There are as many as the peer machine holds (`PeerTable`): it says which introductions it takes, and whom it lets go.
 */
export class Conversations {
  /** In order of first introduction. */
  readonly #byPeer = new Map<PeerId, Conversation>()
  readonly #byKey = new Map<string, PeerId>()
  #revision = 0

  /** Grows whenever somebody is introduced, called otherwise, or gone. */
  get revision(): number {
    return this.#revision
  }

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

  /**
   * The conversation with the peer that was just introduced, a new one if need be. `isAsked`: our user has asked for it
   * under this nickname, which must not lead to anybody else whom they asked for.
   */
  introduce({ address, fingerprint, introduction, nick, peer }: Vouched, isAsked: boolean): Introduced {
    this.#revision++
    const former = this.byNick(nick)
    const displaced = former === undefined || former.peer === peer ? {} : { displaced: former }
    if (displaced.displaced !== undefined) this.remove(displaced.displaced)
    const known = this.#byPeer.get(peer)
    if (known !== undefined) {
      const renamed = Nickname.key(known.called) === Nickname.key(nick) ? {} : { renamed: known.nick }
      if (!known.asked) this.#unname(known)
      if (isAsked || !known.asked) this.#name(known, nick)
      Object.assign(known, { called: nick, listed: nick, address, introduction, absent: false, departed: false })
      return { conversation: known, ...displaced, ...renamed }
    }
    const conversation: Conversation = {
      peer,
      fingerprint,
      nick,
      called: nick,
      listed: nick,
      toldUntil: Number.NEGATIVE_INFINITY,
      address,
      introduction,
      asked: false,
      connected: false,
      trying: false,
      path: undefined,
      toldOn: undefined,
      held: undefined,
      quiet: false,
      absent: false,
      departed: false
    }
    this.#byPeer.set(peer, conversation)
    this.#name(conversation, nick)
    return { conversation, ...displaced }
  }

  /** The server lists a peer under this nickname. */
  list(conversation: Conversation, nick: string): void {
    if (conversation.listed === nick) return
    conversation.listed = nick
    this.#revision++
  }

  remove(conversation: Conversation): void {
    this.#revision++
    this.#byPeer.delete(conversation.peer)
    this.#unname(conversation)
  }

  #name(conversation: Conversation, nick: string): void {
    conversation.nick = nick
    this.#byKey.set(Nickname.key(nick), conversation.peer)
    const names = [...this.#byKey].filter(([, peer]) => peer === conversation.peer)
    if (names.length > MAX_NAMES) this.#byKey.delete(names[0]![0])
  }

  #unname({ peer }: Conversation): void {
    for (const [key, owner] of this.#byKey) if (owner === peer) this.#byKey.delete(key)
  }
}

interface Introduced {
  readonly conversation: Conversation
  /** Had the nickname before, and has ended. */
  readonly displaced?: Conversation
  /** What we called it before, if it calls itself otherwise now. */
  readonly renamed?: string
}

export interface Conversation {
  readonly peer: PeerId
  readonly fingerprint: Fingerprint
  /** What our user knows it by: as they asked for it last, or else as it was introduced last. */
  nick: string
  /** What it calls itself, in the record that it signed last. */
  called: string
  /** What the server lists it as, which is a claim: what to ask for to find it again. */
  listed: string
  /** Until when its call has been told, and still stands: monotonic ms. */
  toldUntil: number
  address: string
  /** We queried this peer and have not left since: consent on our side. */
  asked: boolean
  connected: boolean
  /** We have asked and wait for the handshake. */
  trying: boolean
  /** The path in use, or the last one. */
  path: PathInfo["kind"] | undefined
  /** The channel on which we last told the peer our candidates through the server, if we have. */
  toldOn: string | undefined
  /** The latest one: good for asking back while the server is away. */
  introduction: Introduction
  /** A stranger's, whose call was one too many to be told: nor is its connection, before our user asks for it. */
  quiet: boolean
  /** Why nothing may go to it until our user has decided about its key; nothing otherwise. */
  held: KeyChanged | undefined
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
