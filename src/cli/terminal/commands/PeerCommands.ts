import * as Effect from "effect/Effect"
import { POLICIES } from "../../../core/peer/path/Policy.js"
import * as SafeText from "../../../domain/SafeText.js"
import * as Texts from "../Texts.js"
import { attempt, make, nothing, optionalWord, remark, respelt, word } from "./TerminalCommand.js"

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
    names: ["away"],
    usage: "/away [TEXT]",
    help: "have everybody who talks to you, or calls, told that you are away, and why; /back takes it back",
    parse: (argument) => argument,
    run: (text, { chat, client, palette, ui }) =>
      Effect.suspend(() => {
        const said = SafeText.line(text, MAX_AWAY)
        chat.isAway = true
        const about = said === "" ? "" : `: ${said}`
        const told = chat.remark(`others see that you are away${about}; ${palette.bold("/back")} takes it back`)
        return Effect.zipRight(client.away(said), ui.print([told]))
      })
  }),
  make({
    names: ["back"],
    usage: "/back",
    help: "have them told that you are there again",
    parse: nothing,
    run: (_, { chat, client, ui }) =>
      Effect.suspend(() => {
        chat.isAway = false
        return Effect.zipRight(client.away(undefined), ui.print([chat.remark("others see that you are there again")]))
      })
  }),
  make({
    names: ["why"],
    elsewhere: ["ping", "lag"],
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
    meant: (words) => respelt(words, 1, POLICIES),
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

/** Characters of what one says about being away. */
const MAX_AWAY = 200
