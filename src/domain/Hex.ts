/** Lower-case hexadecimal: how ids look in events, in JSON and in logs. */
export const encode = (bytes: Uint8Array): string => {
  let text = ""
  for (let at = 0; at < bytes.length; at += HEX_PIECE) text += hexOf(bytes, at, Math.min(bytes.length, at + HEX_PIECE))
  return text
}

/** The inverse of `encode`, upper case allowed; `undefined` for any other text. */
export const decode = (text: string): Uint8Array | undefined => {
  const bytes = new Uint8Array(Math.floor(text.length / 2))
  return decodeInto(text, bytes, 0) ? bytes : undefined
}

/** `decode` into `target` from `at` on, where there is room for it; `false` for any other text. */
export const decodeInto = (text: string, target: Uint8Array, at: number): boolean => {
  if (text.length % 2 !== 0) return false
  for (let i = 0, to = at; i < text.length; i += 2, to++) {
    const high = NIBBLES[text.charCodeAt(i)]
    const low = NIBBLES[text.charCodeAt(i + 1)]
    if (high === undefined || low === undefined || high < 0 || low < 0) return false
    target[to] = high * 16 + low
  }
  return true
}

/** `encode` of the bytes from `start` to before `end`, without a view of them where they are an id. */
export const encodePart = (bytes: Uint8Array, start: number, end: number): string =>
  end - start > HEX_PIECE ? encode(bytes.subarray(start, end)) : hexOf(bytes, start, end)

const hexOf = (bytes: Uint8Array, start: number, end: number): string => {
  const codes = end - start === HEX_PIECE ? CODES : new Array<number>(2 * (end - start))
  for (let at = start, to = 0; at < end; at++) {
    codes[to++] = HEX_DIGITS[bytes[at]! >> 4]!
    codes[to++] = HEX_DIGITS[bytes[at]! & 0xf]!
  }
  return String.fromCharCode(...codes)
}

/** The value of a hexadecimal digit by its code; -1 for any other character of ASCII. */
const NIBBLES = Int8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(value) ? -1 : value
})
const HEX_DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0))
/**
 * Bytes, as many as an id has: so that an id is one flat string. A string put together digit by digit has to be
 * flattened to be a key, which costs twice as much.
 */
const HEX_PIECE = 16
/** For the digits of one id: made anew for each, they were a tenth of the garbage of a message. */
const CODES = new Array<number>(2 * HEX_PIECE).fill(0)
