import { find, nearestName } from "./commands/Table.js"
import type { Context, Outcome } from "./commands/TerminalCommand.js"

/** What a line typed in the terminal client means. */
export type Typed =
  | { readonly _tag: "Nothing" }
  /** Text for the conversation in focus; `literal` where the person has said that it is text. */
  | { readonly _tag: "Text"; readonly text: string; readonly literal: boolean }
  | {
      readonly _tag: "Command"
      /** The name that the help knows. */
      readonly name: string
      readonly argument: unknown
      /** Whether it makes sense before there is a nickname. */
      readonly anonymous: boolean
      readonly run: (context: Context) => Outcome
    }
  /** A command that lacks something or has too much; `usage` says what to type. */
  | {
      readonly _tag: "Wrong"
      readonly usage: string
      /** The line that looks like it and would be right, if one does. */
      readonly meant: string | undefined
    }
  /** There is no such command; `nearest` is the one that looks like it, if one does. */
  | { readonly _tag: "Unknown"; readonly name: string; readonly nearest: string | undefined }

/**
 * Reads a line. `list`, `query NICK` and `exit` are words of their own, in any case, with or without a slash; other
 * commands need the slash. A leading space, or a doubled slash, makes text of what looks like a word.
 */
export const parse = (line: string): Typed => {
  if (line.trim() === "") return { _tag: "Nothing" }
  if (line.startsWith(" ")) return { _tag: "Text", text: line.slice(1), literal: true }
  if (line.startsWith("//")) return { _tag: "Text", text: line.slice(1), literal: true }
  if (line.startsWith("/")) return command(line.slice(1))
  const words = line.trim().split(/\s+/)
  const named = find(words[0]!)
  const isBare =
    named?.bare !== undefined &&
    words[0]!.toLowerCase() === named.names[0] &&
    (words.length === 1 || words.length === 1 + named.bare)
  return isBare ? command(line.trim()) : { _tag: "Text", text: line, literal: false }
}

/** A line that begins with the name of a command, and is said to nobody: how it is typed, and nothing is done. */
export const doubted = (line: string): Typed => {
  const [, name = "", rest = ""] = /^(\S*)\s*([\s\S]*)$/.exec(line)!
  const found = find(name)!
  const isWhole = found.wants !== undefined && found.read(rest) !== undefined
  return { _tag: "Wrong", usage: found.reminder ?? found.usage, meant: isWhole ? `/${line}` : undefined }
}

const command = (line: string): Typed => {
  const [, name = "", rest = ""] = /^(\S*)\s*([\s\S]*)$/.exec(line)!
  const found = find(name)
  if (found === undefined) return { _tag: "Unknown", name, nearest: nearestName(name) }
  const read = found.read(rest.trim())
  const meant = read === undefined ? found.meant?.(rest.trim().split(/\s+/)) : undefined
  return read === undefined
    ? {
        _tag: "Wrong",
        usage: found.reminder ?? found.usage,
        meant: meant && `/${name} ${meant}`
      }
    : { _tag: "Command", name: found.names[0], anonymous: found.anonymous === true, ...read }
}
