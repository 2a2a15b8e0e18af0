import * as Effect from "effect/Effect"
import * as SafeText from "../../domain/SafeText.js"
import type { ListFolder } from "../files/Folders.js"
import * as PathWords from "./PathWords.js"

/** What could stand from `start` to the cursor instead. What ends with `/` may go on. */
export interface Completion {
  readonly start: number
  readonly found: ReadonlyArray<string>
}

/** Completes the line before the cursor: the path after `/send`, nicknames everywhere else. */
export const make = (options: {
  readonly nicks: (prefix: string) => ReadonlyArray<string>
  readonly listFolder: ListFolder | undefined
  readonly home: string | undefined
}): ((before: string) => Effect.Effect<Completion>) => {
  const { home, listFolder, nicks } = options

  const nick = (before: string): Completion => {
    const prefix = /\S*$/.exec(before)![0]
    return { start: before.length - prefix.length, found: prefix === "" ? [] : nicks(prefix) }
  }

  return (before) => {
    const command = /^\/send\s+/i.exec(before)?.[0]
    if (command === undefined || listFolder === undefined) return Effect.succeed(nick(before))
    const words = PathWords.split(before.slice(command.length))
    const last = words.at(-1)
    const isTyping = last !== undefined && last.end === before.length - command.length
    if (words.length > (isTyping ? 1 : 0)) return Effect.succeed(nick(before))
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
