import type { ListedPeer } from "../../core/client/PeerInfo.js"
import type { Palette } from "./Palette.js"
import * as Texts from "./Texts.js"

/** Which of those who are there are shown. */
export interface Wanted {
  /** What their nicknames have in them, in whatever case. */
  readonly word: string
  /** From 1. */
  readonly page: number
}

/** What stands behind `list`: a word, the number of a page, or both. */
export const parse = (argument: string): Wanted | undefined => {
  const [first = "", second, ...more] = argument === "" ? [] : argument.split(/\s+/)
  const isPage = (word: string | undefined): word is string => word !== undefined && /^[1-9]\d{0,5}$/.test(word)
  if (more.length > 0) return undefined
  if (second === undefined) return isPage(first) ? { word: "", page: Number(first) } : { word: first, page: 1 }
  return isPage(second) ? { word: first, page: Number(second) } : undefined
}

/** Those who are wanted, in the order of people's alphabet, a page of `rows` at a time, and how many there are. */
export const peers = (
  all: ReadonlyArray<ListedPeer>,
  { page, word }: Wanted,
  rows: number,
  { me, palette }: { readonly me: string | undefined; readonly palette: Palette }
): ReadonlyArray<string> => {
  const wanted = word.toLowerCase()
  const found = all
    .filter(({ nick }) => nick.toLowerCase().includes(wanted))
    .sort((one, other) => alphabet().compare(one.nick, other.nick))
  if (found.length === 0) return Texts.peers(found, me, palette)
  const pages = Math.ceil(found.length / rows)
  const at = Math.min(page, pages)
  const shown = Texts.peers(found.slice((at - 1) * rows, at * rows), me, palette)
  const people = `${found.length} ${found.length === 1 ? "person" : "people"}`
  if (pages === 1) return [...shown, palette.dim(`  ${people}`)]
  const next =
    at < pages ? `; /list ${word === "" ? "" : `${word} `}${at + 1} shows more, /list WORD those with it` : ""
  return [...shown, palette.dim(`  ${people}, page ${at} of ${pages}${next}`)]
}

const alphabet = (): Intl.Collator => (made ??= new Intl.Collator(undefined, { numeric: true }))
let made: Intl.Collator | undefined
