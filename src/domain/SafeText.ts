/**
 * The one sanitizer for text that others wrote: nicknames, messages, a server's greeting, its errors. No text from
 * elsewhere reaches a screen except through here (law 5: a peer cannot touch the terminal).
 *
 * The result holds no control (Cc), format (Cf: bidirectional overrides, zero-width), line or paragraph separator,
 * surrogate, private-use or unassigned character, so that no terminal takes it for a command and its width in cells is
 * the sum of the widths of its graphemes. Joiners, variation selectors, tags and skin tones stay where they are part of
 * a word or of an emoji: within an emoji that is recommended for interchange (UTS 51 ED-27, RGI), and where Persian,
 * Indic and their kin need them (UAX 31 §2.3.1). Elsewhere they are dropped, as they would change the look only;
 * everything else that is unsafe leaves U+FFFD, so that an attempt can be seen.
 *
 * @since 0.1.0
 */
export type SafeText = string & { readonly SafeText: unique symbol }

/**
 * One line of at most `maxLength` UTF-16 code units; line breaks and tabs become spaces. A text that is cut ends in an
 * ellipsis.
 *
 * @since 0.1.0
 */
export const line = (text: string, maxLength: number = MAX_LINE): SafeText =>
  bounded(clean(text.slice(0, maxLength + SLACK).replace(/\r\n|[\r\n\u2028\u2029\u0085]/gu, " ")), maxLength)

/**
 * The lines of a text that may have several, each safe. At most `maxLines` lines, and `maxLength` UTF-16 code units in
 * all; when something is cut off, an ellipsis is the last line. There is always at least one line.
 *
 * @since 0.1.0
 */
export const lines = (
  text: string,
  { maxLines = MAX_LINES, maxLength = MAX_TEXT }: { readonly maxLines?: number; readonly maxLength?: number } = {}
): ReadonlyArray<SafeText> => {
  const whole = text.length <= maxLength
  const parts = text.slice(0, maxLength).split(/\r\n|[\r\n\u2028\u2029\u0085]/u, maxLines + 1)
  const out = parts.slice(0, maxLines).map(clean)
  if (!whole || parts.length > maxLines) out.push("…" as SafeText)
  return out
}

/**
 * Text that this program wrote itself, for places that take both. The caller vouches for it.
 *
 * @since 0.1.0
 */
export const trusted = (text: string): SafeText => text as SafeText

/**
 * Nicknames have 32 columns and messages of a server 512 characters, so a longer line is a flood.
 *
 * @since 0.1.0
 */
export const MAX_LINE = 1024
/**
 * A message may have 64 KiB (protocol/ChatRecord `MAX_MESSAGE`), so a text never needs more code units.
 *
 * @since 0.1.0
 */
export const MAX_TEXT = 64 * 1024
/**
 * Lines of one text: as many as a scrollback of usual length holds. A message of 64 KiB of line breaks would push away
 * all others.
 *
 * @since 0.1.0
 */
export const MAX_LINES = 500
/**
 * Marks on one base: more of them climb over the lines above, and four are enough for every living script.
 *
 * @since 0.1.0
 */
export const MAX_MARKS = 4

/** Characters beyond `maxLength` that are looked at, as cleaning may shorten a text. */
const SLACK = 64

/** Joiners, variation selectors, fillers and skin tones, which only change the look of what stands before them. */
const DROPPED = /\u200C|\u200D|\u034F|\p{Variation_Selector}|\p{Emoji_Modifier}/gu
/** Whether there is anything that `belonging` could keep. The last one ends the tags of a flag. */
const HAS_JOINERS = new RegExp(`${DROPPED.source}|\\u{E007F}`, "u")
/** Scripts whose letters join, which a non-joiner keeps apart (Persian plurals, say). */
const CURSIVE = String.raw`[\p{L}&&[\p{scx=Arab}\p{scx=Syrc}\p{scx=Mong}\p{scx=Nkoo}\p{scx=Mand}\p{scx=Rohg}]]`
/** What makes a syllable's consonant a half form, and a joiner or non-joiner chooses between forms. */
const VIRAMA = String.raw`[\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D4D\u0DCA]`
const MARK = String.raw`[\p{M}--[\u034F\p{Variation_Selector}]]`
const LETTER_FOLLOWS = String.raw`(?=${MARK}{0,${MAX_MARKS}}\p{L})`
/**
 * Where joiners belong: in an emoji; a non-joiner between two letters of a cursive script (UAX 31 A1, the script
 * standing for the joining type); a joiner or non-joiner behind a virama that `MAX_MARKS` leaves there (A2 and B).
 */
const belonging = (): RegExp => (madeBelonging ??= new RegExp(BELONGING, "gv"))
/** All emoji take V8 as long as a tenth of a start, and most texts have none of this. */
let madeBelonging: RegExp | undefined
const BELONGING = [
  // A skin tone alone is an emoji too, but a terminal would draw it as part of the one before.
  String.raw`(?!\p{Emoji_Modifier})\p{RGI_Emoji}`,
  // The lookbehind comes after the joiner, so that a text of nothing but marks is gone through only once.
  String.raw`\u200C(?<=${CURSIVE}${MARK}{0,${MAX_MARKS}}\u200C)(?=${MARK}{0,${MAX_MARKS}}${CURSIVE})`,
  String.raw`[\u200C\u200D](?<=\p{L}${MARK}{0,${MAX_MARKS - 1}}${VIRAMA}.)(?:(?<=\u200D)|${LETTER_FOLLOWS})`
].join("|")
/** Default-ignorable covers the Hangul fillers, which are letters that look like nothing. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]/gu
const EXCESS_MARKS = new RegExp(`(\\p{M}{${MAX_MARKS}})\\p{M}+`, "gu")
/** A mark without a base would sit on the character that stands before the text on the screen. */
const LEADING_MARK = /^(?=\p{M})/u
const PLAIN = /^[\x20-\x7e]*$/

const clean = (text: string): SafeText => {
  if (PLAIN.test(text)) return text as SafeText
  const normal = text.normalize("NFC")
  const safe = HAS_JOINERS.test(normal) ? between(normal, belonging(), withoutUnsafe) : withoutUnsafe(normal)
  return safe.normalize("NFC").replace(EXCESS_MARKS, "$1").replace(LEADING_MARK, "\uFFFD") as SafeText
}

const withoutUnsafe = (text: string): string =>
  text.replace(/\t/gu, "    ").replace(DROPPED, "").replace(UNSAFE, "\uFFFD")

/** `change` applied to all that no match of `kept` covers. */
const between = (text: string, kept: RegExp, change: (part: string) => string): string => {
  let out = ""
  let end = 0
  for (const match of text.matchAll(kept)) {
    out += change(text.slice(end, match.index)) + match[0]
    end = match.index + match[0].length
  }
  return out + change(text.slice(end))
}

const bounded = (text: SafeText, maxLength: number): SafeText => {
  if (text.length <= maxLength) return text
  const cut = text.slice(0, maxLength - 1)
  // The cut may have left half of a surrogate pair, or the joiner of an emoji that was cut in half.
  return `${clean(/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut)}…` as SafeText
}
