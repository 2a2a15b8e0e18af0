import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { AdminRequest, LimitValue } from "../../protocol/Admin.js"
import { ExitCode, exitOf, PLAIN_EXITS } from "../ExitCode.js"
import { ProgramError } from "../ProgramError.js"
import * as Quote from "../Quote.js"
import * as Values from "../Values.js"
import * as Argument from "./Argument.js"
import { plain, setting, toggle } from "./Option.js"
import { admin, config } from "./Options.js"
import { server } from "./Server.js"
import * as Subcommand from "./Subcommand.js"

const ACTIONS = [
  "who",
  "kick",
  "ban",
  "allow",
  "bans",
  "reserve",
  "release",
  "reserved",
  "token",
  "limits",
  "stats",
  "drain"
] as const
type Action = (typeof ACTIONS)[number]

const actionOf = Values.oneOf(ACTIONS)

export const serverAdmin = Subcommand.make({
  name: "server admin",
  help: "See and change a server that runs on this machine: who is here, kicks, bans, nicknames, tokens, limits, its end",
  options: {
    admin: setting({
      ...admin.description,
      placeholder: "PATH",
      parse: Values.text(100),
      required: true,
      wants: "file"
    }),
    for: plain({
      placeholder: "TIME",
      help: "For ban: how long, at most 10 years (300s, 2h, 7d); for drain: how long it may take (30s when left out)",
      parse: Values.longDuration
    }),
    reason: plain({ placeholder: "TEXT", help: "For ban and kick: what they are told", parse: Values.text(200) }),
    json: toggle("Write one line of JSON for each answer"),
    config
  },
  arguments: {
    action: Argument.optional({
      name: "ACTION",
      help: `What to do: ${ACTIONS.join(", ")} (default: who)`,
      wants: ACTIONS
    }),
    words: Argument.any({
      name: "WHAT",
      help: "For who: part of a name or address. For kick: a nickname, an address or block, a fingerprint, a token's name, #SESSION. For ban and allow: a block, an address, a fingerprint; ban takes a nickname with an identity, too. For token: add NAME, revoke NAME, list. For limits: NAME=VALUE, to change them"
    })
  },
  examples: [
    "parley server admin --admin /run/parley/admin who",
    'parley server admin ban 203.0.113.0/24 --for 2h --reason "too loud"',
    "parley server admin token add alice",
    "parley server admin limits max-connections=20000 queries=20/2",
    "parley server admin drain --for 5m"
  ],
  exits: [...PLAIN_EXITS, exitOf("noSuchPeer", "there is nobody, or nothing, of that name")],
  settings: ({ action, admin, config: _, for: forMs, json, reason, words }) => {
    const parsed = actionOf(action ?? "who")
    if (Either.isLeft(parsed)) return Effect.fail(wrong(`what it does ${parsed.left}`))
    const request = requestOf(parsed.right, words, {
      ...(forMs === undefined ? {} : { forMs }),
      ...(reason === undefined ? {} : { reason })
    })
    return typeof request === "string" ? Effect.fail(wrong(request)) : Effect.succeed({ admin, json, request })
  }
})

export type AdminSettings = Subcommand.SettingsOf<typeof serverAdmin>

interface More {
  readonly forMs?: number
  readonly reason?: string
}

/** What is to be asked; or what is wrong with the line, a sentence. */
const requestOf = (action: Action, words: ReadonlyArray<string>, { forMs, ...why }: More): AdminRequest | string => {
  const duration = forMs === undefined ? {} : { forMs }
  if (forMs !== undefined && action !== "ban" && action !== "drain") return "--for is for ban and drain"
  if (why.reason !== undefined && action !== "ban" && action !== "kick") return "--reason is for ban and kick"
  const [word, ...rest] = words
  if (action === "limits") return limitsOf(words)
  if (action === "token") return tokenOf(words)
  const isAlone = action === "bans" || action === "reserved" || action === "stats" || action === "drain"
  if (isAlone && word !== undefined) return `${action} takes nothing behind it`
  if (!isAlone && action !== "who" && word === undefined)
    return `say ${action === "reserve" || action === "release" ? "which nickname" : "whom"}: parley server admin ${action} WHAT`
  if (rest.length > 0) return `${action} takes one word, and there is ${Quote.of(rest[0]!)} too`
  const what = word ?? ""
  switch (action) {
    case "who":
      return word === undefined ? { _tag: "Who" } : { _tag: "Who", match: word }
    case "kick":
      return { _tag: "Kick", whom: what, ...why }
    case "ban":
      return { _tag: "Ban", what, ...duration, ...why }
    case "allow":
      return { _tag: "Allow", what }
    case "bans":
      return { _tag: "Bans" }
    case "reserve":
      return { _tag: "Reserve", nick: what }
    case "release":
      return { _tag: "Release", nick: what }
    case "reserved":
      return { _tag: "Reserved" }
    case "stats":
      return { _tag: "Stats" }
    case "drain":
      return { _tag: "Drain", forMs: forMs ?? DRAIN_MS }
  }
}

const tokenOf = ([verb, name, ...rest]: ReadonlyArray<string>): AdminRequest | string => {
  if (verb === undefined || (verb === "list" && name === undefined)) return { _tag: "Tokens" }
  if (name === undefined || rest.length > 0 || (verb !== "add" && verb !== "revoke"))
    return "say token list, token add NAME, or token revoke NAME"
  return verb === "add" ? { _tag: "AddToken", name } : { _tag: "RevokeToken", which: name }
}

/** Limits are named and written as the options of the server. */
const limitsOf = (words: ReadonlyArray<string>): AdminRequest | string => {
  const set: Record<string, LimitValue> = {}
  for (const word of words) {
    const at = word.indexOf("=")
    if (at < 1) return `a limit is changed by NAME=VALUE, such as queries=20/2, not ${Quote.of(word)}`
    const name = word.slice(0, at)
    const key = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    const option = Object.entries(server.options).find(([known]) => known === key)?.[1]
    const value = option?.description.parse?.(word.slice(at + 1))
    if (value === undefined) return `the server has no limit called ${Quote.of(name)} (see: parley server admin limits)`
    if (Either.isLeft(value)) return `${name}: ${value.left}`
    set[name] = value.right as LimitValue
  }
  return words.length === 0 ? { _tag: "Limits" } : { _tag: "Limits", set }
}

const wrong = (message: string) => new ProgramError({ message, exitCode: ExitCode.usage })

/** ms that sending people on takes when nobody says how long. */
const DRAIN_MS = 30_000
