/**
 * Whether a text names one of these, each as a word of its own, in whatever case: not as a part of another word, and
 * not within an address of the web or of a mailbox.
 */
export const mentions = (text: string, words: ReadonlyArray<string>): boolean => {
  const wanted = words.map(fold).filter((word) => word !== "")
  if (wanted.length === 0) return false
  const folded = fold(text.replace(ADDRESSES, " "))
  return wanted.some((word) => names(folded, word))
}

const names = (text: string, word: string): boolean => {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const [before, after] = [text.slice(0, at), text.slice(at + word.length)]
    if (!ENDS_IN_WORD.test(before) && !BEGINS_WITH_WORD.test(after)) return true
    if (UNSPACED.test(word) && isBoundary(text, at) && isBoundary(text, at + word.length)) return true
  }
  return false
}

/** Full case folding: upper case first, which makes SS of ß and one letter of both sigmas. */
const fold = (text: string): string => text.normalize("NFKC").toUpperCase().toLowerCase().replaceAll("ς", "σ")

/** Where scripts put no blanks between words, a dictionary knows where they end. */
const isBoundary = (text: string, at: number): boolean => {
  if (at === 0 || at === text.length) return true
  const from = Math.max(0, at - AROUND)
  const part = text.slice(from, at + AROUND)
  return (
    words()
      .segment(part)
      .containing(at - from)?.index ===
    at - from
  )
}

const words = (): Intl.Segmenter => (made ??= new Intl.Segmenter(undefined, { granularity: "word" }))
let made: Intl.Segmenter | undefined
/** UTF-16 code units on either side, from which the end of a word can be told. */
const AROUND = 32

const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u
/** Schemes and what follows them, hosts that begin with www, and mailboxes. */
const ADDRESSES = /\b[a-z][a-z0-9+.-]*:\/\/\S+|\bwww\.\S+|[^\s<>()@]+@[^\s<>()@]+\.\p{L}[^\s<>()@]*/giu
const ENDS_IN_WORD = /[\p{L}\p{M}\p{N}_]$/u
const BEGINS_WITH_WORD = /^[\p{L}\p{M}\p{N}_]/u
