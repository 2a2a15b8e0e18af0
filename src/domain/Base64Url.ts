/** Base64url without padding (RFC 4648 §5): how keys, channels and signatures look in JSON and in names of peers. */
export const encode = (bytes: Uint8Array): string => {
  let text = ""
  let at = 0
  for (; at + 2 < bytes.length; at += 3) {
    const group = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
    text += PAIRS[group >> 12]! + PAIRS[group & 4095]!
  }
  if (at + 1 < bytes.length) {
    const group = (bytes[at]! << 8) | bytes[at + 1]!
    text += PAIRS[group >> 4]! + ALPHABET[(group << 2) & 63]!
  } else if (at < bytes.length) {
    text += PAIRS[bytes[at]! << 4]!
  }
  return text
}

/**
 * The inverse of `encode`; `undefined` for any other text. Padding, foreign characters and set bits behind the last
 * byte are refused, so that each byte string has exactly one text and texts can be compared in its place.
 */
export const decode = (text: string): Uint8Array | undefined => {
  if (text.length % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const value = VALUES[text.charCodeAt(i)]
    if (value === undefined) return undefined
    bits = (bits << 6) | value
    held += 6
    if (held >= 8) {
      held -= 8
      bytes[at++] = bits >> held
      bits &= (1 << held) - 1
    }
  }
  return bits === 0 ? bytes : undefined
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** The two characters of each group of 12 bits: half as many pieces to join take half of the time. */
const PAIRS: ReadonlyArray<string> = Array.from(
  { length: 4096 },
  (_, group) => ALPHABET[group >> 6]! + ALPHABET[group & 63]!
)

/** Value of each character by its code; `undefined` for all others. */
const VALUES: ReadonlyArray<number | undefined> = Array.from({ length: 128 }, (_, code) => {
  const value = ALPHABET.indexOf(String.fromCharCode(code))
  return value < 0 ? undefined : value
})
