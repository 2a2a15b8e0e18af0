import type { ClientEvent } from "../../core/client/Events.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import * as LinkText from "../LinkText.js"
import type { Palette } from "./Palette.js"

/** Who we are, on which server, and what to say of both. */
export class Oneself {
  /** Our nickname, once we have one. */
  nick: SafeText.SafeText | undefined
  /** Whether the server is there. */
  online = false
  /** What people know the server by. */
  server: string | undefined
  /** What was last said of a server that could not be reached for a nickname. */
  #complaint: string | undefined

  readonly #palette: Palette

  constructor(palette: Palette) {
    this.#palette = palette
  }

  registered(event: ClientEvent & { readonly _tag: "Registered" }): ReadonlyArray<string> {
    const { bold, nick: painted } = this.#palette
    const nick = SafeText.line(event.nick, MAX_NICK)
    const again = this.nick === nick && !this.online
    const first = this.nick === undefined
    this.nick = nick
    this.online = true
    this.#complaint = undefined
    if (again) return [this.#remark("back on the server")]
    const lines = [this.#remark(`you are ${painted(nick)}, seen at ${SafeText.line(event.address, 80)}`)]
    if (!first) return [...lines, this.#remark("your key, your history and whom you know stay the same")]
    return [
      ...lines,
      this.#remark(`your key is ${SafeText.line(event.fingerprint)}: let people compare it`),
      this.#remark(`type ${bold("list")} to see who is there, ${bold("query NICK")} to talk, ${bold("exit")} to leave`),
      this.#remark(`${bold("/group NAME NICK…")} talks to several people at once; ${bold("/help")} tells of everything`)
    ]
  }

  /** Each attempt fails anew; a person wants to read only what is new. */
  lost(event: ClientEvent & { readonly _tag: "ServerLost" }): ReadonlyArray<string> {
    const message = SafeText.line(event.message)
    const isNews = this.online || (this.nick === undefined && message !== this.#complaint)
    this.online = false
    this.#complaint = message
    return isNews ? [this.#palette.warn(`* ${message}; trying again`)] : []
  }

  protectedBy(event: ClientEvent & { readonly _tag: "Server" }): ReadonlyArray<string> {
    this.server = SafeText.line(event.server, MAX_SERVER)
    const text = LinkText.of(event)
    if (text === undefined) return []
    return [event.encryption === "none" ? this.#palette.warn(`* ${text}`) : this.#remark(text)]
  }

  /** The nickname cannot be had; `reason` is given unless the reason is that another person has it. */
  taken(nick: string, suggestions: ReadonlyArray<string>, reason?: string): ReadonlyArray<string> {
    this.#complaint = undefined
    const free = suggestions.slice(0, 3).map((suggestion) => SafeText.line(suggestion, MAX_NICK))
    const why = reason === undefined ? `the nickname ${SafeText.line(nick, MAX_NICK)} is taken` : SafeText.line(reason)
    const others = free.length > 0 ? `; free: ${free.join(", ")}` : ""
    return [
      this.#palette.warn(`* ${why}${others}`),
      this.#remark(this.nick === undefined ? "type another one" : "type /nick NICK to take another one")
    ]
  }

  #remark(text: string): string {
    return this.#palette.remark(text)
  }
}

/** Characters of a server's name. */
const MAX_SERVER = 60
