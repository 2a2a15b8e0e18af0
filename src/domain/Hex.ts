/** Lower-case hexadecimal: how ids look in events, in JSON and in logs. */
export const encode = (bytes: Uint8Array): string => {
  let text = ""
  for (let at = 0; at < bytes.length; at += HEX_PIECE) text += hexOf(bytes, at, Math.min(bytes.length, at + HEX_PIECE))
  return text
}

/** The inverse of `encode`, upper case allowed; `undefined` for any other text. */
export const decode = (text: string): Uint8Array | undefined => {
  if (text.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const value = nibble(text.charCodeAt(2 * i)) * 16 + nibble(text.charCodeAt(2 * i + 1))
    if (!(value >= 0)) return undefined
    bytes[i] = value
  }
  return bytes
}

const hexOf = (bytes: Uint8Array, start: number, end: number): string => {
  const codes = new Array<number>(2 * (end - start))
  for (let at = start, to = 0; at < end; at++) {
    codes[to++] = HEX_DIGITS[bytes[at]! >> 4]!
    codes[to++] = HEX_DIGITS[bytes[at]! & 0xf]!
  }
  return String.fromCharCode(...codes)
}

/** The value of a hexadecimal digit; NaN for any other character. */
const nibble = (code: number): number => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : Number.NaN
}

const HEX_DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0))
/**
 * Bytes, as many as an id has: so that an id is one flat string. A string put together digit by digit has to be
 * flattened to be a key, which costs twice as much.
 */
const HEX_PIECE = 16
