import type { ClientEvent } from "../../core/client/Events.js"
import type { GroupName, GroupSent } from "../../core/client/groups/GroupInfo.js"
import type { KeyChange } from "../../core/client/KeyChange.js"
import type { KeyInfo } from "../../core/client/KeyInfo.js"
import type { PathInfo } from "../../core/peer/Route.js"
import type { MessageId } from "../../domain/MessageId.js"
import * as Nickname from "../../domain/Nickname.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type * as Conversation from "./Conversation.js"
import { NO_NEWS, Weight } from "./Conversation.js"
import { Conversations } from "./Conversations.js"
import type { Sent } from "./Delivery.js"
import { Fate } from "./Fate.js"
import * as GroupTexts from "./GroupTexts.js"
import * as KeyTexts from "./KeyTexts.js"
import { KnownNicks } from "./KnownNicks.js"
import { mentions } from "./Mentions.js"
import { Oneself } from "./Oneself.js"
import type { Palette } from "./Palette.js"
import * as Settings from "./Settings.js"
import { statusLine, wayOf } from "./StatusLine.js"
import * as Texts from "./Texts.js"
import { Transfers } from "./Transfers.js"
import type { View } from "./View.js"
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
export class ChatModel implements View {
  readonly transfers: Transfers
  readonly settings = Settings.defaults()
  readonly #conversations = new Conversations()
  readonly #views: Views
  readonly #known = new KnownNicks()
  /** Nicknames under which another key was shown, by their keys. */
  readonly #disputed = new Map<string, string>()
  #anyUnread = false
  /** The nickname that the server has been asked for, as long as it has not answered. */
  #awaited: SafeText.SafeText | undefined
  readonly #self: Oneself
  readonly #fate = new Fate()
  /** Messages to groups by how many members have not got them. */
  readonly #inGroups = new Map<MessageId, number>()

  readonly #palette: Palette
  readonly #now: () => number
  readonly #interactive: boolean

