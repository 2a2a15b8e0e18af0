/** The few colours of the terminal client; without colours every function returns its text. */
export interface Palette {
  /** Remarks of the program. */
  readonly dim: (text: string) => string
  readonly bold: (text: string) => string
  readonly warn: (text: string) => string
  /** A nickname, always in the same colour. */
  readonly nick: (nick: string) => string
}

export const make = (colors: boolean): Palette => {
  const paint = (code: string) => (text: string) => (colors ? `\u001b[${code}m${text}\u001b[0m` : text)
  return {
    dim: paint("2"),
    bold: paint("1"),
    warn: paint("33"),
    nick: (nick) => paint(NICK_COLORS[hash(nick) % NICK_COLORS.length]!)(nick)
  }
}

/** Bold red to cyan without yellow, which warns: readable on dark and on light grounds. */
const NICK_COLORS = ["1;31", "1;32", "1;34", "1;35", "1;36"]

const hash = (text: string): number => {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) >>> 0
  return sum
}
