import stringWidth from "string-width"
import type { ListedPeer } from "../../core/client/PeerInfo.js"
import { nameUnits, Slice, type Sliced, sorted } from "../../core/support/Slices.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type { TerminalSize } from "../../services/Terminal.js"
import * as Palette from "./Palette.js"
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
  readonly palette: Palette.Palette
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

/**
 * Those who are wanted, in the order of people's alphabet, as many as fit on a screen, and how many there are. Of ten
 * thousand the page that is shown is laid out, of the others no more than how high they are.
 */
export function* peers(
  all: ReadonlyArray<ListedPeer>,
  { page, word }: Wanted,
  looking: Looking,
  slice = new Slice()
): Sliced<ReadonlyArray<string>> {
  const { palette } = looking
  const wanted = folded(word)
  const named: Array<ListedPeer> = []
  for (const peer of all) {
    if (slice.spend(nameUnits(peer.nick))) yield
    if (folded(peer.nick).includes(wanted)) named.push(peer)
  }
  const found = yield* sorted(named, (one, other) => alphabet().compare(one.nick, other.nick), COMPARED, slice)
  if (found.length === 0) {
    const there = all.length === 0 ? "nobody is there" : `of ${people(all.length)} nobody has that in their nickname`
    return [palette.dim(there)]
  }
  const columns = new Columns()
  for (const peer of found) {
    if (slice.spend(LAID_OUT + nameUnits(peer.nick))) yield
    columns.fit(textsOf(peer))
  }
  const pages = yield* paged(found, columns, looking, slice)
  const at = Math.min(page, pages.length)
  const shown: Array<string> = []
  for (const peer of found.slice(pages[at - 1], pages[at])) {
    if (slice.spend(LAID_OUT + nameUnits(peer.nick))) yield
    shown.push(...rowsOf(peer, columns, looking))
  }
  const count = people(found.length)
  if (pages.length === 1) return [...shown, palette.dim(`  ${count}`)]
  const more =
    word === "" ? `/list ${at + 1} shows more, /list WORD finds somebody` : `/list ${word} ${at + 1} shows more`
  const next = at < pages.length ? `; ${more}` : ""
  return [...shown, palette.dim(`  ${count}, page ${at} of ${pages.length}${SafeText.line(next)}`)]
}

/**
 * The rows of each person, as the server claims: nickname, address and key below each other, or the key on a row of
 * its own where there is no room, as it is to be compared. Where we know better, it is said below.
 */
export const table = (all: ReadonlyArray<ListedPeer>, looking: Looking): ReadonlyArray<ReadonlyArray<string>> => {
  const columns = new Columns()
  for (const peer of all) columns.fit(textsOf(peer))
  return all.map((peer) => rowsOf(peer, columns, looking))
}

interface Texts {
  readonly nick: string
  readonly address: string
}

const textsOf = ({ address, nick }: ListedPeer): Texts => ({
  nick: SafeText.line(nick, MAX_NICK),
  address: address === "" ? HIDDEN : SafeText.line(address, MAX_ADDRESS)
})

/** As wide as what is in them, as far as that is of a usual width. */
class Columns {
  nick = 0
  address = 0

  fit({ address, nick }: Texts): void {
    this.nick = wider(this.nick, nick, NICK)
    this.address = wider(this.address, address, ADDRESS)
  }
}

const wider = (before: number, text: string, most: number): number => {
  const width = widthOf(text)
  return width <= most ? Math.max(before, width) : before
}

const rowsOf = (peer: ListedPeer, columns: Columns, { me, palette, screen }: Looking): ReadonlyArray<string> => {
  const { address, nick } = textsOf(peer)
  const fingerprint = SafeText.line(peer.fingerprint, MAX_KEY)
  const key = nick === me ? "(you)" : fingerprint === "" ? "(no key: cannot be talked to)" : fingerprint
  const who = `  ${palette.nick(nick)}${pad(nick, columns.nick)}  ${address}`
  const row = `${who}${pad(address, columns.address)}  ${palette.dim(key)}`
  const isWide = screen !== undefined && widthOf(row) > screen.columns
  const below = [...(isWide ? [palette.dim(key)] : []), ...notes(peer, palette)]
  return [isWide ? who : row, ...below.map((text) => `    ${text}`)]
}

/** Where pages begin that leave room for the count and for what is typed; nobody is on two of them. */
function* paged(
  found: ReadonlyArray<ListedPeer>,
  columns: Columns,
  { me, screen }: Looking,
  slice: Slice
): Sliced<ReadonlyArray<number>> {
  const pages = [0]
  if (screen === undefined) return pages
  let room = screen.rows - BESIDE_PAGE
  for (const [index, peer] of found.entries()) {
    if (slice.spend(LAID_OUT + nameUnits(peer.nick))) yield
    // Colours take no room, and time.
    const rows = rowsOf(peer, columns, { me, palette: COLOURLESS, screen })
    const height = rows.reduce((sum, row) => sum + heightOf(row, screen), 0)
    if (height > room && pages.at(-1) !== index) {
      pages.push(index)
      room = screen.rows - BESIDE_PAGE
    }
    room -= height
  }
  return pages
}

const heightOf = (row: string, { columns }: TerminalSize): number =>
  widthOf(row) <= columns ? 1 : wrap(row, columns).length

const notes = ({ blocked, differsFrom, knownAs }: ListedPeer, palette: Palette.Palette): ReadonlyArray<string> => [
  ...(differsFrom === undefined
    ? []
    : [palette.warn(`NOT the key that you know under this name: ${SafeText.line(differsFrom, MAX_KEY)}`)]),
  ...(knownAs === undefined ? [] : [`this key is known to you as ${SafeText.line(knownAs, MAX_NICK)}`]),
  ...(blocked === undefined ? [] : ["blocked"])
]

const people = (count: number): string => `${count} ${count === 1 ? "person" : "people"}`

/** A text as people look for it, whether or not their keyboard has the accents. */
const folded = (text: string): string =>
  PLAIN.test(text) ? text.toLowerCase() : text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()

const pad = (text: string, width: number): string => " ".repeat(Math.max(0, width - widthOf(text)))

/** Every character of an ASCII text has one cell. */
const widthOf = (text: string): number => (PLAIN.test(text) ? text.length : stringWidth(text))

const alphabet = (): Intl.Collator => (made ??= new Intl.Collator(undefined, { numeric: true }))
let made: Intl.Collator | undefined

const PLAIN = /^[ -~]*$/
const COLOURLESS = Palette.make(false)
/** Units of work (core/support/Slices): to compare two nicknames, and to lay out one person, besides the nickname. */
const COMPARED = 1
const LAID_OUT = 4
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
