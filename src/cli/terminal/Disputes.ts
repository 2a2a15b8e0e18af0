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
  /** By the keys of the nicknames. */
  readonly #all = new Map<string, { readonly name: string; readonly change: KeyChange }>()
  readonly #palette: Palette
  readonly #attention: Attention

  constructor(palette: Palette, attention: Attention) {
    this.#palette = palette
    this.#attention = attention
  }

  /** Another key was shown: a block that nobody overlooks. */
  shown(nick: string, change: KeyChange): ReadonlyArray<string> {
    const name = SafeText.line(nick, MAX_NICK)
    const key = Nickname.key(nick)
    if (this.#all.size < MAX_DISPUTED || this.#all.has(key)) this.#all.set(key, { name, change })
    this.#attention.came({ nick: name, text: CHANGED, weight: Weight.call, isShown: true, isInFront: true })
    return KeyTexts.changed(nick, change, this.#palette)
  }

  /** The block once more, for whom it has gone from the screen; nothing where there is no such thing. */
  again(nick: string): ReadonlyArray<string> {
    const found = this.#all.get(Nickname.key(nick))
    return found === undefined ? [] : KeyTexts.changed(found.name, found.change, this.#palette)
  }

  settled(nick: string): void {
    this.#all.delete(Nickname.key(nick))
  }

  has(nick: string): boolean {
    return this.#all.has(Nickname.key(nick))
  }

  get nicks(): ReadonlyArray<string> {
    return [...this.#all.values()].map(({ name }) => name)
  }

  /** What stands before the prompt as long as there is one. */
  get alarm(): string {
    return this.#all.size === 0 ? "" : `${this.#palette.warn("!! key")} `
  }
}

/** More of them are a flood. */
const MAX_DISPUTED = 16
/** What the desktop says. */
const CHANGED = "shows another key"
