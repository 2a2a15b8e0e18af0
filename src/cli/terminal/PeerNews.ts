import type { ClientEvent } from "../../core/client/Events.js"
import type { KeyInfo } from "../../core/client/KeyInfo.js"
import type { PathInfo } from "../../core/peer/Route.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type * as Conversation from "./Conversation.js"
import { NO_NEWS } from "./Conversation.js"
import type { Conversations } from "./Conversations.js"
import * as GroupTexts from "./GroupTexts.js"
import type { GroupViews } from "./GroupViews.js"
import * as KeyTexts from "./KeyTexts.js"
import type { KnownNicks } from "./KnownNicks.js"
import type { Palette } from "./Palette.js"
import * as Texts from "./Texts.js"
import type { Views } from "./Views.js"
import type { Printed } from "./Wrap.js"

/** The events about somebody we talk to, or who wants to talk, but for what they say. */
export type PeerTag =
  | "Incoming"
  | "Connected"
  | "Renamed"
  | "PathChanged"
  | "Mutual"
  | "Away"
  | "Delivered"
  | "Read"
  | "Group"
  | "Waiting"
  | "Kept"
  | "Disconnected"

export type AboutPeer = Extract<ClientEvent, { readonly _tag: PeerTag }>

interface Parts {
  readonly conversations: Conversations
  readonly views: Views
  readonly known: KnownNicks
  readonly groups: GroupViews
  readonly palette: Palette
  /** Whether a person looks at a screen. */
  readonly interactive: boolean
  /** ms since 1970 UTC. */
  readonly now: () => number
}

/** Tells how it stands with people: who calls, is reached, got what we said, and is gone. */
export class PeerNews {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  handle(event: AboutPeer): ReadonlyArray<Printed> {
    return (this.#tellers[event._tag] as Teller<AboutPeer>)(event)
  }

  /** Whose key it is that we talk to, said so that it can be compared. */
  tellKey(peer: Conversation.Conversation, info: KeyInfo): string {
    const { now, palette } = this.#parts
    peer.toldKey = info.fingerprint
    palette.knows(peer.nick, info.fingerprint)
    peer.verified = info.trust === "verified"
    return this.#remark(`  ${KeyTexts.key(info, now())}`)
  }

  /**
   * How somebody is reached now. Where the server's relay is in the way is worth a line; which address it is stands in
   * the status line and in `/why`. What goes back and forth is told once, and then when it stays.
   */
  reached(peer: Conversation.Conversation, path: PathInfo): ReadonlyArray<Printed> {
    const now = this.#parts.now()
    const way = Texts.wayOf(path)
    const isSteady = peer.turned === undefined || now - peer.turned >= STEADY
    const hasTurned = peer.path !== undefined && Texts.wayOf(peer.path) !== way
    if (hasTurned) peer.turned = now
    peer.path = path
    if (peer.told === way || !isSteady) return []
    peer.told = way
    return this.#noticed(peer, this.#remark(`${this.#name(peer)} is now reached ${Texts.path(path)}`))
  }

