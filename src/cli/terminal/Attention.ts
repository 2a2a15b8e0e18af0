import * as Nickname from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type { Signal } from "../../domain/TerminalSignal.js"
import { type Conversation, Weight } from "./Conversation.js"
import type { Settings } from "./Settings.js"

/** Something that a person may want to be fetched for. */
export interface News {
  /** The conversation, sanitized. */
  readonly nick: string
  readonly text: string
  readonly weight: Weight
  /** It came to stand on the screen, so whoever looks at that sees it. */
  readonly isShown: boolean
  /** It is not among the news of the conversation, whose count the title shows. */
  readonly isInFront: boolean
}

/**
 * Fetches a person who is not looking: rings, has the desktop tell, and counts in the title of the window. Whether they
 * look is what the terminal says of its focus; one that says nothing is looked at by whoever has just typed.
 */
export class Attention {
  readonly #settings: Settings
  /** ms since 1970 UTC. */
  readonly #now: () => number
  #hasFocus: boolean | undefined
  /** When the person last did something. */
  #active: number
  /** What came of the conversation in front while nobody was looking. */
  #missed = 0
  /** What was rung for, by conversation, until it is seen. */
  readonly #rung = new Map<string, { readonly weight: Weight; readonly at: number }>()
  #due: News | undefined
  /** Called when `take` may have something else to give. */
  wake = () => {}
  #title: string | undefined

  constructor(settings: Settings, now: () => number) {
    this.#settings = settings
    this.#now = now
    this.#active = now()
  }

  /** The person has done something, so they have seen what stands there. */
  active(): void {
    this.#active = this.#now()
    this.#missed = 0
    this.#rung.clear()
    this.wake()
  }

  /** The terminal tells that it has the focus, or has lost it. */
  focused(has: boolean): void {
    this.#hasFocus = has
    if (has) this.active()
  }

  came(news: News): void {
    if (news.isShown && this.#isLooking) return
    if (news.isInFront) this.#missed++
    const wants = this.#settings.get("bell") === "mentions" ? Weight.mention : Weight.text
    const key = Nickname.key(news.nick)
    const rung = this.#rung.get(key)
    const isNew = rung === undefined || news.weight > rung.weight || this.#now() - rung.at >= AGAIN
    if (news.weight < wants || !isNew) return
    if (this.#rung.size < MAX_RUNG) this.#rung.set(key, { weight: news.weight, at: this.#now() })
    if (this.#due === undefined || news.weight > this.#due.weight) this.#due = news
    this.wake()
  }

  /** What the terminal is to do now; `news` are the conversations that have some, `name` who we are. */
  take(name: string | undefined, news: ReadonlyArray<Conversation>): ReadonlyArray<Signal> {
    const signals: Array<Signal> = []
    const due = this.#due
    this.#due = undefined
    const notify = this.#settings.get("notify")
    if (due !== undefined && this.#settings.get("bell") !== "off") signals.push({ _tag: "Bell" })
    if (due !== undefined && notify !== "off")
      signals.push({
        _tag: "Notification",
        by: notify,
        about: Nickname.key(due.nick),
        title: `parley: ${due.nick}`,
        text:
          this.#settings.get("preview") === "on" || due.weight === Weight.call
            ? SafeText.line(due.text, MAX_TEXT)
            : NEWS
      })
    const title = this.#settings.get("title") === "on" ? this.#titleOf(name, news) : undefined
    if (title !== this.#title) signals.push({ _tag: "Title", text: title })
    this.#title = title
    return signals
  }

  get #isLooking(): boolean {
    return this.#hasFocus ?? this.#now() - this.#active < LOOKS
  }

  #titleOf(name: string | undefined, news: ReadonlyArray<Conversation>): string {
    const count = news.reduce((sum, { news: { count } }) => sum + Math.max(1, count), this.#missed)
    const mark = news.some(({ news: { weight } }) => weight > Weight.text) ? "!" : ""
    return `${count === 0 ? "" : `(${count}${mark}) `}${name === undefined ? "parley" : `${name} - parley`}`
  }
}

/** ms: who typed that long ago may be elsewhere by now. */
const LOOKS = 60_000
/** ms: nobody is fetched to the same conversation more often, unless for something that matters more. */
const AGAIN = 60_000
/** Conversations that were rung for: as many as a screen knows. */
const MAX_RUNG = 256
/** In place of a message that is nobody's business but the person's. */
const NEWS = "a new message"
/** Characters of a message that the desktop shows. */
const MAX_TEXT = 100
