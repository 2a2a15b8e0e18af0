import type { KeyChange } from "../../core/client/KeyChange.js"
import * as Nickname from "../../domain/Nickname.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type { Attention } from "./Attention.js"
import { Weight } from "./Conversation.js"
import * as KeyTexts from "./KeyTexts.js"
import type { Palette } from "./Palette.js"

/** Nicknames under which another key was shown, until our user says which is right; at most `MAX_DISPUTED`. */
export class Disputes {
  /** Nicknames by their keys. */
  readonly #nicks = new Map<string, string>()
  readonly #palette: Palette
  readonly #attention: Attention

  constructor(palette: Palette, attention: Attention) {
    this.#palette = palette
    this.#attention = attention
  }

  /** Another key was shown: a block that nobody overlooks. */
  shown(nick: string, change: KeyChange): ReadonlyArray<string> {
    const name = SafeText.line(nick, MAX_NICK)
    if (this.#nicks.size < MAX_DISPUTED) this.#nicks.set(Nickname.key(nick), name)
    this.#attention.came({ nick: name, text: CHANGED, weight: Weight.call, isShown: true, isInFront: true })
    return KeyTexts.changed(nick, change, this.#palette)
  }

  settled(nick: string): void {
    this.#nicks.delete(Nickname.key(nick))
  }

  get nicks(): ReadonlyArray<string> {
    return [...this.#nicks.values()]
  }

  /** What stands before the prompt as long as there is one. */
  get alarm(): string {
    return this.#nicks.size === 0 ? "" : `${this.#palette.warn("!! key")} `
  }
}

/** More of them are a flood. */
const MAX_DISPUTED = 16
/** What the desktop says. */
const CHANGED = "shows another key"
