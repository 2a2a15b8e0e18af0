import type { ClientEvent } from "../../core/client/Events.js"
import type { GroupSent } from "../../core/client/groups/GroupInfo.js"
import type { KeyChange } from "../../core/client/KeyChange.js"
import type { KeyInfo } from "../../core/client/KeyInfo.js"
import type { PathInfo } from "../../core/peer/Route.js"
import type { MessageId } from "../../domain/MessageId.js"
import * as Nickname from "../../domain/Nickname.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type { Signal } from "../../domain/TerminalSignal.js"
import { Attention } from "./Attention.js"
import type * as Conversation from "./Conversation.js"
import { Weight } from "./Conversation.js"
import { Conversations } from "./Conversations.js"
import type { Sent } from "./Delivery.js"
import { Disputes } from "./Disputes.js"
import { Fate } from "./Fate.js"
import * as GroupTexts from "./GroupTexts.js"
import { GroupViews } from "./GroupViews.js"
import type { Answer } from "./Key.js"
import { KnownNicks } from "./KnownNicks.js"
import { openEnds, unsent } from "./Leaving.js"
import { mentions } from "./Mentions.js"
import { Oneself } from "./Oneself.js"
import type { Palette } from "./Palette.js"
import { isPeerEvent, PeerNews, type PeerTag } from "./PeerNews.js"
import { type Change, Settings, type Source } from "./Settings.js"
import { statusLine, waiting, wayOf } from "./StatusLine.js"
import * as Texts from "./Texts.js"
import { Transfers } from "./Transfers.js"
import { Views } from "./Views.js"
import * as When from "./When.js"
import type { Printed } from "./Wrap.js"

export interface ChatModelOptions {
  readonly palette: Palette
  /** ms since 1970 UTC. */
  readonly now: () => number
  /** Whether a person looks at a screen, which has a status line and one conversation at a time. */
  readonly interactive: boolean
}

/**
 * What the terminal client shows: turns what happens into lines to print, a prompt and a status line. Pure apart from
 * its own state, and bounded, as its parts are.
 */
export class ChatModel {
  readonly transfers: Transfers
  readonly settings = new Settings()
  /** Others are told that our user is away. */
  isAway = false
  readonly attention: Attention
  readonly #conversations = new Conversations()
  readonly #views: Views
  readonly #known = new KnownNicks()
  readonly disputes: Disputes
  #anyUnread = false
  /** The nickname that the server has been asked for, as long as it has not answered. */
  #awaited: SafeText.SafeText | undefined
  readonly #self: Oneself
  readonly #fate = new Fate()
  readonly groups: GroupViews
  readonly #peers: PeerNews

  readonly #palette: Palette
  readonly #now: () => number
  readonly #interactive: boolean

