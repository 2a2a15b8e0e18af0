/** Base64url without padding (RFC 4648 §5): how keys, channels and signatures look in JSON and in names of peers. */
export const encode = (bytes: Uint8Array): string => {
  if (bytes.length <= PIECE) return encodePiece(bytes)
  let text = ""
  for (let at = 0; at < bytes.length; at += PIECE) text += encodePiece(bytes.subarray(at, at + PIECE))
  return text
}

/** All characters become a text at once, which takes half as long as joining them one by one. */
const encodePiece = (bytes: Uint8Array): string => {
  const { length } = bytes
  const codes: Array<number> = new Array(Math.ceil((length * 4) / 3))
  let to = 0
  let at = 0
  for (; at + 2 < length; at += 3) {
    const group = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
    codes[to++] = CODES[group >> 18]!
    codes[to++] = CODES[(group >> 12) & 63]!
    codes[to++] = CODES[(group >> 6) & 63]!
    codes[to++] = CODES[group & 63]!
  }
  if (at + 1 < length) {
    const group = (bytes[at]! << 8) | bytes[at + 1]!
    codes[to++] = CODES[group >> 10]!
    codes[to++] = CODES[(group >> 4) & 63]!
    codes[to] = CODES[(group << 2) & 63]!
  } else if (at < length) {
    codes[to++] = CODES[bytes[at]! >> 2]!
    codes[to] = CODES[(bytes[at]! << 4) & 63]!
  }
  return String.fromCharCode.apply(null, codes)
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

/** Bytes, a multiple of 3: their characters are arguments of one call. */
const PIECE = 3072

const CODES = Uint8Array.from(ALPHABET, (char) => char.charCodeAt(0))

/** Value of each character by its code; `undefined` for all others. */
const VALUES: ReadonlyArray<number | undefined> = Array.from({ length: 128 }, (_, code) => {
  const value = ALPHABET.indexOf(String.fromCharCode(code))
  return value < 0 ? undefined : value
})
