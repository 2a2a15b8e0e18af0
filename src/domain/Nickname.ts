import * as Either from "effect/Either"
import stringWidth from "string-width"
import { signOf } from "./NicknameSigns.js"
import { skeleton } from "./Skeleton.js"

/**
 * A valid nickname: 1 to 32 terminal columns, at most 128 bytes of UTF-8, without anything that could hide, reorder or
 * imitate: neither another nickname nor what the program itself says (`NicknameSigns`).
 *
 * Two nicknames name the same person exactly when their `key` is the same. A server gives no nickname away that has the
 * key *or* the `lookalike` of one in use. Both are needed, because being the same but for case and looking the same do
 * not chain: `Ian` is `ian`, and `Ian` looks like `lan`, yet `ian` and `lan` are two names.
 *
 * @since 0.1.0
 */
export interface Nickname {
  /** As typed, in NFC: what is displayed. */
  readonly text: string
  /** The key under which the nickname is looked up and pinned. At most `MAX_KEY` characters. */
  readonly key: string
  /**
   * Equal for nicknames that look the same as they are written, apart from case: `AIice` (with a capital i) and
   * `alice`, `vvillow` and `willow`, `day` and `clay`.
   */
  readonly lookalike: string
}

/**
 * Columns of a nickname on a terminal, at most.
 *
 * @since 0.1.0
 */
export const MAX_COLUMNS = 32
/**
 * Bytes of a nickname in UTF-8, at most.
 *
 * @since 0.1.0
 */
export const MAX_BYTES = 128
/**
 * UTF-16 code units of a nickname on a screen: each takes a byte at least, so no nickname has more.
 *
 * @since 0.1.0
 */
export const MAX_NICK = MAX_BYTES
/**
 * Bytes of a nickname in a file: a wide margin, for the rules of other versions.
 *
 * @since 0.1.0
 */
export const MAX_STORED_BYTES = 4 * MAX_BYTES
/**
 * Characters of a key. NFKC makes some texts 18 times as long, but the key of an honest name is far shorter than this.
 *
 * @since 0.1.0
 */
export const MAX_KEY = 256

/**
 * The nickname of this text, or a reason for people why there is none ("…"), to be read after "the nickname".
 *
 * @since 0.1.0
 */
export const parse = (raw: string): Either.Either<Nickname, string> => {
  if (raw.length === 0) return Either.left("is empty")
  // Refused before any work on the text: 128 bytes of UTF-8 hold no more characters, and NFC makes few texts shorter
  // than a third.
  if (raw.length > 3 * MAX_BYTES) return Either.left(TOO_LONG)
  if (PLAIN.test(raw)) return raw.length > MAX_COLUMNS ? Either.left(TOO_LONG) : unlessMisread(ofPlain(raw))
  const text = raw.normalize("NFC")
  const fault = faultOf(text)
  if (fault !== undefined) return Either.left(fault)
  const nickname = of(text)
  return nickname.key.length > MAX_KEY ? Either.left(TOO_LONG) : unlessMisread(nickname)
}

const unlessMisread = (nickname: Nickname): Either.Either<Nickname, string> => {
  const misread = wordFault(nickname)
  return misread === undefined ? Either.right(nickname) : Either.left(misread)
}

/**
 * The key by which nicknames are compared: the UTS 39 skeleton of their case-folded NFKC form, again without case.
 * Every text has one, valid nickname or not; a text that is longer than a nickname can be is its own key.
 * `key(key(text))` is `key(text)`.
 *
 * @since 0.1.0
 */
export const key = (text: string): string => {
  if (text.length > 3 * MAX_BYTES) return text
  if (PLAIN.test(text)) return plainKey(text)
  // A stranger may send any text, and the steps that follow make some texts 18 times as long.
  const composed = text.normalize("NFC")
  return utf8Length(composed) > MAX_BYTES ? composed : keyOf(composed)
}

/**
 * Up to `SUGGESTIONS` valid nicknames near `wanted` that are not `taken`; always the same for the same answers. A
 * popular name may have none.
 *
 * @since 0.1.0
 */
