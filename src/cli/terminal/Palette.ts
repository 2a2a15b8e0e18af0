import * as Nickname from "../../domain/Nickname.js"

/** The few colours of the terminal client; without colours every function returns its text. */
export interface Palette {
  /** A remark of the program, told from what people write by its star. */
  readonly remark: (text: string) => string
  readonly dim: (text: string) => string
  readonly bold: (text: string) => string
  readonly warn: (text: string) => string
  /** A nickname, always in the same colour: that of the key, where it is known, else that of the name. */
  readonly nick: (nick: string) => string
  /** Whose key it is that has this nickname. */
  readonly knows: (nick: string, fingerprint: string) => void
  /** How bright the colour is that the terminal writes on, from 0 to 1. */
  readonly on: (brightness: number) => void
}

/** `depth`: bits of a colour, 4 for sixteen colours, 8 or more for those of xterm. */
export const make = (colors: boolean, depth = 4): Palette => {
  const paint = (code: string) => (text: string) => (colors ? `\u001b[${code}m${text}\u001b[0m` : text)
  const keys = new Map<string, string>()
  const nicks = depth >= 8 ? MANY_NICKS : FEW_NICKS
  let isLight = false
  const dim = paint("2")
  return {
    remark: (text) => `${dim("*")} ${text}`,
    dim,
    bold: paint("1"),
    warn: (text) => paint(depth >= 8 ? WARNING : isLight ? WARNING_ON_LIGHT : WARNING_ON_DARK)(text),
    nick: (nick) => {
      const owner = colors ? (keys.get(Nickname.key(nick)) ?? nick) : nick
      return paint(nicks[hash(owner) % nicks.length]!)(nick)
    },
    knows: (nick, fingerprint) => {
      const key = Nickname.key(nick)
      keys.delete(key)
      keys.set(key, fingerprint)
      if (keys.size > MAX_KEYS) keys.delete(keys.keys().next().value!)
    },
    on: (brightness) => {
      isLight = brightness > 0.5
    }
  }
}

/** Bold red to cyan without yellow, which warns: readable on dark and on light grounds. */
const FEW_NICKS = ["1;31", "1;32", "1;34", "1;35", "1;36"]
/**
 * Colours of xterm's cube that are neither too bright for a white ground nor too dark for a black one: both contrasts
 * are 3 or more (WCAG 2.2 §1.4.11). Those that warn are not among them.
 */
export const NICK_CODES = [25, 26, 27, 28, 29, 30, 31, 61, 62, 63, 64, 65, 66, 92, 97, 98, 126, 127, 128, 132, 134]
const MANY_NICKS = NICK_CODES.map((code) => `1;38;5;${code}`)
/** Orange, which is readable on both grounds. */
export const WARNING_CODE = 166
const WARNING = `38;5;${WARNING_CODE}`
/** Yellow cannot be read on white. */
const WARNING_ON_DARK = "33"
const WARNING_ON_LIGHT = "31"
/** People whose colour is that of their key; of more, the name has to do. */
const MAX_KEYS = 1024

const hash = (text: string): number => {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) >>> 0
  return sum
}
