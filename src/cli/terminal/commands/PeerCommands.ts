import { POLICIES } from "../../../core/peer/path/Policy.js"
import * as SafeText from "../../../domain/SafeText.js"
import * as Texts from "../Texts.js"
import { attempt, make, optionalWord, remark, word } from "./TerminalCommand.js"

/** Nicknames, and the ways to the people behind them. */
export const peerCommands = [
  make({
    names: ["nick"],
    usage: "/nick NICK",
    help: "take another nickname",
    anonymous: true,
    parse: word,
    run: (nick, { register }) => register(nick)
  }),
  make({
    names: ["why"],
    usage: "/why [NICK]",
    wants: "nick",
    isSpeech: true,
    reminder: "/why NICK",
    help: "how somebody is reached, why so, and what would make it direct",
    parse: optionalWord,
    run: (given, context) => {
      const nick = given.nick ?? context.chat.focus
      if (nick === undefined) return remark(context, "type /why NICK")
      return attempt(context, context.client.why(nick), (why) => Texts.why(why, context.chat.now, context.palette))
    }
  }),
  make({
    names: ["path"],
    usage: "/path NICK POLICY",
    wants: "nick",
    reminder: `/path NICK ${POLICIES.join("|")}`,
    help: "prefer-direct, direct-only, or relay-only (which hides your address)",
    parse: (argument) => {
      const [nick, wanted, ...more] = argument.split(/\s+/)
      const policy = POLICIES.find((known) => known === wanted?.toLowerCase())
      return nick === undefined || policy === undefined || more.length > 0 ? undefined : { nick, policy }
    },
    run: ({ nick, policy }, context) =>
      attempt(context, context.client.setPath(nick, policy), () => [
        context.chat.remark(`the path to ${SafeText.line(nick)} is ${policy} now`)
      ])
  })
]
