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
  /** What it writes on, as far as that is known. */
  readonly on: (ground: Ground | undefined) => void
  /** From now on, bits of a colour: 0 for none, 4 for sixteen colours, 8 for those of xterm, 24 for all. */
  readonly uses: (depth: number) => void
}

export type Ground = "dark" | "light"

/** Ends all colours; its number 0 may be left out (ECMA-48 §8.3.117), and each message has two of these. */
export const RESET = "\u001b[m"

/** `depth` as in `Palette.uses`, where there are colours at all. */
export const make = (colors: boolean, depth = 4): Palette => {
  let bits = colors ? depth : 0
  let ground: Ground | undefined
  const keys = new Map<string, string>()
  const paint = (code: string) => (text: string) => (bits > 0 && text !== "" ? `\u001b[${code}m${text}${RESET}` : text)
  const dim = paint("2")
  const warning = () => (bits >= 8 ? WARNING : ground === "light" ? WARNING_ON_LIGHT : WARNING_ON_DARK)
  return {
    remark: (text) => `${dim("*")} ${text}`,
    dim,
    bold: paint("1"),
    warn: (text) => paint(warning())(text),
    nick: (nick) => {
      if (bits === 0) return nick
      return paint(nickCode(hash(keys.get(Nickname.key(nick)) ?? nick), bits, ground))(nick)
    },
    knows: (nick, fingerprint) => {
      const key = Nickname.key(nick)
      keys.delete(key)
      keys.set(key, fingerprint)
      if (keys.size > MAX_KEYS) keys.delete(keys.keys().next().value!)
    },
    on: (next) => {
      ground = next
    },
    uses: (next) => {
      bits = next
    }
  }
}

const nickCode = (owner: number, bits: number, ground: Ground | undefined): string => {
  if (bits >= 24) return `1;38;2;${trueColor(owner, ground).join(";")}`
  const codes = bits >= 8 ? MANY_NICKS : FEW_NICKS
  return codes[owner % codes.length]!
}

/**
 * One of 320 hues, none of them that of warnings, as bright as can be read on that ground: the contrast is 4.5 or more
 * (WCAG 2.2 §1.4.3), on a ground that is not known on black and on white.
 */
export const trueColor = (owner: number, ground: Ground | undefined): readonly [number, number, number] => {
  const hue = FIRST_HUE + (owner % HUES)
  const wanted = LUMINANCE[ground ?? "unknown"]
  let [low, high] = [0, 1]
  for (let step = 0; step < 12; step++) {
    const middle = (low + high) / 2
    if (luminance(rgb(hue, middle)) < wanted) low = middle
    else high = middle
  }
  return rgb(hue, (low + high) / 2)
}

/** A colour of the HSL circle of 0.7 saturation, each part from 0 to 255. */
const rgb = (hue: number, lightness: number): readonly [number, number, number] => {
  const part = (offset: number) => {
    const at = (offset + hue / 30) % 12
    const spread = SATURATION * Math.min(lightness, 1 - lightness)
    return Math.round(255 * (lightness - spread * Math.max(-1, Math.min(at - 3, 9 - at, 1))))
  }
  return [part(0), part(8), part(4)]
}

/** Relative luminance (WCAG 2.2), from 0 to 1. */
export const luminance = (color: readonly [number, number, number]): number => {
  const [red, green, blue] = color.map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

const SATURATION = 0.7
/** Degrees: what is left of the circle without the oranges. */
const FIRST_HUE = 50
const HUES = 320
/** On white, a contrast of 4.5 needs at most 0.183; on black, at least 0.175. */
const LUMINANCE = { dark: 0.4, light: 0.14, unknown: 0.179 } as const

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
