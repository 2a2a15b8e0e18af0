import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type { Attention } from "./Attention.js"
import { type Conversation, NO_NEWS, Weight } from "./Conversation.js"
import type { Conversations } from "./Conversations.js"
import type { Sent } from "./Delivery.js"
import * as Glyphs from "./Glyphs.js"
import type { Palette } from "./Palette.js"
import type { Settings } from "./Settings.js"
import * as Transcript from "./Transcript.js"
import * as When from "./When.js"
import { type Paragraph, type Printed, slices, wrap } from "./Wrap.js"

export interface ViewsOptions {
  readonly palette: Palette
  /** ms since 1970 UTC. */
  readonly now: () => number
  readonly settings: Settings
  readonly attention: Attention
  /** Whether a person looks at a screen: what goes to a pipe is whole, and in the order in which it came. */
  readonly interactive: boolean
}

/**
 * Which of the things that are said in several conversations come to stand on one screen: those of the conversation in
 * focus whole, of the others a line that something is there. What was not shown is shown when the person turns to it.
 */
export class Views {
  readonly #conversations: Conversations
  readonly #options: ViewsOptions
  /** Messages of ours after which nothing was printed: they stand in the rows above the draft. */
  #held: Array<{ readonly peer: Conversation; readonly entry: Transcript.Entry }> = []
  /** The day of the last message that was printed. */
  #day: number
  /** The conversation is seen whole, and all of them are listed. */
  isFull = false
  /** What was new when the person turned to a conversation last. */
  #turned: { readonly peer: Conversation; readonly fresh: number } | undefined

  constructor(conversations: Conversations, options: ViewsOptions) {
    this.#conversations = conversations
    this.#options = options
    this.#day = When.dayNumber(options.now())
  }