export const suggest = (wanted: Nickname, taken: (candidate: Nickname) => boolean): ReadonlyArray<string> => {
  const found: Array<string> = []
  const shortened = shorten(wanted.text)
  let near = of("")
  for (const suffix of SUFFIXES) {
    const begin = shortened[suffix.length]!
    // A text of many scripts takes a tenth of a millisecond, and most suffixes stand behind the same one.
    if (near.text !== begin) near = of(begin)
    // It is valid by construction: a part of what is valid, with room for plain letters behind it, which stand for
    // themselves and read as nothing else together with what is before them.
    const { key, lookalike } = near
    const candidate = { text: begin + suffix, key: key + suffix, lookalike: lookalike + suffix }
    if (candidate.key.length > MAX_KEY || taken(candidate)) continue
    found.push(candidate.text)
    if (found.length === SUGGESTIONS) break
  }
  return found
}

/**
 * Free nicknames that are suggested in place of a taken one, at most.
 *
 * @since 0.1.0
 */
export const SUGGESTIONS = 3

const faultOf = (text: string): string | undefined => {
  if (PLAIN.test(text)) return text.length > MAX_COLUMNS ? TOO_LONG : undefined
  if (/^[-/{]/.test(text)) return `must not begin with "${text[0]}", which begins a command`
  if (FORBIDDEN.test(text)) return "must not contain spaces, invisible, private-use or unassigned characters"
  if (/^\p{M}/u.test(text)) return "must not begin with a combining mark"
  if (MARK_PILE.test(text)) return "has too many combining marks on one letter"
  const columns = stringWidth(text)
  if (columns === 0) return "is invisible"
  if (columns > MAX_COLUMNS || utf8Length(text) > MAX_BYTES) return TOO_LONG
  return signOf(text)
}

/** What is wrong with a nickname as a whole: it is read as something else. */
const wordFault = ({ key, lookalike }: Nickname): string | undefined => {
  if (FINGERPRINT.test(key)) return "must not look like a fingerprint"
  reserved ??= new Set(RESERVED.map(of).flatMap((word) => [word.key, word.lookalike]))
  if (!reserved.has(key) && !reserved.has(lookalike)) return undefined
  return "is, or looks like, a word that this program uses for somebody else"
}

/** What the program calls the person before it, everybody and nobody, and what people call whoever runs a server. */
const RESERVED = [
  "you",
  "me",
  "myself",
  "everybody",
  "everyone",
  "nobody",
  "others",
  "all",
  "root",
  "admin",
  "administrator",
  "operator",
  "moderator"
]
let reserved: ReadonlySet<string> | undefined

/** As digits of a fingerprint, a key of a nickname writes them: `0` is an `o`, `1` an `l`. */
const FINGERPRINT = /^(?:[2-9ol]{5}[_.-]?){6}$/

/** The nickname of a text in NFC that may be one. */
const of = (text: string): Nickname =>
  PLAIN.test(text)
    ? ofPlain(text)
    : { text, key: keyOf(text), lookalike: keyOf(readAlike(skeleton(withoutTrifles(text.normalize("NFKC"))))) }

/** Letters beside each other that read as another one, made the same: `vv` and `w`, `cl` and `d`, `ii` and `ll`. */
const readAlike = (text: string): string => text.replace(READ_ALIKE, (found) => READ_AS[found]!)

const READ_AS: Readonly<Record<string, string>> = { w: "vv", W: "VV", d: "cl", ii: "ll" }
const READ_ALIKE = /[wWd]|ii/g

/**
 * Leaves out what nobody looks for on a letter: marks that no alphabet has on it (an alphabet's own are one character
 * with it after NFKC), a line below it, and apostrophes of all kinds.
 */
const withoutTrifles = (text: string): string =>
  text.replace(UNDERLINED, (letter) => letter.normalize("NFD").replaceAll("\u0331", "")).replace(TRIFLES, "")

const UNDERLINED = /[ḆḇḎḏḴḵḺḻṈṉṞṟṮṯẔẕẖ]/g

const TRIFLES = /(?<=[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Common}]\p{M}{0,3})\p{M}|['\u2019\u02B9-\u02BF]/gu

const TOO_LONG = `is longer than ${MAX_COLUMNS} columns or ${MAX_BYTES} bytes`

/** The common case: letters and digits, and what people put between them. */
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/

/**
 * C: controls, formats (bidi, zero-width), surrogates, private use, unassigned. Z: all spaces and separators. Default
 * ignorable: variation selectors, fillers and other characters that show nothing. U+2800 looks like a space, but
 * Unicode calls it a symbol.
 */
const FORBIDDEN = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u

/**
 * Four combining marks in a row: no living orthography needs more than three after NFC, and more of them reach into the
 * lines above and below.
 */
const MARK_PILE = /\p{M}{4}/u

/**
 * Full case folding. Upper case comes first: it makes SS of ß, and one letter of both lower-case sigmas, which
 * `toLowerCase` alone keeps apart at the end of a word.
 */
const fold = (text: string): string =>
  text.normalize("NFKC").toUpperCase().toLowerCase().replaceAll("ς", "σ").normalize("NFKC")

/**
 * Repeats skeleton and folding until nothing changes, since folding a prototype may give a confusable again. Stops when
 * the text has become longer than any key is.
 */
const keyOf = (text: string): string => {
  let current = fold(text)
  for (let round = 0; round < MAX_ROUNDS && current.length <= MAX_KEY; round++) {
    const next = fold(skeleton(current))
    if (next === current) break
    current = next
  }
  return current
}

/**
 * Chains in the data end after two rounds; the bound keeps a slip in a later version of it from being an endless loop.
 */
const MAX_ROUNDS = 6

/** The same for `PLAIN` text, character by character; a test holds the two together. */
const ofPlain = (text: string): Nickname => ({
  text,
  key: plainKey(text),
  lookalike: spelled(text.includes("ii") ? text.replaceAll("ii", "ll") : text, PLAIN_ALIKE)
})

const plainKey = (text: string): string => spelled(text, PLAIN_KEYS)

const spelled = (text: string, spelling: ReadonlyArray<string>): string => {
  let result = ""
  for (let at = 0; at < text.length; at++) result += spelling[text.charCodeAt(at)]!
  return result
}

/** What each character of `PLAIN` text is in a key. */
const PLAIN_KEYS = Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  return char === "0" ? "o" : char === "1" ? "l" : char === "m" || char === "M" ? "rn" : char.toLowerCase()
})

