import * as Effect from "effect/Effect"
import * as SafeText from "../../domain/SafeText.js"
import type { ListFolder } from "../files/Folders.js"
import { find, names } from "./commands/Table.js"
import type { TerminalCommand } from "./commands/TerminalCommand.js"
import * as PathWords from "./PathWords.js"

/** What could stand from `start` to the cursor instead. What ends with `/` may go on. */
export interface Completion {
  readonly start: number
  readonly found: ReadonlyArray<string>
}

/**
 * Completes the line before the cursor: commands, what a command wants behind its name, groups and nicknames
 * everywhere.
 */
export const make = (options: {
  readonly nicks: (prefix: string) => ReadonlyArray<string>
  /** With the sign before them that tells them from nicknames. */
  readonly groups: Effect.Effect<ReadonlyArray<string>>
  readonly listFolder: ListFolder | undefined
  readonly home: string | undefined
}): ((before: string) => Effect.Effect<Completion>) => {
  const { groups, home, listFolder, nicks } = options

  const nick = (before: string): Completion => {
    const prefix = /\S*$/.exec(before)![0]
    const isWanted = commandOf(before)?.wants === "nick"
    return { start: before.length - prefix.length, found: prefix === "" && !isWanted ? [] : nicks(prefix) }
  }

  return (before) => {
    const group = /(?<=^|\s)#\S*$/.exec(before)?.[0].toLowerCase()
    if (group !== undefined)
      return Effect.map(groups, (all) => ({
        start: before.length - group.length,
        found: all.filter((name) => name.toLowerCase().startsWith(group)).sort()
      }))
    const words = wordsOf(before)
    if (words !== undefined) return Effect.succeed(words)
    const command = /^\/send\s+/i.exec(before)?.[0]
    if (command === undefined || listFolder === undefined) return Effect.succeed(nick(before))
    const parts = PathWords.split(before.slice(command.length))
    const last = parts.at(-1)
    const isTyping = last !== undefined && last.end === before.length - command.length
    if (parts.length > (isTyping ? 1 : 0)) return Effect.succeed(nick(before))
    const typed = last?.text ?? ""
    const folder = typed.slice(0, typed.lastIndexOf("/") + 1)
    const prefix = typed.slice(folder.length)
    return Effect.map(listFolder(PathWords.expand(folder === "" ? "." : folder, home), prefix), (names) => ({
      start: command.length + (last?.start ?? 0),
      found: names
        // What a terminal would obey cannot be typed either; hidden files are offered only after a dot was typed.
        .filter((name) => SafeText.line(name) === name && (prefix !== "" || !name.startsWith(".")))
        .map((name) => PathWords.quoted(folder + name))
        .sort()
    }))
  }
}

/** The command whose first word is being typed. */
const commandOf = (before: string): TerminalCommand | undefined => {
  const [, slash, name] = /^(\/?)(\S+)\s+\S*$/.exec(before) ?? []
  const command = name === undefined ? undefined : find(name)
  return command !== undefined && (slash === "/" || command.bare !== undefined) ? command : undefined
}

/** What could stand there instead, where it is a command or one of a few words. */
const wordsOf = (before: string): Completion | undefined => {
  if (/^\/\S*$/.test(before))
    return among(
      before,
      names.map((name) => `/${name}`)
    )
  const second = /^\/(\S+)\s+(\S+)\s+(\S*)$/.exec(before)
  const values = second === null ? undefined : find(second[1]!)?.wantsThen?.(second[2]!)
  if (values !== undefined) return among(second![3]!, values, before.length)
  const wants = commandOf(before)?.wants
  const words = wants === "command" ? names : typeof wants === "object" ? wants : undefined
  return words === undefined ? undefined : among(/\S*$/.exec(before)![0], words, before.length)
}

const among = (prefix: string, words: ReadonlyArray<string>, end = prefix.length): Completion => ({
  start: end - prefix.length,
  found: words.filter((word) => word.startsWith(prefix.toLowerCase()))
})
