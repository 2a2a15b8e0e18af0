import { DEFAULT_LIMIT } from "../../../core/history/HistoryPage.js"
import * as SafeText from "../../../domain/SafeText.js"
import * as History from "../History.js"
import { attempt, type Context, make, type Outcome, remark } from "./TerminalCommand.js"

/** What was said before. */
export const historyCommands = [
  make({
    names: ["history"],
    elsewhere: ["scrollback"],
    usage: "/history [NICK] [COUNT]",
    wants: "nick",
    reminder: "/history [NICK] [COUNT], or /history clear [NICK or all]",
    help: "what was said before; /history clear [NICK or all] forgets it",
    parse: (argument) => parseHistory(argument === "" ? [] : argument.split(/\s+/)),
    run: (request, context) => ("count" in request ? show(request, context) : forget(request, context))
  }),
  make({
    names: ["search"],
    elsewhere: ["lastlog", "grep"],
    usage: "/search WORDS",
    help: "what was said before, to whomever, with all these words in it",
    parse: (argument) => (argument === "" ? undefined : argument),
    run: (words, context) =>
      attempt(context, context.client.history({ search: words }), (page) =>
        History.found(page, context.chat.me ?? "", context.palette)
      )
  })
]

/** The last messages with somebody; with the conversation in focus when no nickname is given. */
interface Show {
  readonly nick: string | undefined
  readonly count: number | undefined
}

/** With everybody, or with the conversation in focus when no nickname is given. */
interface Forget {
  readonly nick: string | undefined
  readonly everybody: boolean
}

const parseHistory = (words: ReadonlyArray<string>): Show | Forget | undefined => {
  const [first, second] = words
  if (words.length > 2) return undefined
  if (first?.toLowerCase() === "clear") {
    const everybody = second?.toLowerCase() === "all"
    return { nick: everybody ? undefined : second, everybody }
  }
  const isCount = (word: string | undefined) => word !== undefined && /^[1-9]\d{0,8}$/.test(word)
  if (words.length < 2)
    return isCount(first) ? { nick: undefined, count: Number(first) } : { nick: first, count: undefined }
  return isCount(second) ? { nick: first, count: Number(second) } : undefined
}

const show = (request: Show, context: Context): Outcome => {
  const nick = request.nick ?? context.chat.focus
  if (nick === undefined) return remark(context, "type /history NICK, or /search WORDS")
  const limit = Math.min(request.count ?? DEFAULT_LIMIT, History.MAX_COUNT)
  return attempt(context, context.client.history({ nick, limit }), (page) =>
    History.conversation(nick, page, context.chat.me ?? "", context.palette)
  )
}

const forget = (request: Forget, context: Context): Outcome => {
  const nick = request.everybody ? undefined : (request.nick ?? context.chat.focus)
  if (nick === undefined && !request.everybody)
    return remark(context, "type /history clear NICK, or /history clear all")
  return attempt(context, context.client.clearHistory(nick), () => [
    context.chat.remark(nick === undefined ? "all history is gone" : `the history with ${SafeText.line(nick)} is gone`)
  ])
}
