import type { ClientEvent } from "../../core/client/Events.js"
import type { KeyChange } from "../../core/client/KeyChange.js"
import type { KeyInfo } from "../../core/client/KeyInfo.js"
import type { MessageId } from "../../domain/MessageId.js"
import * as Nickname from "../../domain/Nickname.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import * as LinkText from "../LinkText.js"
import * as Conversation from "./Conversation.js"
import { Conversations } from "./Conversations.js"
import * as GroupTexts from "./GroupTexts.js"
import * as KeyTexts from "./KeyTexts.js"
import { KnownNicks } from "./KnownNicks.js"
import type { Palette } from "./Palette.js"
import * as Texts from "./Texts.js"
import { Transfers } from "./Transfers.js"
import type { View } from "./View.js"
import * as When from "./When.js"
import type { Printed } from "./Wrap.js"

/**
 * What the terminal client shows: turns what happens into lines to print and a prompt. Pure apart from its own state,
 * and bounded, as its parts are.
 */
export class ChatModel implements View {
  /** Our nickname, once we have one. */
  me: SafeText.SafeText | undefined
  readonly transfers: Transfers
  readonly #conversations = new Conversations()
  readonly #known = new KnownNicks()
  #online = false
  #anyUnread = false
  /** The nickname that the server has been asked for, as long as it has not answered. */
  #awaited: SafeText.SafeText | undefined
  /** Whether what is written down outlives the program. */
  #safe = true
  /** Another program has our profile, so nothing of this one is kept. */
  #passing = false
  /** What was last said of a server that could not be reached for a nickname. */
  #complaint: string | undefined

  readonly #palette: Palette
  /** ms since 1970 UTC. */
  readonly #now: () => number
  /** Whether messages have the time of day in front of them. */
  readonly #timed: boolean