  readonly #tellers: { readonly [Tag in PeerTag]: Teller<Extract<AboutPeer, { readonly _tag: Tag }>> } = {
    Incoming: (event) => this.#called(event),
    Connected: (event) => {
      const peer = this.#of(event.nick)
      peer.connected = true
      peer.away = undefined
      peer.path = event.path
      peer.told = Texts.wayOf(event.path)
      peer.turned = undefined
      const isTold = peer.toldKey === event.fingerprint
      const key = this.tellKey(peer, event)
      const line = this.#remark(`connected to ${this.#name(peer)} ${Texts.path(event.path)}`)
      return this.#noticed(peer, line, ...(isTold ? [] : [key]))
    },
    Renamed: (event) => {
      const [from, to] = [SafeText.line(event.from, MAX_NICK), SafeText.line(event.to, MAX_NICK)]
      const key = SafeText.line(event.fingerprint, 64)
      return [
        this.#parts.palette.warn(`* ${from} is now called ${to}, key ${key}`),
        ...(this.#parts.conversations.find(event.from)?.asked === true
          ? [this.#remark(`  the conversation stays with ${from}, until you type query ${to}`)]
          : [])
      ]
    },
    PathChanged: (event) => this.reached(this.#of(event.nick), event.path),
    Mutual: (event) => {
      const peer = this.#of(event.nick)
      // They may have been asked for as members of a group: their call is answered.
      peer.asked = true
      if (peer.news.count === 0) peer.news = NO_NEWS
      return this.#noticed(peer, this.#remark(`${this.#name(peer)} and you can both write`))
    },
    Away: (event) => this.#away(event),
    Delivered: (event) => {
      const peer = this.#of(event.nick)
      if (event.group !== undefined) {
        this.#parts.groups.delivered(event.group, event.id)
        return []
      }
      const sent = peer.undelivered.get(event.id)
      if (sent === undefined) return this.#keptDelivered(peer)
      sent.state = "delivered"
      peer.undelivered.delete(event.id)
      if (!peer.overdue || peer.undelivered.size > 0) return []
      peer.overdue = false
      return this.#noticed(peer, this.#remark(`${this.#name(peer)} has got all your messages`))
    },
    Read: (event) => {
      const peer = this.#of(event.nick)
      const { last } = peer
      const isNews = last?.id === event.id && last.state !== "read"
      peer.transcript.read(event.id)
      if (!isNews) return []
      last.state = "read"
      // A screen has a mark behind the message, and the word in the line above the draft.
      return this.#parts.interactive
        ? []
        : this.#noticed(peer, this.#remark(`${this.#name(peer)} has read what you wrote`))
    },
    Group: (event) => {
      const view = this.#parts.groups.of(event.group)
      const lines = GroupTexts.news(event).map((line) => this.#remark(line))
      const shown = this.#noticed(view, ...lines)
      if (event.change !== "invited") return shown
      // It wants an answer, as a call does, whatever is in front.
      this.#parts.views.called(view)
      return lines
    },
    Waiting: (event) => {
      const peer = this.#of(event.nick)
      if (event.group !== undefined) {
        const line = `${peer.nick} has not answered yet; what you say in ${GroupTexts.called(event.group)} waits`
        return this.#noticed(this.#parts.groups.of(event.group), this.#remark(line))
      }
      const sent = peer.undelivered.get(event.id)
      if (sent !== undefined) sent.state = "waiting"
      return this.#noticed(
        peer,
        this.#remark(`${this.#name(peer)} has not answered yet; further messages wait until then`)
      )
    },
    Kept: (event) => {
      const nick = this.#parts.known.add(event.nick)
      this.#of(event.nick).kept = { left: event.undelivered, of: event.undelivered }
      const waiting = Texts.messages(event.undelivered)
      const name = this.#parts.palette.nick(nick)
      return [this.#remark(`${waiting} for ${name} from last time: delivered as soon as possible`)]
    },
    Disconnected: (event) => {
      const peer = this.#of(event.nick)
      peer.connected = false
      if (event.reason === "closed") return []
      const kept = event.undelivered > 0 ? `; ${Texts.messages(event.undelivered)} kept for the return` : ""
      const line = `* ${peer.nick} ${Texts.disconnected(event.reason)}${kept}`
      return this.#noticed(peer, this.#parts.palette.warn(line))
    }
  }

  #called(event: AboutPeer & { readonly _tag: "Incoming" }): ReadonlyArray<Printed> {
    const name = this.#parts.known.add(event.nick)
    const peer = this.#of(event.nick)
    const hidden =
      event.hidden > 0
        ? [this.#remark(`${event.hidden} more calls of strangers were not shown; see --accept-calls`)]
        : []
    if (peer.asked && !event.answered) return hidden
    if (!event.answered) this.#parts.views.called(peer)
    peer.hinted = true
    const again = event.calls > 1 ? ` (${event.calls} calls)` : ""
    const key = this.tellKey(peer, event)
    const nick = this.#parts.palette.nick(name)
    if (event.answered) {
      peer.asked = true
      return [`* ${nick} wants to talk${again}, and was answered, as you said with --answer`, key, ...hidden]
    }
    return [
      `* ${nick} wants to talk${again}: type ${this.#parts.palette.bold(`query ${peer.nick}`)} to answer`,
      key,
      ...hidden
    ]
  }

  /** Somebody who says it again and again is not told again and again; the status line has how it is. */
  #away({ away, nick, text }: AboutPeer & { readonly _tag: "Away" }): ReadonlyArray<Printed> {
    const peer = this.#of(nick)
    peer.away = away ? SafeText.line(text ?? "", MAX_AWAY) : undefined
    const now = this.#parts.now()
    const words = peer.away === undefined ? "is back" : `is away${peer.away === "" ? "" : `: ${peer.away}`}`
    if (words === peer.toldAway?.words || now - (peer.toldAway?.at ?? 0) < TOLD_AGAIN) return []
    if (!away && peer.toldAway === undefined) return []
    peer.toldAway = { words, at: now }
    return this.#noticed(peer, this.#remark(`${this.#name(peer)} ${words}`))
  }

  /** One of the messages from last time, unless it is one of which we do not know. */
  #keptDelivered(peer: Conversation.Conversation): ReadonlyArray<string> {
    if (peer.kept === undefined || --peer.kept.left > 0) return []
    const got = `${this.#name(peer)} has got ${Texts.messages(peer.kept.of)} from last time`
    peer.kept = undefined
    return [this.#remark(got)]
  }

  #of(nick: string): Conversation.Conversation {
    return this.#parts.conversations.with(nick)
  }

  #name(peer: Conversation.Conversation): string {
    return this.#parts.palette.nick(peer.nick)
  }

  #noticed(peer: Conversation.Conversation, ...lines: ReadonlyArray<string>): ReadonlyArray<Printed> {
    return this.#parts.views.noticed(peer, lines)
  }

  #remark(text: string): string {
    return this.#parts.palette.remark(text)
  }
}

/** Characters of what somebody says about being away. */
const MAX_AWAY = 200
/** ms: a way to somebody that has held that long is not one of two that take turns. */
const STEADY = 30_000
/** ms until somebody's comings and goings are worth another line. */
const TOLD_AGAIN = 5_000

type Teller<Event> = (event: Event) => ReadonlyArray<Printed>

export const isPeerEvent = (event: ClientEvent): event is AboutPeer => TAGS.has(event._tag)

/** Complete by type. */
const TELLS: { readonly [Tag in PeerTag]: true } = {
  Incoming: true,
  Connected: true,
  Renamed: true,
  PathChanged: true,
  Mutual: true,
  Away: true,
  Delivered: true,
  Read: true,
  Group: true,
  Waiting: true,
  Kept: true,
  Disconnected: true
}
const TAGS: ReadonlySet<string> = new Set(Object.keys(TELLS))
