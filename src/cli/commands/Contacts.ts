import * as Either from "effect/Either"
import { ExitCode, exitOf, PLAIN_EXITS } from "../ExitCode.js"
import { ProgramError } from "../ProgramError.js"
import * as Values from "../Values.js"
import * as Argument from "./Argument.js"
import { toggle } from "./Option.js"
import { config, home, noHome, ownNick } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

const ACTIONS = ["list", "show", "verify", "unverify", "block", "unblock", "forget"] as const
export type ContactAction = (typeof ACTIONS)[number]

const actionOf = Values.oneOf(ACTIONS)

export const contacts = Subcommand.make({
  name: "contacts",
  help: "See whom you know, without a server: list, show NICK, verify NICK DIGITS, unverify, block, unblock or forget NICK",
  options: {
    nick: ownNick,
    home,
    json: toggle("Write one line of JSON"),
    names: toggle("List nicknames and nothing else, one a line"),
    config
  },
  arguments: {
    action: Argument.optional({
      name: "ACTION",
      help: `What to do: ${ACTIONS.join(", ")} (default: list)`,
      wants: ACTIONS
    }),
    who: Argument.any({
      name: "NICK",
      help: "A nickname, or a whole fingerprint; behind it, for verify, the digits that you compared",
      wants: "somebody"
    })
  },
  examples: ["parley contacts --nick alice", 'parley contacts --nick alice verify bob "07774 20871"'],
  exits: [
    ...PLAIN_EXITS,
    exitOf("noSuchPeer", "you know nobody called that"),
    exitOf("refused", "the digits are not those of that key")
  ],
  settings: ({ action, config: _, home, json, names, nick, who }, { folders }) => {
    const parsed = actionOf(action ?? "list")
    if (Either.isLeft(parsed)) return wrong(`what contacts does ${parsed.left}`)
    const known = parsed.right
    const [somebody, ...digits] = known === "verify" ? who : [who.join(" ")]
    if (known === "list" ? who.length > 0 : somebody === undefined || somebody === "")
      return wrong(known === "list" ? "list takes nothing behind it" : `say whom: parley contacts ${known} NICK`)
    if (known === "verify" && digits.length === 0)
      return wrong("say what you compared: parley contacts verify NICK DIGITS (see: parley contacts show NICK)")
    const folder = home ?? folders.dataHome
    return folder === undefined
      ? wrong(noHome(folders), ExitCode.failure)
      : Either.right({ action: known, who: somebody ?? "", digits: digits.join(" "), nick, json, names, home: folder })
  }
})

const wrong = (message: string, exitCode: ExitCode = ExitCode.usage) =>
  Either.left(new ProgramError({ message, exitCode }))

export type ContactsSettings = Subcommand.SettingsOf<typeof contacts>

export const key = Subcommand.make({
  name: "key",
  help: "Print the fingerprint of your key under a nickname, for others to compare, without a server",
  options: { nick: ownNick, home, json: toggle("Write one line of JSON"), config },
  arguments: {},
  settings: ({ config: _, home, json, nick }, { folders }) => {
    const folder = home ?? folders.dataHome
    return folder === undefined ? wrong(noHome(folders), ExitCode.failure) : Either.right({ nick, json, home: folder })
  }
})

export type KeySettings = Subcommand.SettingsOf<typeof key>