  constructor(palette: Palette, now: () => number, timed: boolean) {
    this.#palette = palette
    this.#now = now
    this.#timed = timed
    this.transfers = new Transfers(palette)
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

  /** Rows above the draft. */
  status(columns: number): ReadonlyArray<string> {
    return this.transfers.status(columns)
  }

  prompt(): string {
    if (this.me === undefined)
      return this.#awaited === undefined
        ? `${this.#palette.dim("nickname")}> `
        : `${this.#awaited} ${this.#palette.dim("waiting for the server…")}> `
    const peer = this.#conversations.focused
    if (peer === undefined) return `${this.me}> `
    const verified = peer.verified ? " ✓" : ""
    return `${this.me} → ${this.#palette.nick(peer.nick)}${this.#palette.dim(verified + Conversation.mark(peer))}> `
  }

  /** A nickname was asked for, or the server has answered (`undefined`). */
  awaiting(nick: string | undefined): void {
    this.#awaited = nick === undefined ? undefined : SafeText.line(nick, MAX_NICK)
  }

  /** Nicknames that begin with `prefix`, whatever its case, sorted. */
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
  opened(info: KeyInfo & { readonly nick: string }): ReadonlyArray<string> {
    const peer = this.#conversations.with(info.nick)
    peer.asked = true
    this.#conversations.focus(info.nick)
    const nick = this.#palette.nick(peer.nick)
    const key = this.#tellKey(peer, info)
    return peer.connected
      ? [this.remark(`you are talking to ${nick}; exit leaves the conversation`), key]
      : [this.remark(`calling ${nick}; what you type now is delivered as soon as possible`), key]
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
    if (peer.undelivered.size < MAX_UNDELIVERED) peer.undelivered.add(id)
    peer.last = { id, read: false }
    return this.#message(`${this.#palette.dim(this.me ?? "")} → ${this.#palette.nick(peer.nick)}`, text)
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
      if (peer.unread !== undefined) read.push({ nick: peer.nick, id: peer.unread })
      peer.unread = undefined
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
    if (change !== undefined && nick !== undefined) return KeyTexts.changed(nick, change, this.#palette)
    const complaint = this.#palette.warn(`* ${SafeText.line(message)}`)
    if (code !== "KeyChanged" || nick === undefined) return [complaint]
    const accept = this.#palette.bold(`/trust ${SafeText.line(nick, MAX_NICK)} DIGITS`)
    return [complaint, this.remark(`type ${accept} with the first five of the right key, once you have compared it`)]
  }

  /** The nickname cannot be had; `reason` is given unless the reason is that another person has it. */
  taken(nick: string, suggestions: ReadonlyArray<string>, reason?: string): ReadonlyArray<string> {
    this.#complaint = undefined
    const free = suggestions.slice(0, 3).map((suggestion) => SafeText.line(suggestion, MAX_NICK))
    return [
      this.#palette.warn(
        `* ${reason === undefined ? `the nickname ${SafeText.line(nick, MAX_NICK)} is taken` : SafeText.line(reason)}${free.length > 0 ? `; free: ${free.join(", ")}` : ""}`
      ),
      this.remark(this.me === undefined ? "type another one" : "type /nick NICK to take another one")
    ]
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
    Registered: (event) => this.#registered(event),
    NickTaken: (event) => this.taken(event.nick, event.suggestions),
    Greeting: (event) => {
      return [{ head: this.remark("the server says: "), lines: SafeText.lines(event.text, { maxLines: MAX_GREETING }) }]
    },
    ServerLost: (event) => {
      // Each attempt fails anew; a person wants to read only what is new.
      const message = SafeText.line(event.message)
      const isNews = this.#online || (this.me === undefined && message !== this.#complaint)
      this.#online = false
      this.#complaint = message
      return isNews ? [this.#palette.warn(`* ${message}; trying again`)] : []
    },
    Server: (event) => {
      const text = LinkText.of(event)
      if (text === undefined) return []
      return [event.encryption === "none" ? this.#palette.warn(`* ${text}`) : this.remark(text)]
    },
    Incoming: (event) => this.#called(event),
    Connected: (event) => {
      const peer = this.#conversations.with(event.nick)
      peer.connected = true
      peer.way = event.path.kind
      const isTold = peer.told === event.fingerprint
      const key = this.#tellKey(peer, event)
      return [
        this.remark(`connected to ${this.#palette.nick(peer.nick)} ${Texts.path(event.path)}`),
        ...(isTold ? [] : [key])
      ]
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
      // Another address of the same network is no news: programs on one machine change between theirs all day.
      if (peer.way === event.path.kind) return []
      peer.way = event.path.kind
      return [this.remark(`${this.#palette.nick(peer.nick)} is now reached ${Texts.path(event.path)}`)]
    },
    Mutual: (event) => {
      const peer = this.#conversations.with(event.nick)
      return [this.remark(`${this.#palette.nick(peer.nick)} and you can both write`)]
    },
    Message: (event) => {
      const peer = this.#conversations.with(event.from)
      const written = this.#palette.dim(When.written(event.writtenAt, this.#now()))
      if (event.group !== undefined)
        return this.#message(`${this.#palette.nick(GroupTexts.called(event.group))} ${peer.nick}${written}`, event.text)
      peer.unread = event.id
      this.#anyUnread = true
      const lines = this.#message(`${this.#palette.nick(peer.nick)}${written}`, event.text)
      if (peer.asked || peer.hinted) return lines
      peer.hinted = true
      return [...lines, this.remark(`type query ${peer.nick} to answer`)]
    },
    Delivered: (event) => {
      const peer = this.#conversations.with(event.nick)
      if (event.group !== undefined) return []
      if (!peer.undelivered.delete(event.id)) return this.#keptDelivered(peer)
      if (!peer.overdue || peer.undelivered.size > 0) return []
      peer.overdue = false
      return [this.remark(`${this.#palette.nick(peer.nick)} has got all your messages`)]
    },
    Read: (event) => {
      const { last } = this.#conversations.with(event.nick)
      if (last?.id === event.id) last.read = true
      return []
    },
    Group: (event) => GroupTexts.news(event).map((line) => this.remark(line)),
    Waiting: (event) => {
      const peer = this.#conversations.with(event.nick)
      if (event.group !== undefined)
        return [
          this.remark(`${peer.nick} has not answered yet; what you say in ${GroupTexts.called(event.group)} waits`)
        ]
      return [this.remark(`${this.#palette.nick(peer.nick)} has not answered yet; further messages wait until then`)]
    },
    Kept: (event) => {
      const nick = this.remember(event.nick)
      this.#conversations.with(event.nick).kept = { left: event.undelivered, of: event.undelivered }
      const waiting = Texts.messages(event.undelivered)
      return [this.remark(`${waiting} for ${this.#palette.nick(nick)} from last time: delivered as soon as possible`)]
    },
    Journal: (event) => {
      const message = SafeText.line(event.message)
      this.#safe = event.safe
      return [event.safe ? this.remark(message) : this.#palette.warn(`* ${message}`)]
    },
    Disconnected: (event) => {
      const peer = this.#conversations.with(event.nick)
      peer.connected = false
      if (event.reason === "closed") return []
      const kept = event.undelivered > 0 ? `; ${Texts.messages(event.undelivered)} kept for the return` : ""
      return [this.#palette.warn(`* ${peer.nick} ${Texts.disconnected(event.reason)}${kept}`)]
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
      if (event.code === "ProfileInUse") this.#passing = true
      return this.failed(event.code, event.message, event.nick, event.change)
    },
    Closed: (event) => {
      return [
        ...(event.reason === "exit" ? [] : [this.#palette.warn(`* ${SafeText.line(event.message)}`)]),
        ...this.#fate()
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
    peer.told = info.fingerprint
    peer.verified = info.trust === "verified"
    return this.remark(`  ${KeyTexts.key(info, this.now)}`)
  }

  #registered(event: ClientEvent & { readonly _tag: "Registered" }): ReadonlyArray<string> {
    const nick = SafeText.line(event.nick, MAX_NICK)
    const again = this.me === nick && !this.#online
    const first = this.me === undefined
    this.me = nick
    this.#online = true
    this.#complaint = undefined
    if (again) return [this.remark("back on the server")]
    const lines = [this.remark(`you are ${this.#palette.nick(nick)}, seen at ${SafeText.line(event.address, 80)}`)]
    if (!first) return [...lines, this.remark("your key, your history and whom you know stay the same")]
    return [
      ...lines,
      this.remark(`your key is ${SafeText.line(event.fingerprint)}: let people compare it`),
      this.remark(
        `type ${this.#palette.bold("list")} to see who is there, ${this.#palette.bold("query NICK")} to talk, ${this.#palette.bold("/help")} for more`
      )
    ]
  }

  #message(from: string, text: string): ReadonlyArray<Printed> {
    const time = this.#timed ? `${this.#palette.dim(When.timeOfDay(this.#now()))} ` : ""
    return [{ head: `${time}${from}: `, lines: SafeText.lines(text) }]
  }

  /** At the end: what becomes of messages that have not arrived. */
  #fate(): ReadonlyArray<string> {
    const waiting = this.#conversations.all().filter((peer) => Conversation.undelivered(peer) > 0)
    if (waiting.length === 0) return []
    const names = waiting.slice(0, MAX_NAMED).map(({ nick }) => this.#palette.nick(nick))
    if (waiting.length > MAX_NAMED) names.push("others")
    const total = waiting.reduce((sum, peer) => sum + Conversation.undelivered(peer), 0)
    const what = `${Texts.messages(total)} for ${names.join(", ")} ${total === 1 ? "was" : "were"} not confirmed`
    return this.#safe && !this.#passing
      ? [this.remark(`${what}: kept, to go out when you are ${this.me} again`)]
      : [this.#palette.warn(`* ${what}, and cannot be kept`)]
  }

  /** One of the messages from last time, unless it is one of which we do not know. */
  #keptDelivered(peer: Conversation.Conversation): ReadonlyArray<string> {
    if (peer.kept === undefined || --peer.kept.left > 0) return []
    const got = `${this.#palette.nick(peer.nick)} has got ${Texts.messages(peer.kept.of)} from last time`
    peer.kept = undefined
    return [this.remark(got)]
  }

  /** Arrivals are worth a line in the lobby, and for the people one talks to. */
  #concerns(nick: string): boolean {
    return this.#conversations.focused === undefined || this.#conversations.has(nick)
  }
}

type Teller<Event> = (event: Event) => ReadonlyArray<Printed>

/** Lines of a server's greeting: half of a small screen. */
const MAX_GREETING = 12
/** As many as the outbox of a peer holds at most; beyond it nothing is accepted anyway. */
const MAX_UNDELIVERED = 10_000

/** People named in one line: of those who are here, and of those whom messages wait for. */
const MAX_PRESENT = 12
const MAX_NAMED = 3

const count = (peer: Conversation.Conversation): string => Texts.messages(peer.undelivered.size)