  /** A message of theirs; what to print of it now. */
  said(peer: Conversation, head: string, lines: ReadonlyArray<string>, weight: Weight): ReadonlyArray<Printed> {
    const entry = { at: this.#now, head, lines, from: peer.nick }
    const isShown = this.#isShown(peer)
    peer.transcript.add(entry, !isShown)
    const isInFront = peer === this.#conversations.focused
    if (!isInFront) this.#raise(peer, weight, 1)
    this.#options.attention.came({ nick: peer.nick, text: lines[0] ?? "", weight, isShown, isInFront })
    return isShown ? this.#dated([entry], peer) : this.#hint(peer, lines, weight)
  }

  /** A message of ours: what to print now. It may stand above the draft first. */
  sent(peer: Conversation, head: string, lines: ReadonlyArray<string>, own: Sent): ReadonlyArray<Printed> {
    const entry = { at: this.#now, head, lines, own }
    peer.transcript.add(entry, false)
    if (!this.#options.interactive || lines.length > MAX_HELD_LINES)
      return [...this.flush(true), ...this.#dated([entry], peer)]
    this.#held.push({ peer, entry })
    return []
  }

  /** Remarks on a conversation: to be printed where that is in focus, or no other is. */
  noticed(peer: Conversation, lines: ReadonlyArray<string>): ReadonlyArray<string> {
    const isShown = this.#isShown(peer)
    for (const line of lines) peer.transcript.add({ at: this.#now, head: undefined, lines: [line] }, !isShown)
    return isShown ? lines : []
  }

  /** Something that matters beyond the conversation came: it is printed anyway, and counts. */
  called(peer: Conversation): void {
    const isInFront = peer === this.#conversations.focused
    if (!isInFront) this.#raise(peer, Weight.call, 0)
    this.#options.attention.came({ nick: peer.nick, text: CALLS, weight: Weight.call, isShown: true, isInFront })
  }

  /**
   * Our messages that stand above the draft, which are to be printed before anything else; without anything else, those
   * that have no room there.
   */
  flush(isBeforeOthers: boolean): ReadonlyArray<Printed> {
    return this.#print(
      this.#held.splice(0, this.#held.length - (isBeforeOthers ? 0 : Math.min(MAX_HELD, this.#held.length)))
    )
  }

  /** The rows of messages of ours above the draft. */
  held(columns: number): ReadonlyArray<string> {
    const own = this.#isAscii ? Glyphs.asciiPrinted : (printed: Printed) => printed
    const lines = this.#held.flatMap(({ entry, peer }) => wrap(own(this.#printed(entry, peer)), columns))
    // They are drawn again and again: an address that the terminal would break has its rows here.
    return lines.flatMap((line) => slices(line, columns)).slice(-MAX_HELD_ROWS)
  }

  /** Turns to a conversation: a rule, what was said last, and what is new. Text goes there from now on. */
  turnTo(peer: Conversation): ReadonlyArray<Printed> {
    const { palette } = this.#options
    const shown = peer.transcript.last(REPEATED)
    const fresh = peer.transcript.fresh
    this.focus(peer)
    const rule = palette.dim(`${RULE} ${peer.nick} ${RULE}`)
    this.#turned = { peer, fresh }
    if (this.isFull)
      return [rule, ...this.#dated(shown.slice(shown.length - fresh), peer)].map((repeated) => ({ repeated }))
    return [rule, ...this.#whole(shown)]
  }

  /** What is remembered of the conversation in focus, for a screen that shows it whole, and when that began. */
  recent(): Recent {
    const peer = this.#conversations.focused
    if (peer === undefined) return { printed: [], since: this.#now }
    const shown = peer.transcript.last(Number.POSITIVE_INFINITY)
    // What stands above the draft is shown there.
    const isHeld = new Set(this.#held.map(({ entry }) => entry))
    const printed = this.#whole(shown.filter((entry) => !isHeld.has(entry)))
    return { printed, since: shown[0]?.at ?? this.#now }
  }

  /** Text goes to this conversation, or to none, from now on. */
  focus(peer: Conversation | undefined): void {
    this.#conversations.focus(peer?.nick)
    if (peer === undefined) return
    peer.news = NO_NEWS
    peer.transcript.seen()
  }

  get #now(): number {
    return this.#options.now()
  }

  /** Entries, and a line before those that were new when the person turned here. */
  #whole(shown: ReadonlyArray<Transcript.Entry>): ReadonlyArray<string | Paragraph> {
    const peer = this.#conversations.focused
    const turned = this.#turned
    this.#turned = undefined
    if (peer === undefined) return []
    const fresh = turned?.peer === peer ? turned.fresh : 0
    const old = shown.slice(0, shown.length - fresh)
    const mark = `${RULE} new since ${When.moment(shown[old.length]?.at ?? this.#now, this.#now)} ${RULE}`
    this.#day = When.dayNumber(shown[0]?.at ?? this.#now)
    return [
      ...this.#dated(old, peer),
      ...(fresh === 0 ? [] : [this.#options.palette.dim(mark)]),
      ...this.#dated(shown.slice(shown.length - fresh), peer)
    ]
  }

  /** Whether everything of this conversation is printed as it comes. */
  #isShown(peer: Conversation): boolean {
    const { focused } = this.#conversations
    return (
      !this.#options.interactive ||
      focused === undefined ||
      focused === peer ||
      this.#options.settings.get("show") === "all"
    )
  }

  #raise(peer: Conversation, weight: Weight, count: number): void {
    const { news } = peer
    peer.news = {
      count: news.count + count,
      weight: weight > news.weight ? weight : news.weight,
      since: news.weight === Weight.none ? this.#now : news.since,
      told: news.told
    }
  }

  /** One line for those who look at another conversation, again when more has come for a while. */
  #hint(peer: Conversation, lines: ReadonlyArray<string>, weight: Weight): ReadonlyArray<Printed> {
    const { palette } = this.#options
    const { count, told } = peer.news
    if (this.#now - told < TOLD_AGAIN && weight < Weight.mention) return []
    peer.news = { ...peer.news, told: this.#now }
    const more = count > 1 ? ` (${count} new)` : ""
    const text = SafeText.line(lines.join(" "), MAX_HINT)
    const line = { head: `  ${peer.nick}${more}: `, lines: [text], paint: palette.dim }
    return [this.isFull && weight < Weight.mention ? { repeated: line } : line]
  }

  #print(held: ReadonlyArray<{ readonly peer: Conversation; readonly entry: Transcript.Entry }>): Array<Printed> {
    return held.flatMap(({ entry, peer }) => this.#dated([entry], peer))
  }

  /** Entries, and a line between two that are not of the same day. */
  #dated(entries: ReadonlyArray<Transcript.Entry>, peer: Conversation): Array<string | Paragraph> {
    const { interactive, palette } = this.#options
    return entries.flatMap((entry) => {
      const day = When.dayNumber(entry.at)
      const isNew = interactive && day !== this.#day
      this.#day = day
      const line = this.#printed(entry, peer)
      return isNew ? [palette.dim(`${RULE} ${When.weekday(entry.at)} ${RULE}`), line] : [line]
    })
  }

  get #isAscii(): boolean {
    return this.#options.settings.get("glyphs") === "ascii"
  }

  #printed(entry: Transcript.Entry, peer: Conversation): string | Paragraph {
    const { interactive, palette, settings } = this.#options
    return Transcript.printed(
      entry,
      {
        timed: interactive && settings.get("times") === "on",
        marked: interactive,
        ascii: this.#isAscii
      },
      () => peer.connected,
      palette
    )
  }
}

/** What was said last somewhere; `since`: when the first of it was, in ms since 1970 UTC. */
export interface Recent {
  readonly printed: ReadonlyArray<Printed>
  readonly since: number
}
/** What the desktop says of somebody who calls. */
const CALLS = "wants to talk"

/** Whom a nickname means on the screen. */
export const nameOf = (nick: string): SafeText.SafeText => SafeText.line(nick, MAX_NICK)

/** What sets parts of a conversation off. */
const RULE = "───"
/** Entries that are shown again when a conversation is turned to: enough to know what it was about. */
const REPEATED = 10
/** Messages of ours above the draft, and their lines and rows: they take their place from what others say. */
const MAX_HELD = 3
const MAX_HELD_LINES = 3
const MAX_HELD_ROWS = 6
/** ms: somebody who goes on writing is worth another line, and not one for each message. */
const TOLD_AGAIN = 60_000
/** Characters of a message to somebody who looks at another conversation: a row of most screens. */
const MAX_HINT = 60
