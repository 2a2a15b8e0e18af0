import { distance } from "../Nearest.js"
import { find, spoken } from "./commands/Table.js"
import type { TerminalCommand } from "./commands/TerminalCommand.js"

/**
 * Text that may be meant for the program: a command without its slash, or misspelt. It is not sent at once: it goes
 * back to the line with a word about it, and is text when it is entered again. So a slip costs one more Enter, and no
 * word for the program reaches a person, nor becomes a nickname.
 */
export class Doubts {
  /** What was asked about last, and whom it would have gone to. */
  #asked: { readonly text: string; readonly to: string } | undefined

  /** The command that the text may be meant for; nothing when it is text, or was entered again for the same person. */
  about(text: string, to: string, knows: (nick: string) => boolean): string | undefined {
    const asked = this.#asked
    this.#asked = undefined
    const meant = meantBy(text, knows)
    if (meant === undefined || (asked?.text === text && asked.to === to)) return undefined
    this.#asked = { text, to }
    return meant.line
  }
}

/** The command that a text without a slash may be meant for: how it is typed, and whether it has every letter of it. */
export const meantBy = (
  text: string,
  knows: (nick: string) => boolean
): { readonly line: string; readonly exact: boolean } | undefined => {
  if (LEAVES_EDITOR.test(text)) return { line: "/quit", exact: false }
  const words = text.trim().split(/\s+/)
  const typed = words[0]!.toLowerCase()
  if (text.includes("\n") || !WORD.test(typed)) return undefined
  const exact = find(typed)
  const name = exact === undefined ? misspelt(typed) : typed
  const command = exact ?? (name === undefined ? undefined : find(name))
  if (name === undefined || command === undefined || !hasShape(command, words.slice(1), knows)) return undefined
  const argument = words.slice(1).join(" ")
  return { line: `/${name}${argument === "" ? "" : ` ${argument}`}`, exact: exact !== undefined }
}

/** Whether these words behind the name make a command of it, and not the beginning of a sentence. */
const hasShape = (
  command: TerminalCommand,
  [first, ...more]: ReadonlyArray<string>,
  knows: (nick: string) => boolean
): boolean => {
  if (first === undefined) return command.isSpeech !== true
  if (command.read([first, ...more].join(" ")) === undefined) return false
  const { bare, wants } = command
  if (bare !== undefined) return wants !== undefined
  return typeof wants === "object" ? wants.includes(first) : wants === "nick" && knows(first)
}

/** One letter is missing, too many, or changed places, and the first is right: what fingers do to a word they know. */
const misspelt = (typed: string): string | undefined =>
  typed.length < SHORTEST
    ? undefined
    : spoken.find(
        (name) =>
          name[0] === typed[0] &&
          distance(typed, name, 1) === 1 &&
          (name.length !== typed.length || sorted(name) === sorted(typed))
      )

const sorted = (word: string): string => [...word].sort().join("")

/** Commands are letters; whoever adds a sign to one says something to somebody. */
const WORD = /^[a-z]+$/

/** What leaves editors, which nobody means to say. */
const LEAVES_EDITOR = /^\s*:(?:wq?|q|quit|exit)!?\s*$/i

/** Letters: shorter words are too near to others that people write. */
const SHORTEST = 3
