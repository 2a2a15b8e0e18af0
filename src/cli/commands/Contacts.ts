import * as Args from "@effect/cli/Args"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { ExitCode } from "../ExitCode.js"
import { ProgramError } from "../ProgramError.js"
import { toggle } from "./Option.js"
import { config, home, noHome, ownNick } from "./Options.js"
import * as Subcommand from "./Subcommand.js"

const ACTIONS = ["list", "show", "verify", "unverify", "block", "unblock", "forget"] as const
export type ContactAction = (typeof ACTIONS)[number]

export const contacts = Subcommand.make({
  name: "contacts",
  help: "See whom you know, without a server: list, show NICK, verify NICK DIGITS, unverify, block, unblock or forget NICK",
  options: { nick: ownNick, home, json: toggle("Write one line of JSON"), config },
  arguments: {
    action: Args.text({ name: "ACTION" }).pipe(
      Args.withDescription(`What to do: ${ACTIONS.join(", ")} (default: list)`),
      Args.optional
    ),
    who: Args.text({ name: "NICK" }).pipe(
      Args.withDescription("A nickname, or a whole fingerprint; behind it, for verify, the digits that you compared"),
      Args.repeated
    )
  },
  settings: ({ action, config: _, home, json, nick, who }, folders) => {
    const named = Option.getOrElse(action, () => "list")
    const known = ACTIONS.find((one) => one === named)
    if (known === undefined) return wrong(`contacts does one of ${ACTIONS.join(", ")}, not ${named}`)
    const [somebody, ...digits] = known === "verify" ? who : [who.join(" ")]
    if (known === "list" ? who.length > 0 : somebody === undefined || somebody === "")
      return wrong(known === "list" ? "list takes nothing behind it" : `say whom: parley contacts ${known} NICK`)
    if (known === "verify" && digits.length === 0)
      return wrong("say what you compared: parley contacts verify NICK DIGITS (see: parley contacts show NICK)")
    const folder = home ?? folders.dataHome
    return folder === undefined
      ? wrong(noHome(folders), ExitCode.failure)
      : Either.right({ action: known, who: somebody ?? "", digits: digits.join(" "), nick, json, home: folder })
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
  settings: ({ config: _, home, json, nick }, folders) => {
    const folder = home ?? folders.dataHome
    return folder === undefined ? wrong(noHome(folders), ExitCode.failure) : Either.right({ nick, json, home: folder })
  }
})

export type KeySettings = Subcommand.SettingsOf<typeof key>
