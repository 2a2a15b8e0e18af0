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
  if (end - start === HEX_PIECE) return idOf(bytes, start)
  const codes = new Array<number>(2 * (end - start))
  for (let at = start, to = 0; at < end; at++) {
    codes[to++] = HIGH[bytes[at]!]!
    codes[to++] = LOW[bytes[at]!]!
  }
  return String.fromCharCode(...codes)
}

/** `hexOf` of as many bytes as an id has, each named: half the time that it takes with an array of digits. */
const idOf = (bytes: Uint8Array, start: number): string => {
  const a = bytes[start]!
  const b = bytes[start + 1]!
  const c = bytes[start + 2]!
  const d = bytes[start + 3]!
  const e = bytes[start + 4]!
  const f = bytes[start + 5]!
  const g = bytes[start + 6]!
  const h = bytes[start + 7]!
  const i = bytes[start + 8]!
  const j = bytes[start + 9]!
  const k = bytes[start + 10]!
  const l = bytes[start + 11]!
  const m = bytes[start + 12]!
  const n = bytes[start + 13]!
  const o = bytes[start + 14]!
  const p = bytes[start + 15]!
  // biome-ignore format: a row for each four bytes
  return String.fromCharCode(
    HIGH[a]!, LOW[a]!, HIGH[b]!, LOW[b]!, HIGH[c]!, LOW[c]!, HIGH[d]!, LOW[d]!,
    HIGH[e]!, LOW[e]!, HIGH[f]!, LOW[f]!, HIGH[g]!, LOW[g]!, HIGH[h]!, LOW[h]!,
    HIGH[i]!, LOW[i]!, HIGH[j]!, LOW[j]!, HIGH[k]!, LOW[k]!, HIGH[l]!, LOW[l]!,
    HIGH[m]!, LOW[m]!, HIGH[n]!, LOW[n]!, HIGH[o]!, LOW[o]!, HIGH[p]!, LOW[p]!
  )
}

/** The value of a hexadecimal digit by its code; -1 for any other character of ASCII. */
const NIBBLES = Int8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(value) ? -1 : value
})
/** The code of the first digit of a byte, and of the second. */
const HIGH = Uint8Array.from({ length: 256 }, (_, byte) => (byte >> 4).toString(16).charCodeAt(0))
const LOW = Uint8Array.from({ length: 256 }, (_, byte) => (byte & 0xf).toString(16).charCodeAt(0))
/**
 * Bytes, as many as an id has: so that an id is one flat string. A string put together digit by digit has to be
 * flattened to be a key, which costs twice as much.
 */
const HEX_PIECE = 16
