import stringWidth from "string-width"
import type { ListedPeer } from "../../core/client/PeerInfo.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type { TerminalSize } from "../../services/Terminal.js"
import type { Palette } from "./Palette.js"
import { wrap } from "./Wrap.js"

/** Which of those who are there are shown. */
export interface Wanted {
  /** What their nicknames have in them, in whatever case, with accents or without. */
  readonly word: string
  /** From 1. */
  readonly page: number
}

/** Who looks, and on what. */
export interface Looking {
  readonly me: string | undefined
  readonly palette: Palette
  /** The screen that a page is for; nothing where there are no pages. */
  readonly screen?: TerminalSize | undefined
}

/** What stands behind `list`: a word, the number of a page, or both. */
export const parse = (argument: string): Wanted | undefined => {
  const [first = "", second, ...more] = argument === "" ? [] : argument.split(/\s+/)
  const isPage = (word: string | undefined): word is string => word !== undefined && /^[1-9]\d{0,5}$/.test(word)
  if (more.length > 0) return undefined
  if (second === undefined) return isPage(first) ? { word: "", page: Number(first) } : { word: first, page: 1 }
  return isPage(second) ? { word: first, page: Number(second) } : undefined
}

/** Those who are wanted, in the order of people's alphabet, as many as fit on a screen, and how many there are. */
export const peers = (
  all: ReadonlyArray<ListedPeer>,
  { page, word }: Wanted,
  looking: Looking
): ReadonlyArray<string> => {
  const { palette } = looking
  const wanted = folded(word)
  const found = all
    .filter(({ nick }) => folded(nick).includes(wanted))
    .sort((one, other) => alphabet().compare(one.nick, other.nick))
  if (found.length === 0) {
    const there = all.length === 0 ? "nobody is there" : `of ${people(all.length)} nobody has that in their nickname`
    return [palette.dim(there)]
  }
  const pages = paged(table(found, looking), looking.screen)
  const at = Math.min(page, pages.length)
  const count = people(found.length)
  if (pages.length === 1) return [...pages[0]!, palette.dim(`  ${count}`)]
  const more =
    word === "" ? `/list ${at + 1} shows more, /list WORD finds somebody` : `/list ${word} ${at + 1} shows more`
  const next = at < pages.length ? `; ${more}` : ""
  return [...pages[at - 1]!, palette.dim(`  ${count}, page ${at} of ${pages.length}${SafeText.line(next)}`)]
}

/**
 * The rows of each person, as the server claims: nickname, address and key below each other, or the key on a row of
 * its own where there is no room, as it is to be compared. Where we know better, it is said below.
 */
export const table = (
  all: ReadonlyArray<ListedPeer>,
  { me, palette, screen }: Looking
): ReadonlyArray<ReadonlyArray<string>> => {
  const shown = all.map((peer) => ({
    nick: SafeText.line(peer.nick, MAX_NICK),
    address: peer.address === "" ? HIDDEN : SafeText.line(peer.address, MAX_ADDRESS),
    fingerprint: SafeText.line(peer.fingerprint, MAX_KEY),
    notes: notes(peer, palette)
  }))
  const widest = (key: "nick" | "address", most: number) =>
    shown.reduce((widest, peer) => {
      const width = stringWidth(peer[key])
      return width <= most ? Math.max(widest, width) : widest
    }, 0)
  const [nicks, addresses] = [widest("nick", NICK), widest("address", ADDRESS)]
  return shown.map(({ address, fingerprint, nick, notes }) => {
    const key = nick === me ? "(you)" : fingerprint === "" ? "(no key: cannot be talked to)" : fingerprint
    const who = `  ${palette.nick(nick)}${pad(nick, nicks)}  ${address}`
    const row = `${who}${pad(address, addresses)}  ${palette.dim(key)}`
    const isWide = screen !== undefined && stringWidth(row) > screen.columns
    const below = [...(isWide ? [palette.dim(key)] : []), ...notes]
    return [isWide ? who : row, ...below.map((text) => `    ${text}`)]
  })
}

/** Pages that leave room for the count and for what is typed; nobody is on two of them. */
const paged = (
  all: ReadonlyArray<ReadonlyArray<string>>,
  screen: TerminalSize | undefined
): ReadonlyArray<ReadonlyArray<string>> => {
  if (screen === undefined) return [all.flat()]
  const pages: Array<Array<string>> = []
  let room = 0
  for (const rows of all) {
    const height = rows.reduce((sum, row) => sum + wrap(row, screen.columns).length, 0)
    if (pages.length === 0 || height > room) {
      pages.push([])
      room = screen.rows - BESIDE_PAGE
    }
    pages.at(-1)!.push(...rows)
    room -= height
  }
  return pages
}

const notes = ({ blocked, differsFrom, knownAs }: ListedPeer, palette: Palette): ReadonlyArray<string> => [
  ...(differsFrom === undefined
    ? []
    : [palette.warn(`NOT the key that you know under this name: ${SafeText.line(differsFrom, MAX_KEY)}`)]),
  ...(knownAs === undefined ? [] : [`this key is known to you as ${SafeText.line(knownAs, MAX_NICK)}`]),
  ...(blocked === undefined ? [] : ["blocked"])
]

const people = (count: number): string => `${count} ${count === 1 ? "person" : "people"}`

/** A text as people look for it, whether or not their keyboard has the accents. */
const folded = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()

const pad = (text: string, width: number): string => " ".repeat(Math.max(0, width - stringWidth(text)))

const alphabet = (): Intl.Collator => (made ??= new Intl.Collator(undefined, { numeric: true }))
let made: Intl.Collator | undefined

/** In the place of an address that its owner shows to nobody. */
const HIDDEN = "address hidden"
/** Cells of the columns: longer nicknames, and addresses of IPv6, push their own row out and nobody else's. */
const NICK = 16
const ADDRESS = 21
/** Characters. */
const MAX_ADDRESS = 64
const MAX_KEY = 64
/** Rows that a screen has beside a page: the count, how things are, and what is typed. */
const BESIDE_PAGE = 4
