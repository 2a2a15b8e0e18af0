/**
 * What a nickname may be made of, so that none passes for something that this program writes: its remarks (`*`), the
 * line of somebody else (`bob:`, `alice → bob`), a mark behind a name (`(you)`, `✓`, `…`), a list, a path or a prompt.
 *
 * Letters, marks and numbers of all scripts, and what UAX 31 (§2.4, table 3a) has between them: hyphen, full stop,
 * apostrophe, middle dot and their kin; and emoji (UTS 51) that are no signs. All punctuation and symbols beside these
 * are out, and so are letters and marks that are not what they look like.
 */

/** Why a text in NFC cannot be a nickname, to be read after "the nickname"; `undefined` when it can. */
export const signOf = (text: string): string | undefined => {
  if (!MADE_OF.test(text) && !withEmoji().madeOf.test(text))
    return "must consist of letters, numbers, emoji and the signs _ - . ' between them"
  if (!STARTS.test(text) && !withEmoji().starts.test(text)) return "must begin with a letter, a number or an emoji"
  if (LOOSE_END.test(text)) return "must not end in a dot or an apostrophe"
  if (FOREIGN_MARK.test(text)) return "has a mark on a letter that does not take it"
  if (DECORATED.test(text)) return "has lines or circles through or under its letters"
  if (COLON.test(text)) return "has a letter that looks like a colon"
  return undefined
}

/** Emoji that say yes, no or look here, arrows, and plain shapes: they read as a mark that the program set. */
const SIGNS = String.raw`[\u2705\u274C\u274E\u2753-\u2757\u2795-\u2797\u27B0\u27BF\u23E9-\u23F3\u26D4\u2B1B\u2B1C\u2B55\u{1F170}-\u{1F1AD}\u{1F200}-\u{1F265}\u{1F195}\u{1F4AF}\u{1F4DB}\u{1F500}-\u{1F53D}\u{1F6AB}\u{1F6D1}\u{1F7E0}-\u{1F7F0}]`
const EMOJI = String.raw`(?!${SIGNS})\p{RGI_Emoji}`
/** Hyphens, stops, apostrophes and dots of Latin, Catalan, Armenian, Hebrew, Tibetan and Japanese names. */
const BETWEEN = String.raw`[_.\-'’·\u058A\u05F3\u05F4\u0F0B\u2010\u30A0\u30FB]`
/** Modifier letters that are signs of stress and tone, and stand free. */
const FREE = String.raw`[\u02C6-\u02D1\u02EC\uA717-\uA71F\uA788]`
const LETTER = String.raw`[[\p{L}\p{M}\p{N}]--${FREE}]`

const MADE_OF = new RegExp(`^(?:${LETTER}|${BETWEEN})+$`, "v")
const STARTS = /^[\p{L}\p{N}_]/u
/** The same for those that have emoji, which take V8 as long as a tenth of a start. */
const withEmoji = (): { readonly madeOf: RegExp; readonly starts: RegExp } =>
  (made ??= {
    madeOf: new RegExp(`^(?:${LETTER}|${BETWEEN}|${EMOJI})+$`, "v"),
    starts: new RegExp(`^${EMOJI}`, "v")
  })
let made: { readonly madeOf: RegExp; readonly starts: RegExp } | undefined
const LOOSE_END = /['’·\u058A\u2010\u30A0\u30FB]$/
const ALPHABET = String.raw`\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Common}`
/** A mark of another script on a letter of an alphabet, a number or an emoji: a visarga makes a colon of it. */
const FOREIGN_MARK = new RegExp(String.raw`[[${ALPHABET}]--\p{M}]\p{M}{0,3}[\p{M}--[${ALPHABET}\p{sc=Inherited}]]`, "v")
/** Marks that enclose, strike out, underline or overline, and those for symbols: no alphabet has them on a letter. */
const DECORATIONS = String.raw`[\p{Me}\u0305\u0332-\u0338\u033F\u0346-\u034E\u0353-\u0362\u1AB0-\u1ADD\u20D0-\u20F0\uFE20-\uFE2F]`
const DECORATED = new RegExp(DECORATIONS, "u")
/** A letter of Lisu, where it follows none of them. */
const COLON = /(?<!\p{sc=Lisu})\uA4FD/u
