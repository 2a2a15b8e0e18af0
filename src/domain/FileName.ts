import * as SafeText from "./SafeText.js"

/**
 * One safe segment of a path, made from the name that another person gives a file. On every usual system it names a
 * file in the folder that it is joined to and nowhere else, it is visible, and it looks like what it is.
 *
 * It holds no separator, no character that Windows reserves, nothing that `SafeText` takes out (control, format and
 * bidirectional characters), does not begin with a dot or space nor end with one, is no device of Windows, and has 1 to
 * `MAX_BYTES` bytes of UTF-8 in NFC. `make` leaves a safe name as it is.
 *
 * @since 0.1.0
 */
export type FileName = string & { readonly FileName: unique symbol }

/**
 * The safe name nearest to `text`. Each unsafe character becomes `_`. A name that is too long loses the end of its
 * stem, never its extension.
 */
export const make = (text: string): FileName => safe(text, LEADING)

/**
 * The same for a file inside of a folder that is sent whole. There a name may begin with one dot, so that `.gitignore`
 * keeps its name.
 */
export const inFolder = (text: string): FileName => safe(text, LEADING_BUT_ONE_DOT)

const safe = (text: string, leading: RegExp): FileName => {
  const plain = SafeText.line(ends(text), 4 * MAX_LOOKED_AT)
    .replace(/\p{Zs}/gu, " ")
    .replace(REPLACED, "_")
    .replace(/[. ]+$/u, (end, at: number) => (at === 0 ? end : ""))
    .replace(leading, "_")
  const name = plain === "" ? "_" : plain
  return bounded(DEVICE.test(name) ? `_${name}` : name, "")
}

/**
 * `name (2).txt` for the number 2: the name to try when `name.txt` exists already. `number` is a whole number from 2
 * on.
 */
export const numbered = (name: FileName, number: number): FileName => bounded(name, ` (${number})`)

/** Names with the same key may be one file on a system that ignores case or the form of characters. Not for display. */
export const key = (name: string): string => name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFC")

/** Bytes of UTF-8 in one name: what ext4, APFS, NTFS and most others take. */
export const MAX_BYTES = 255

/** `stem`, `suffix` and extension, the stem cut where they are too long together. */
const bounded = (name: string, suffix: string): FileName => {
  const extension = EXTENSION.exec(name)?.[0] ?? ""
  let stem = name.slice(0, name.length - extension.length)
  const room = MAX_BYTES - bytes(suffix + extension)
  const { read } = encoder.encodeInto(stem, scratch.subarray(0, room))
  // An emoji cut in half would leave its joiner.
  if (read < stem.length) stem = SafeText.line(stem.slice(0, read), MAX_LOOKED_AT).replace(/[. ]+$/u, "")
  return `${stem}${suffix}${extension}` as FileName
}

/** The text, without most of its middle when it is very long: only its beginning and its extension matter. */
const ends = (text: string): string =>
  text.length <= MAX_LOOKED_AT ? text : text.slice(0, MAX_LOOKED_AT / 2) + text.slice(-MAX_LOOKED_AT / 2)

const bytes = (text: string): number => encoder.encode(text).length

const encoder = new TextEncoder()
/** Memory into which a stem is encoded to see how much of it fits. */
const scratch = new Uint8Array(MAX_BYTES)
const LEADING = /^[. ]+/u
const LEADING_BUT_ONE_DOT = /^(?!\.[^. ])[. ]+/u
/**
 * Code units that are looked at: more than a name has on any system, so that only a flood is cut here. A tab becomes
 * four spaces.
 */
const MAX_LOOKED_AT = 1024
/**
 * Separators, the characters that Windows reserves (the colon opens a stream of NTFS), and the one that `SafeText` puts
 * in the place of unsafe ones.
 */
const REPLACED = /[/\\<>:"|?*\uFFFD]/gu
/** The devices of Windows, which it finds in every folder and with every extension. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/iu
/**
 * The part after the last dot, with `.tar` before it, which tells programs what is inside. A longer part is not an
 * extension but the end of a sentence.
 */
const EXTENSION = /(?<=[^.])(?:\.tar)?\.[^. ]{1,16}$/iu
