import { POLICIES, type Policy } from "../../core/peer/path/Policy.js"

/** What a line typed in the terminal client means. */
export type Intent =
  | { readonly _tag: "List" }
  | { readonly _tag: "Query"; readonly nick: string }
  | { readonly _tag: "Message"; readonly to: string; readonly text: string }
  /** Text for the conversation in focus. */
  | { readonly _tag: "Say"; readonly text: string }
  | { readonly _tag: "Nick"; readonly nick: string }
  | { readonly _tag: "Trust"; readonly nick: string }
  /** About the conversation in focus when no nickname is given. */
  | { readonly _tag: "Why"; readonly nick: string | undefined }
  | { readonly _tag: "Path"; readonly nick: string; readonly policy: Policy }
  /** With the conversation in focus when no nickname is given. */
  | { readonly _tag: "History"; readonly nick: string | undefined; readonly count: number | undefined }
  | { readonly _tag: "Search"; readonly words: string }
  /** With everybody, or with the conversation in focus when no nickname is given. */
  | { readonly _tag: "Forget"; readonly nick: string | undefined; readonly everybody: boolean }
  /** `line` is what stands behind the command: a path, and maybe a nickname. */
  | { readonly _tag: "SendFile"; readonly line: string }
  /** Something to do with a transfer; the one that it can be done with when no number is given. */
  | { readonly _tag: "Transfer"; readonly what: TransferAction; readonly number: number | undefined }
  | { readonly _tag: "Files" }
  | { readonly _tag: "Leave" }
  | { readonly _tag: "Exit" }
  | { readonly _tag: "Help" }
  | { readonly _tag: "Nothing" }
  /** A command that does not exist or lacks something; `usage` says what to type. */
  | { readonly _tag: "Wrong"; readonly usage: string }

export type TransferAction = "accept" | "decline" | "cancel" | "pause" | "resume"

/**
 * Reads a line. `list`, `query NICK` and `exit` are words of their own, in any case, with or without a slash; other
 * commands need the slash. A leading space, or a doubled slash, makes text of what looks like a word.
 */
export const parse = (line: string): Intent => {
  if (line.trim() === "") return { _tag: "Nothing" }
  if (line.startsWith(" ")) return { _tag: "Say", text: line.slice(1) }
  if (line.startsWith("//")) return { _tag: "Say", text: line.slice(1) }
  if (line.startsWith("/")) return command(line.slice(1))
  const words = line.trim().split(/\s+/)
  const word = words[0]!.toLowerCase()
  if (words.length === 1 && (word === "list" || word === "exit")) return command(word)
  if (words.length === 2 && word === "query") return command(line)
  if (words.length === 1 && word === "query") return { _tag: "Wrong", usage: USAGE.query }
  return { _tag: "Say", text: line }
}

export const HELP: ReadonlyArray<readonly [usage: string, meaning: string]> = [
  ["list", "who is there"],
  ["query NICK", "talk to somebody, or answer who asked for you"],
  ["exit", "leave the conversation; outside of one, the program"],
  ["/msg NICK TEXT", "one message, without changing the conversation"],
  ["/leave", "end this conversation"],
  ["/history [NICK] [COUNT]", "what was said before; /history clear [NICK or all] forgets it"],
  ["/search WORDS", "what was said before, to whomever, with all these words in it"],
  ["/send PATH [NICK]", "offer a file or a folder; Tab completes the path"],
  ["/accept [N], /decline [N]", "take what is offered, or refuse it; N is its number"],
  ["/pause [N], /resume [N]", "hold a transfer, let it go on"],
  ["/cancel [N]", "end a transfer; what has arrived of it is removed"],
  ["/files", "all transfers"],
  ["/nick NICK", "take another nickname"],
  ["/why [NICK]", "how somebody is reached, why so, and what would make it direct"],
  ["/path NICK POLICY", "prefer-direct, direct-only, or relay-only (which hides your address)"],
  ["/trust NICK", "accept a nickname's new key, after you checked it with its owner"],
  ["//text", "say what looks like a command; a leading space does the same"]
]

const USAGE = {
  query: "query NICK",
  msg: "/msg NICK TEXT",
  nick: "/nick NICK",
  trust: "/trust NICK",
  why: "/why NICK",
  history: "/history [NICK] [COUNT], or /history clear [NICK or all]",
  search: "/search WORDS",
  send: "/send PATH [NICK]",
  path: `/path NICK ${POLICIES.join("|")}`
} as const

const command = (line: string): Intent => {
  const [, name = "", rest = ""] = /^(\S*)\s*([\s\S]*)$/.exec(line)!
  const argument = rest.trim()
  const one = (tag: "Query" | "Nick" | "Trust" | "Why", usage: string): Intent =>
    argument === "" || /\s/.test(argument) ? { _tag: "Wrong", usage } : { _tag: tag, nick: argument }
  switch (name.toLowerCase()) {
    case "list":
      return { _tag: "List" }
    case "exit":
    case "quit":
      return { _tag: "Exit" }
    case "leave":
      return { _tag: "Leave" }
    case "help":
    case "?":
      return { _tag: "Help" }
    case "query":
      return one("Query", USAGE.query)
    case "nick":
      return one("Nick", USAGE.nick)
    case "trust":
      return one("Trust", USAGE.trust)
    case "why":
      return argument === "" ? { _tag: "Why", nick: undefined } : one("Why", USAGE.why)
    case "history":
      return history(argument === "" ? [] : argument.split(/\s+/))
    case "search":
      return argument === "" ? { _tag: "Wrong", usage: USAGE.search } : { _tag: "Search", words: argument }
    case "send":
      return argument === "" ? { _tag: "Wrong", usage: USAGE.send } : { _tag: "SendFile", line: argument }
    case "accept":
    case "decline":
    case "cancel":
    case "pause":
    case "resume": {
      const what = name.toLowerCase() as TransferAction
      const number = /^[1-9]\d{0,8}$/.test(argument) ? Number(argument) : undefined
      return argument !== "" && number === undefined
        ? { _tag: "Wrong", usage: `/${what} NUMBER` }
        : { _tag: "Transfer", what, number }
    }
    case "files":
      return { _tag: "Files" }
    case "path": {
      const [nick, wanted, ...more] = argument.split(/\s+/)
      const policy = POLICIES.find((known) => known === wanted?.toLowerCase())
      return nick === undefined || policy === undefined || more.length > 0
        ? { _tag: "Wrong", usage: USAGE.path }
        : { _tag: "Path", nick, policy }
    }
    case "msg": {
      const [, to, text] = /^(\S+)\s+([\s\S]+)$/.exec(argument) ?? []
      return to === undefined || text === undefined
        ? { _tag: "Wrong", usage: USAGE.msg }
        : { _tag: "Message", to, text }
    }
    default:
      return { _tag: "Wrong", usage: "/help" }
  }
}

const history = (words: ReadonlyArray<string>): Intent => {
  const [first, second] = words
  if (words.length > 2) return { _tag: "Wrong", usage: USAGE.history }
  if (first?.toLowerCase() === "clear") {
    const everybody = second?.toLowerCase() === "all"
    return { _tag: "Forget", nick: everybody ? undefined : second, everybody }
  }
  const isCount = (word: string | undefined) => word !== undefined && /^[1-9]\d{0,8}$/.test(word)
  if (words.length < 2)
    return isCount(first)
      ? { _tag: "History", nick: undefined, count: Number(first) }
      : { _tag: "History", nick: first, count: undefined }
  return isCount(second)
    ? { _tag: "History", nick: first, count: Number(second) }
    : { _tag: "Wrong", usage: USAGE.history }
}