  constructor({ interactive, now, palette }: ChatModelOptions) {
    this.#palette = palette
    this.#now = now
    this.#interactive = interactive
    this.transfers = new Transfers(palette)
    this.#self = new Oneself(palette)
    this.#views = new Views(this.#conversations, { palette, now, interactive, settings: this.settings })
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

  /** Whom the draft is for. */
  get conversation(): string {
    return this.focus === undefined ? "" : Nickname.key(this.focus)
  }

  /** So many messages of somebody came too fast to be shown. */
  skipped(from: string, count: number): string {
    const nick = SafeText.line(from, MAX_NICK)
    const command = this.#palette.bold(`/history ${nick} ${count}`)
    return this.remark(
      `… ${Texts.messages(count)} from ${nick} came faster than this screen shows; ${command} has them`
    )
  }

  /** Rows above the draft: what was said last by us, files on their way, and how things are. */
  status(columns: number): ReadonlyArray<string> {
    if (!this.#interactive || this.me === undefined) return []
    const line = statusLine(
      {
        peer: this.#conversations.focused,
        news: this.#conversations.withNews(),
        disputed: [...this.#disputed.values()],
        online: this.#self.online,
        server: this.#self.server
      },
      columns,
      this.#palette
    )
    return [...this.#views.held(columns), ...this.transfers.status(columns), ...(line === "" ? [] : [line])]
  }

  /** These lines, and before them our last messages, as they are now, as far as they stood above the draft. */
  flushed(lines: ReadonlyArray<Printed>): ReadonlyArray<Printed> {
    const before = this.#views.flush(lines.length > 0)
    return before.length === 0 ? lines : [...before, ...lines]
  }

  prompt(): string {
    if (this.me === undefined)
      return this.#awaited === undefined
        ? `${this.#palette.dim("nickname")}> `
        : `${this.#awaited} ${this.#palette.dim("waiting for the server…")}> `
    const peer = this.#conversations.focused
    const alarm = this.#disputed.size === 0 ? "" : `${this.#palette.warn("!! key")} `
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
    const nick = this.#palette.nick(peer.nick)
    const key = this.#tellKey(peer, info)
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
    const open = this.#conversations.all().filter(({ asked, connected }) => asked && connected).length
    const files = this.transfers.running
    const parts = [
      ...(open === 0 ? [] : [`${open} conversation${open === 1 ? " goes" : "s go"} on`]),
      ...(files === 0 ? [] : [`${files} file${files === 1 ? " is" : "s are"} on the way`])
    ]
    return parts.length === 0 ? undefined : parts.join(", and ")
  }

  /** What leaving the conversation in focus would lose. */
  get unsent(): string | undefined {
    const lost = this.#conversations.focused?.undelivered.size ?? 0
    return lost === 0 ? undefined : `${Texts.messages(lost)} ${lost === 1 ? "has" : "have"} not arrived`
  }

  /** How somebody is reached now; whether that looks otherwise than before. */
  measured(nick: string, path: PathInfo | undefined): boolean {
    const peer = this.#conversations.find(nick)
    if (peer === undefined || path === undefined) return false
    const before = wayOf(peer)
    peer.path = path
    return wayOf(peer) !== before
  }

  /** Somebody has decided which key is right under a nickname. */
  settled(nick: string): void {
    this.#disputed.delete(Nickname.key(nick))
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
    this.settled(nick)
    this.#conversations.remove(nick)
  }

  /** The conversation is over on our side. */
  left(nick: string): ReadonlyArray<string> {
    const peer = this.#conversations.find(nick)
    this.#conversations.remove(nick)
    const lost = peer?.undelivered.size ?? 0
    return [
      this.remark(
        `you left the conversation with ${this.#palette.nick(SafeText.line(nick, MAX_NICK))}${
          lost > 0
            ? `; ${Texts.messages(lost)} ${lost === 1 ? "was" : "were"} not confirmed, and may not have arrived`
            : ""
        }`
      )
    ]
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
  sentInGroup({ group, id, to, without }: GroupSent, text: string): ReadonlyArray<Printed> {
    if (this.#inGroups.size < MAX_UNDELIVERED) this.#inGroups.set(id, to.length)
    const shown = this.sent(GroupTexts.called(group), id, text)
    return without.length === 0
      ? shown
      : [...shown, this.remark(`${GroupTexts.listed(without)} did not get that: /group members ${group.name} says why`)]
  }

  /** Our user has made or joined this group: text goes there from now on. */
  openedGroup(group: GroupName): ReadonlyArray<Printed> {
    const view = this.#groupView(group)
    if (view.transcript.fresh > 0) return this.#views.turnTo(view)
    this.#views.focus(view)
    return []
  }

  /** Turns to this group, as to a conversation. */
  turnToGroup(group: GroupName): ReadonlyArray<Printed> {
    return this.#views.turnTo(this.#groupView(group))
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
    return [
      this.remark(`waiting: ${this.#palette.nick(peer.nick)} has not got ${count(peer)} yet; you need do nothing`)
    ]
  }

  /** Takes note of what happened; what to say about it. */
  handle(event: ClientEvent): ReadonlyArray<Printed> {
    return (this.#tellers[event._tag] as Teller<ClientEvent>)(event)
  }

  /** Why something failed that had to do with `nick`. */
  failed(code: string, message: string, nick?: string, change?: KeyChange): ReadonlyArray<string> {
    if (change !== undefined && nick !== undefined) {
      if (this.#disputed.size < MAX_DISPUTED) this.#disputed.set(Nickname.key(nick), SafeText.line(nick, MAX_NICK))
      return KeyTexts.changed(nick, change, this.#palette)
    }
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
    const palette = this.#palette
    const caller = this.#conversations
      .all()
      .filter(({ asked, hinted }) => hinted && !asked)
      .at(-1)
    return caller === undefined
      ? [this.remark(`you are in no conversation: type ${palette.bold("list")}, then ${palette.bold("query NICK")}`)]
      : [
          this.remark(
            `nobody has got that. To answer ${palette.nick(caller.nick)}, type ${palette.bold(`query ${caller.nick}`)} first`
          )
        ]
  }

  /** A remark of the program, told from what people write by its star. */
  remark(text: string): string {
    return `${this.#palette.dim("*")} ${text}`
  }

  /** What to say of each event. */
  readonly #tellers: { readonly [Tag in ClientEvent["_tag"]]: Teller<Extract<ClientEvent, { _tag: Tag }>> } = {
    Registered: (event) => this.#self.registered(event),
    NickTaken: (event) => this.taken(event.nick, event.suggestions),
    Greeting: (event) => {
      return [{ head: this.remark("the server says: "), lines: SafeText.lines(event.text, { maxLines: MAX_GREETING }) }]
    },
    ServerLost: (event) => this.#self.lost(event),
    Server: (event) => this.#self.protectedBy(event),
    Incoming: (event) => this.#called(event),
    Connected: (event) => {
      const peer = this.#conversations.with(event.nick)
      peer.connected = true
      peer.path = event.path
      peer.told = Texts.wayOf(event.path)
      const isTold = peer.toldKey === event.fingerprint
      const key = this.#tellKey(peer, event)
      return this.#views.noticed(peer, [
        this.remark(`connected to ${this.#palette.nick(peer.nick)} ${Texts.path(event.path)}`),
        ...(isTold ? [] : [key])
      ])
    },
    Renamed: (event) => {
      const [from, to] = [SafeText.line(event.from, MAX_NICK), SafeText.line(event.to, MAX_NICK)]
      const key = SafeText.line(event.fingerprint, 64)
      return [
        this.#palette.warn(`* ${from} is now called ${to}, key ${key}`),
        ...(this.#conversations.find(event.from)?.asked === true
          ? [this.remark(`  the conversation stays with ${from}, until you type query ${to}`)]
          : [])
      ]
    },
    PathChanged: (event) => {
      const peer = this.#conversations.with(event.nick)
      peer.path = event.path
      // Where the server's relay is in the way is worth a line; which address it is stands in the status line and /why.
      const way = Texts.wayOf(event.path)
      if (peer.told === way) return []
      peer.told = way
      const line = this.remark(`${this.#palette.nick(peer.nick)} is now reached ${Texts.path(event.path)}`)
      return this.#views.noticed(peer, [line])
    },
    Mutual: (event) => {
      const peer = this.#conversations.with(event.nick)
      // They may have been asked for as members of a group: their call is answered.
      peer.asked = true
      if (peer.news.count === 0) peer.news = NO_NEWS
      return this.#views.noticed(peer, [this.remark(`${this.#palette.nick(peer.nick)} and you can both write`)])
    },
    Message: (event) => this.#said(event),
    Delivered: (event) => {
      const peer = this.#conversations.with(event.nick)
      if (event.group !== undefined) {
        this.#deliveredInGroup(event.group, event.id)
        return []
      }
      const sent = peer.undelivered.get(event.id)
      if (sent === undefined) return this.#keptDelivered(peer)
      sent.state = "delivered"
      peer.undelivered.delete(event.id)
      if (!peer.overdue || peer.undelivered.size > 0) return []
      peer.overdue = false
      return this.#views.noticed(peer, [this.remark(`${this.#palette.nick(peer.nick)} has got all your messages`)])
    },
    Read: (event) => {
      const peer = this.#conversations.with(event.nick)
      peer.transcript.read(event.id)
      if (peer.last?.id === event.id) peer.last.state = "read"
      return []
    },
    Group: (event) =>
      this.#views.noticed(
        this.#groupView(event.group),
        GroupTexts.news(event).map((line) => this.remark(line))
      ),
    Waiting: (event) => {
      const peer = this.#conversations.with(event.nick)
      if (event.group !== undefined) {
        const line = `${peer.nick} has not answered yet; what you say in ${GroupTexts.called(event.group)} waits`
        return this.#views.noticed(this.#groupView(event.group), [this.remark(line)])
      }
      const sent = peer.undelivered.get(event.id)
      if (sent !== undefined) sent.state = "waiting"
      const line = `${this.#palette.nick(peer.nick)} has not answered yet; further messages wait until then`
      return this.#views.noticed(peer, [this.remark(line)])
    },
    Kept: (event) => {
      const nick = this.remember(event.nick)
      this.#conversations.with(event.nick).kept = { left: event.undelivered, of: event.undelivered }
      const waiting = Texts.messages(event.undelivered)
      return [this.remark(`${waiting} for ${this.#palette.nick(nick)} from last time: delivered as soon as possible`)]
    },
    Journal: (event) => {
      const message = SafeText.line(event.message)
      this.#fate.safe = event.safe
      return [event.safe ? this.remark(message) : this.#palette.warn(`* ${message}`)]
    },
    Disconnected: (event) => {
      const peer = this.#conversations.with(event.nick)
      peer.connected = false
      if (event.reason === "closed") return []
      const kept = event.undelivered > 0 ? `; ${Texts.messages(event.undelivered)} kept for the return` : ""
      const line = `* ${peer.nick} ${Texts.disconnected(event.reason)}${kept}`
      return this.#views.noticed(peer, [this.#palette.warn(line)])
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

  #called(event: ClientEvent & { readonly _tag: "Incoming" }): ReadonlyArray<string> {
    const nick = this.#palette.nick(this.remember(event.nick))
    const peer = this.#conversations.with(event.nick)
    const hidden =
      event.hidden > 0
        ? [this.remark(`${event.hidden} more calls of strangers were not shown; see --accept-calls`)]
        : []
    if (peer.asked && !event.answered) return hidden
    if (!event.answered) this.#views.called(peer)
    peer.hinted = true
    const again = event.calls > 1 ? ` (${event.calls} calls)` : ""
    const key = this.#tellKey(peer, event)
    if (event.answered) {
      peer.asked = true
      return [`* ${nick} wants to talk${again}, and was answered, as you said with --answer`, key, ...hidden]
    }
    return [
      `* ${nick} wants to talk${again}: type ${this.#palette.bold(`query ${peer.nick}`)} to answer`,
      key,
      ...hidden
    ]
  }

  /** Whose key it is that we talk to, said so that it can be compared. */
  #tellKey(peer: Conversation.Conversation, info: KeyInfo): string {
    peer.toldKey = info.fingerprint
    this.#palette.knows(peer.nick, info.fingerprint)
    peer.verified = info.trust === "verified"
    return this.remark(`  ${KeyTexts.key(info, this.now)}`)
  }

  #said(event: ClientEvent & { readonly _tag: "Message" }): ReadonlyArray<Printed> {
    const { from, group, id, text } = event
    const peer = this.#conversations.with(from)
    this.#known.spoke(peer.nick)
    const written = this.#palette.dim(When.written(event.writtenAt, this.#now()))
    const weight = this.me !== undefined && mentions(text, this.me) ? Weight.mention : Weight.text
    const lines = SafeText.lines(text)
    if (group !== undefined) {
      const view = this.#groupView(group)
      return this.#views.said(view, `${this.#palette.nick(view.nick)} ${peer.nick}${written}`, lines, weight)
    }
    peer.unread = id
    this.#anyUnread = true
    const shown = this.#views.said(peer, `${this.#palette.nick(peer.nick)}${written}`, lines, weight)
    if (peer.asked || peer.hinted) return shown
    peer.hinted = true
    return [...shown, this.remark(`type query ${peer.nick} to answer`)]
  }

  /** The view of what is said in a group; no nickname begins as its name does. */
  #groupView(group: Pick<GroupName, "name">): Conversation.Conversation {
    const view = this.#conversations.with(GroupTexts.called(group))
    view.asked = true
    // To each member there is a connection or not; what waits is said of each.
    view.connected = true
    return view
  }

  /** Another member has got a message of ours; whether it was the last who is to. */
  #deliveredInGroup(group: GroupName, id: MessageId): void {
    const { undelivered } = this.#groupView(group)
    const left = (this.#inGroups.get(id) ?? 1) - 1
    if (left > 0) {
      this.#inGroups.set(id, left)
      return
    }
    this.#inGroups.delete(id)
    const sent = undelivered.get(id)
    if (sent !== undefined) sent.state = "delivered"
    undelivered.delete(id)
  }

  /** One of the messages from last time, unless it is one of which we do not know. */
  #keptDelivered(peer: Conversation.Conversation): ReadonlyArray<string> {
    if (peer.kept === undefined || --peer.kept.left > 0) return []
    const got = `${this.#palette.nick(peer.nick)} has got ${Texts.messages(peer.kept.of)} from last time`
    peer.kept = undefined
    return [this.remark(got)]
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

/** People named of those who are here. */
const MAX_PRESENT = 12
/** Nicknames with a key that nobody has decided on: more of them are a flood. */
const MAX_DISPUTED = 16

const count = (peer: Conversation.Conversation): string => Texts.messages(peer.undelivered.size)
