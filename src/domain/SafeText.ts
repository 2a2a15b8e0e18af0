/**
 * The one sanitizer for text that others wrote: nicknames, messages, a server's greeting, its errors. Nothing remote
 * reaches a screen except through here (law 5: a peer cannot touch the terminal).
 *
 * The result holds no control (Cc), format (Cf: bidirectional overrides, tags, zero-width), line or paragraph
 * separator, surrogate, private-use or unassigned character, so that no terminal takes it for a command and its width
 * in cells is the sum of the widths of its graphemes. What is dropped changes the look only (joiners, variation
 * selectors, emoji skin tones: terminals disagree on their width); everything else that is unsafe leaves U+FFFD, so
 * that an attempt can be seen.
 */
export type SafeText = string & { readonly SafeText: unique symbol }

/**
 * One line of at most `maxLength` UTF-16 code units; line breaks and tabs become spaces. What is cut off leaves an
 * ellipsis.
 */
export const line = (text: string, maxLength: number = MAX_LINE): SafeText =>
  bounded(clean(text.slice(0, maxLength + SLACK).replace(/\r\n|[\r\n\u2028\u2029\u0085]/gu, " ")), maxLength)

/**
 * The lines of a text that may have several, each safe. At most `maxLines` lines, and `maxLength` UTF-16 code units in
 * all; what is cut off leaves a last line with an ellipsis. Never empty.
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

/** Text that this program wrote itself, for places that take both. The caller vouches for it. */
export const trusted = (text: string): SafeText => text as SafeText

/** Nicknames have 32 columns and messages of a server 512 characters; a longer line is somebody's flood. */
export const MAX_LINE = 1024
/** A message may have 64 KiB (protocol/ChatRecord `MAX_MESSAGE`), so a text never needs more code units. */
export const MAX_TEXT = 64 * 1024
/** As many as a scrollback of usual length holds; a message of 64 KiB of line breaks would push away all others. */
export const MAX_LINES = 500
/** Marks that pile up on one base climb over the lines above; four cover every living script. */
export const MAX_MARKS = 4

/** Characters beyond `maxLength` that are looked at, as cleaning may shorten a text. */
const SLACK = 64

/**
 * Joiners, variation selectors, fillers and skin tones: they change the look, and terminals disagree on their width.
 */
const DROPPED = /\u200C|\u200D|\u034F|\p{Variation_Selector}|\p{Emoji_Modifier}/gu
/** Default-ignorable covers the Hangul fillers, which are letters that look like nothing. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]/gu
const EXCESS_MARKS = new RegExp(`(\\p{M}{${MAX_MARKS}})\\p{M}+`, "gu")
/** A mark without a base would sit on whatever stands before the text. */
const LEADING_MARK = /^(?=\p{M})/u
const PLAIN = /^[\x20-\x7e]*$/

const clean = (text: string): SafeText => {
  if (PLAIN.test(text)) return text as SafeText
  return text
    .replace(/\t/gu, "    ")
    .replace(DROPPED, "")
    .replace(UNSAFE, "\uFFFD")
    .normalize("NFC")
    .replace(EXCESS_MARKS, "$1")
    .replace(LEADING_MARK, "\uFFFD") as SafeText
}

const bounded = (text: SafeText, maxLength: number): SafeText => {
  if (text.length <= maxLength) return text
  const cut = text.slice(0, maxLength - 1)
  // A pair cut in half would leave a surrogate.
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…` as SafeText
}