  constructor({ interactive, now, palette }: ChatModelOptions) {
    this.#palette = palette
    this.#now = now
    this.#interactive = interactive
    this.transfers = new Transfers(palette)
    this.#self = new Oneself(palette)
    const { settings } = this
    this.attention = new Attention(settings, now)
    this.disputes = new Disputes(palette, this.attention)
    this.#views = new Views(this.#conversations, { palette, now, interactive, settings, attention: this.attention })
    this.groups = new GroupViews(this.#conversations, this.#views, palette)
    this.#peers = new PeerNews({
      conversations: this.#conversations,
      views: this.#views,
      known: this.#known,
      groups: this.groups,
      palette,
      interactive,
      now
    })
  }

  /** Takes note of a setting. */
  change(change: Change, from: Source): void {
    this.settings.set(change, from)
    const [colors, ground] = [this.settings.get("colors"), this.settings.get("background")]
    this.#palette.uses(DEPTHS[colors])
    this.#palette.on(ground === "unknown" ? undefined : ground)
  }

  /** The terminal has said something of itself. */
  heard(answer: Answer): void {
    if (answer._tag === "Focus") this.attention.focused(answer.has)
    if (answer._tag !== "Background") return
    this.change({ name: "background", value: answer.brightness > 0.5 ? "light" : "dark" }, "terminal")
  }

  /** What the terminal is to do now so that the person is fetched. */
  signals(): ReadonlyArray<Signal> {
    return this.attention.take(this.me, this.#conversations.withNews())
  }

  /** Our nickname, once we have one. */
  get me(): SafeText.SafeText | undefined {
    return this.#self.nick
  }

  /** Whom plain text goes to. */
  get focus(): string | undefined {
    return this.#conversations.focused?.nick
  }

  /** Plain text is a nickname as long as there is none. */
  get choosing(): boolean {
    return this.me === undefined
  }

  /** A nickname was asked for, and the server has not answered. */
  get isAwaiting(): boolean {
    return this.#awaited !== undefined
  }

  /** Whom the draft is for. */
  get conversation(): string {
    return this.focus === undefined ? "" : Nickname.key(this.focus)
  }

  /** So many messages of somebody came too fast to be shown. */
  skipped(from: string, count: number): string {
    return Texts.skipped(SafeText.line(from, MAX_NICK), count, this.#palette)
  }

  /** What stands where of what was said. */
  get views(): Views {
    return this.#views
  }

  /** Rows above the draft: files on their way, and how things are. */
  status(columns: number): ReadonlyArray<string> {
    if (!this.#interactive) return []
    if (this.me === undefined) return this.isAwaiting ? waiting(columns, this.#palette) : []
    const line = statusLine(
      {
        peer: this.#conversations.focused,
        news: this.#conversations.withNews(),
        disputed: this.disputes.nicks,
        online: this.#self.online,
        isAway: this.isAway,
        server: this.#self.server
      },
      columns,
      this.#palette
    )
    return [...this.transfers.status(columns), ...(line === "" ? [] : [line])]
  }

  /** These lines, and before them our last messages, as they are now, as far as they stood above the draft. */
  flushed(lines: ReadonlyArray<Printed>): ReadonlyArray<Printed> {
    const before = this.#views.flush(lines.length > 0)
    return before.length === 0 ? lines : [...before, ...lines]
  }

  prompt(): string {
    if (this.me === undefined) return Texts.asking(this.#awaited, this.#interactive, this.#palette)
    const peer = this.#conversations.focused
    const { alarm } = this.disputes
    if (peer === undefined) return `${alarm}${this.me}> `
    const verified = peer.verified ? this.#palette.dim(" ✓") : ""
    return `${alarm}${this.me} → ${this.#palette.nick(peer.nick)}${verified}> `
  }

  /** A nickname was asked for, or the server has answered (`undefined`). */
  awaiting(nick: string | undefined): void {
    this.#awaited = nick === undefined ? undefined : SafeText.line(nick, MAX_NICK)
  }

  /** Nicknames that begin with `prefix`, whatever its case: the last we talked to first, the others sorted. */
  complete(prefix: string): ReadonlyArray<string> {
    return this.#known.complete(prefix)
  }

  /** Whether somebody of that name is there, or is talked to. */
  knows(nick: string): boolean {
    return this.#known.has(nick) || this.#conversations.has(nick)
  }

  remember(nick: string): SafeText.SafeText {
    return this.#known.add(nick)
  }

  /** ms since 1970 UTC. */
  get now(): number {
    return this.#now()
  }

  /** We asked for this peer: it has the focus now. */
  opened(info: KeyInfo & { readonly nick: string }): ReadonlyArray<Printed> {
    const peer = this.asked(info)
    const { fresh } = peer.transcript
    const view = fresh > 0 ? this.#views.turnTo(peer) : []
    this.#views.focus(peer)
    const key = this.#peers.tellKey(peer, info)
    const nick = this.#palette.nick(peer.nick)
    return peer.connected
      ? [...view, this.remark(`you are talking to ${nick}; exit leaves the conversation`), key]
      : [...view, this.remark(`calling ${nick}; what you type now is delivered as soon as possible`), key]
  }

  /** Whether we have asked for somebody of that name, and talk to them. */
  hasAsked(nick: string): boolean {
    return this.#conversations.find(nick)?.asked === true
  }

  /** How the conversation with somebody stands, if there is one. */
  about(nick: string): ReadonlyArray<string> {
    const peer = this.#conversations.find(nick)
    if (peer === undefined) return []
    const fresh = peer.news.count === 0 ? "" : `, ${peer.news.count} new`
    return [
      this.remark(`  conversation ${peer.number}, ${wayOf(peer)}${fresh}; /why ${peer.nick} tells how and why so`)
    ]
  }

  /** We asked for this peer. */
  asked(info: KeyInfo & { readonly nick: string }): Conversation.Conversation {
    const peer = this.#conversations.with(info.nick)
    peer.asked = true
    peer.verified = info.trust === "verified"
    return peer
  }

  /** Turns to the conversation with this nickname, or this number; nothing when there is none. */
  turnTo(which: string | number): ReadonlyArray<Printed> | undefined {
    const peer = typeof which === "number" ? this.#conversations.numbered(which) : this.#conversations.find(which)
    if (peer === undefined) return undefined
    return [
      ...this.#views.turnTo(peer),
      ...(peer.asked
        ? []
        : [this.remark(`type ${this.#palette.bold(`query ${peer.nick}`)} to answer; until then nothing goes out`)])
    ]
  }

  /** Turns to the conversation whose news matter most. */
  turnToNews(): ReadonlyArray<Printed> {
    const [first] = this.#conversations.withNews()
    return first === undefined ? [this.remark("nothing is new")] : (this.turnTo(first.nick) ?? [])
  }

  /** Turns away from the conversation in focus, which goes on. */
  turnAway(): ReadonlyArray<string> {
    const peer = this.#conversations.focused
    if (peer === undefined) return [this.remark("you are in no conversation")]
    this.#views.focus(undefined)
    const to = this.#palette.bold(`/to ${peer.nick}`)
    return [this.remark(`the conversation with ${this.#palette.nick(peer.nick)} goes on: ${to} returns to it`)]
  }

  /** The conversations that there are. */
  get conversations(): ReadonlyArray<Conversation.Conversation> {
    return this.#conversations.all()
  }

  /** What leaving the program would end, if anything. */
  get openEnds(): string | undefined {
    return openEnds(this.#conversations.all(), this.transfers.running())
  }

  /** What leaving the conversation with this nickname would lose. */
  unsent(nick: string): string | undefined {
    const peer = this.#conversations.find(nick)
    return unsent(peer, peer === undefined ? 0 : this.transfers.running(peer.nick))
  }

  /** How somebody is reached now; what to say of it, nothing where that does not even look otherwise than before. */
  measured(nick: string, path: PathInfo | undefined): ReadonlyArray<Printed> | undefined {
    const peer = this.#conversations.find(nick)
    if (peer === undefined || path === undefined) return undefined
    const before = wayOf(peer)
    const news = this.#peers.reached(peer, path)
    return news.length === 0 && wayOf(peer) === before ? undefined : news
  }

  /** The number of the pair is on the screen, to be compared. */
  compare(nick: string, pairNumber: string): void {
    this.#conversations.with(nick).compared = pairNumber
  }

  /** The number that was shown last. */
  compared(nick: string): string | undefined {
    return this.#conversations.find(nick)?.compared
  }

  /** Our user has compared the key of this nickname. */
  verified(nick: string): ReadonlyArray<string> {
    const peer = this.#conversations.find(nick)
    if (peer !== undefined) peer.verified = true
    const name = this.#palette.nick(SafeText.line(nick, MAX_NICK))
    return [this.remark(`${name} is verified ✓: should the key ever change, nothing goes out until you decide`)]
  }

  /** Nothing more is heard of somebody. */
  gone(nick: string): void {
    this.disputes.settled(nick)
    this.#conversations.remove(nick)
  }

  /** The conversation is over on our side. */
  left(nick: string): ReadonlyArray<string> {
    const peer = this.#conversations.find(nick)
    this.#conversations.remove(nick)
    return [Texts.left(SafeText.line(nick, MAX_NICK), peer?.undelivered.size ?? 0, this.#palette)]
  }

  /** A message of ours was accepted. */
  sent(to: string, id: MessageId, text: string): ReadonlyArray<Printed> {
    const peer = this.#conversations.with(to)
    peer.asked = true
    const own: Sent = { id, state: "sent" }
    if (peer.undelivered.size < MAX_UNDELIVERED) peer.undelivered.set(id, own)
    peer.last = own
    this.#known.spoke(peer.nick)
    const head = `${this.#palette.dim(this.me ?? "")} → ${this.#palette.nick(peer.nick)}`
    return this.#views.sent(peer, head, SafeText.lines(text), own)
  }

  /** A message of ours to a group was accepted. */
  sentInGroup(sent: GroupSent, text: string): ReadonlyArray<Printed> {
    return [...this.sent(GroupTexts.called(sent.group), sent.id, text), ...this.groups.sent(sent)]
  }

  /** Whether it is still to be said that there is a history with this peer. */
  recall(nick: string): boolean {
    const peer = this.#conversations.with(nick)
    const first = !peer.recalled
    peer.recalled = true
    return first
  }

  /** The person is there: what is on the screen is read now. Gives, once, the last new message of each conversation. */
  takeUnread(): ReadonlyArray<{ readonly nick: string; readonly id: MessageId }> {
    if (!this.#anyUnread) return []
    this.#anyUnread = false
    const read: Array<{ readonly nick: string; readonly id: MessageId }> = []
    for (const peer of this.#conversations.all()) {
      if (peer.unread === undefined) continue
      // What stands in another conversation was not seen yet.
      if (peer.transcript.fresh > 0) this.#anyUnread = true
      else {
        read.push({ nick: peer.nick, id: peer.unread })
        peer.unread = undefined
      }
    }
    return read
  }

  /** A while after a message was sent: whether and what to say about it. */
  overdue(to: string, id: MessageId): ReadonlyArray<string> {
    const peer = this.#conversations.find(to)
    if (peer === undefined || peer.overdue || !peer.undelivered.has(id)) return []
    peer.overdue = true
    const todo = this.disputes.has(to) ? `/key ${peer.nick} shows the two keys` : "you need do nothing"
    return [this.remark(`waiting: ${this.#palette.nick(peer.nick)} has not got ${count(peer)} yet; ${todo}`)]
  }

  /** Takes note of what happened; what to say about it. */
  handle(event: ClientEvent): ReadonlyArray<Printed> {
    return isPeerEvent(event) ? this.#peers.handle(event) : (this.#tellers[event._tag] as Teller<ClientEvent>)(event)
  }

  /** Why something failed that had to do with `nick`. */
  failed(code: string, message: string, nick?: string, change?: KeyChange): ReadonlyArray<string> {
    if (change !== undefined && nick !== undefined) return this.disputes.shown(nick, change)
    const complaint = this.#palette.warn(`* ${SafeText.line(message)}`)
    if (code !== "KeyChanged" || nick === undefined) return [complaint]
    const accept = this.#palette.bold(`/trust ${SafeText.line(nick, MAX_NICK)} DIGITS`)
    return [complaint, this.remark(`type ${accept} with the first five of the right key, once you have compared it`)]
  }

  /** The nickname cannot be had; `reason` is given unless the reason is that another person has it. */
  taken(nick: string, suggestions: ReadonlyArray<string>, reason?: string): ReadonlyArray<string> {
    return this.#self.taken(nick, suggestions, reason)
  }

  /** Text was typed outside of a conversation: whom it may have been meant for. */
  nowhere(): ReadonlyArray<string> {
    const caller = this.#conversations
      .all()
      .filter(({ asked, hinted }) => hinted && !asked)
      .at(-1)
    return [Texts.nowhere(caller?.nick, this.#palette)]
  }

  /** A remark of the program, told from what people write by its star. */
  remark(text: string): string {
    return this.#palette.remark(text)
  }

  /** What to say of each event that `PeerNews` does not tell. */
  readonly #tellers: {
    readonly [Tag in Exclude<ClientEvent["_tag"], PeerTag>]: Teller<Extract<ClientEvent, { _tag: Tag }>>
  } = {
    Registered: (event) => this.#self.registered(event),
    NickTaken: (event) => this.taken(event.nick, event.suggestions),
    Greeting: (event) => {
      return [{ head: this.remark("the server says: "), lines: SafeText.lines(event.text, { maxLines: MAX_GREETING }) }]
    },
    ServerLost: (event) => this.#self.lost(event),
    Server: (event) => this.#self.protectedBy(event),
    Message: (event) => this.#said(event),
    Journal: (event) => {
      const message = SafeText.line(event.message)
      this.#fate.safe = event.safe
      return [event.safe ? this.remark(message) : this.#palette.warn(`* ${message}`)]
    },
    Transfer: (event) => this.transfers.handle(event.transfer),
    Present: (event) => {
      const nicks = event.nicks.map((nick) => this.#palette.nick(this.remember(nick)))
      const shown = nicks.length > MAX_PRESENT ? nicks.slice(0, MAX_PRESENT - 1) : nicks
      const others = nicks.length > shown.length ? ` and ${nicks.length - shown.length} others` : ""
      return [this.remark(`here now: ${shown.join(", ")}${others}`)]
    },
    Joined: (event) => {
      const nick = this.remember(event.nick)
      return this.#concerns(event.nick) ? [this.remark(`${this.#palette.nick(nick)} is here`)] : []
    },
    Left: (event) => {
      const nick = this.#known.remove(event.nick)
      return this.#concerns(event.nick) ? [this.remark(`${this.#palette.nick(nick)} is gone from the server`)] : []
    },
    Failed: (event) => {
      if (event.code === "ProfileInUse") this.#fate.passing = true
      if (event.code === "Undelivered" && event.nick !== undefined) this.#conversations.dropped(event.nick)
      return this.failed(event.code, event.message, event.nick, event.change)
    },
    Closed: (event) => {
      return [
        ...this.#views.flush(true),
        ...(event.reason === "exit" ? [] : [this.#palette.warn(`* ${SafeText.line(event.message)}`)]),
        ...this.#fate.told(this.#conversations.all(), this.me, this.#palette)
      ]
    }
  }

  #said(event: ClientEvent & { readonly _tag: "Message" }): ReadonlyArray<Printed> {
    const { from, group, id, text } = event
    const peer = this.#conversations.with(from)
    this.#known.spoke(peer.nick)
    const written = this.#palette.dim(When.written(event.writtenAt, this.#now()))
    const words = [
      this.me ?? "",
      ...this.settings
        .get("words")
        .split(",")
        .map((word) => word.trim())
    ]
    const weight = mentions(text, words) ? Weight.mention : Weight.text
    const lines = SafeText.lines(text)
    if (group !== undefined) {
      const view = this.groups.of(group)
      return this.#views.said(view, `${this.#palette.nick(view.nick)} ${peer.nick}${written}`, lines, weight)
    }
    peer.unread = id
    this.#anyUnread = true
    const shown = this.#views.said(peer, `${this.#palette.nick(peer.nick)}${written}`, lines, weight)
    if (peer.asked || peer.hinted) return shown
    peer.hinted = true
    return [...shown, this.remark(`type query ${peer.nick} to answer`)]
  }

  /** Arrivals are worth a line outside of conversations; where there is a screen, they leave the talk alone. */
  #concerns(nick: string): boolean {
    return this.#conversations.focused === undefined || (!this.#interactive && this.#conversations.has(nick))
  }
}

type Teller<Event> = (event: Event) => ReadonlyArray<Printed>

/** Lines of a server's greeting: half of a small screen. */
const MAX_GREETING = 12
/** As many as the outbox of a peer holds at most; beyond it nothing is accepted anyway. */
const MAX_UNDELIVERED = 10_000

/** Bits of a colour. */
const DEPTHS = { off: 0, "16": 4, "256": 8, true: 24 } as const

/** People named of those who are here. */
const MAX_PRESENT = 12

const count = (peer: Conversation.Conversation): string => Texts.messages(peer.undelivered.size)
