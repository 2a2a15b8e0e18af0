import * as SafeText from "./SafeText.js"

/**
 * One safe segment of a path, made of whatever somebody else calls a file. On every usual system it names a file in the
 * folder that it is joined to and nowhere else, is visible, and shows as what it is.
 *
 * It holds no separator, no character that Windows reserves, nothing that `SafeText` takes out (control, format and
 * bidirectional characters), does not begin with a dot or space nor end with one, is no device of Windows, and has 1 to
 * `MAX_BYTES` bytes of UTF-8 in NFC. `make` leaves a safe name as it is.
 */
export type FileName = string & { readonly FileName: unique symbol }

/**
 * The safe name nearest to `text`. What is replaced leaves `_`; what is too long loses the end of its stem, never its
 * extension.
 */
export const make = (text: string): FileName => safe(text, LEADING)

/**
 * The same for what lies in a folder that was sent whole: there a name may begin with one dot, so that `.gitignore`
 * stays what it is.
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
 * `name (2).txt` for the number 2: what is tried when something has the name already. `number` is a whole number from 2
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

/** The text without most of its middle when it is very long: beginning and extension are what counts. */
const ends = (text: string): string =>
  text.length <= MAX_LOOKED_AT ? text : text.slice(0, MAX_LOOKED_AT / 2) + text.slice(-MAX_LOOKED_AT / 2)

const bytes = (text: string): number => encoder.encode(text).length

const encoder = new TextEncoder()
/** Where a stem is encoded to see how much of it fits. */
const scratch = new Uint8Array(MAX_BYTES)
const LEADING = /^[. ]+/u
const LEADING_BUT_ONE_DOT = /^(?!\.[^. ])[. ]+/u
/**
 * Code units that are looked at: more than any system has in a name, so that only floods are cut here. A tab becomes
 * four.
 */
const MAX_LOOKED_AT = 1024
/**
 * Separators, what Windows reserves (the colon opens a stream of NTFS), and what `SafeText` puts in the place of unsafe
 * characters.
 */
const REPLACED = /[/\\<>:"|?*\uFFFD]/gu
/** The devices of Windows, which it finds in every folder and with every extension. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/iu
/**
 * What tells a program what is inside: the part after the last dot, with `.tar` before it. A longer one is a sentence.
 */
const EXTENSION = /(?<=[^.])(?:\.tar)?\.[^. ]{1,16}$/iu
