/** Whether a text has this nickname in it as a word of its own, in whatever case. */
export const mentions = (text: string, nick: string): boolean => {
  const [folded, wanted] = [fold(text), fold(nick)]
  if (wanted === "") return false
  for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, at + 1))
    if (!ENDS_IN_WORD.test(folded.slice(0, at)) && !BEGINS_WITH_WORD.test(folded.slice(at + wanted.length))) return true
  return false
}

/** Full case folding: upper case first, which makes SS of ß and one letter of both sigmas. */
const fold = (text: string): string => text.normalize("NFKC").toUpperCase().toLowerCase().replaceAll("ς", "σ")

const ENDS_IN_WORD = /[\p{L}\p{M}\p{N}_]$/u
const BEGINS_WITH_WORD = /^[\p{L}\p{M}\p{N}_]/u