const CAPITAL_I = 0x49

/** And in what it looks like. */
const PLAIN_ALIKE = Array.from({ length: 128 }, (_, code) =>
  code === CAPITAL_I ? "l" : plainKey(readAlike(String.fromCharCode(code)))
)

/**
 * First come characters that look like no letter, then longer suffixes, so that a popular name finds a free neighbour.
 * There are few, because any client may ask. All are characters that `key` and `lookalike` leave as they are.
 */
const SUFFIXES: ReadonlyArray<string> = ["2", "_", "3", "4", "5", "27", "58", "934"]
const LONGEST_SUFFIX = 3

/** The nickname cut so that it leaves room for a suffix of no, one, two and three characters. */
const shorten = (text: string): ReadonlyArray<string> => {
  const characters = [...text]
  let columns = PLAIN.test(text) ? text.length : stringWidth(text)
  let bytes = utf8Length(text)
  const shortened: Array<string> = []
  for (let suffix = 0; suffix <= LONGEST_SUFFIX; suffix++) {
    while (characters.length > 0 && (columns + suffix > MAX_COLUMNS || bytes + suffix > MAX_BYTES)) {
      bytes -= utf8Length(characters.pop()!)
      columns = stringWidth(characters.join(""))
    }
    shortened.push(characters.join(""))
  }
  return shortened
}

const utf8Length = (text: string): number => {
  let length = 0
  for (const char of text) {
    const code = char.codePointAt(0)!
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return length
}
