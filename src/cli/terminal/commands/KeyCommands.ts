import * as Effect from "effect/Effect"
import type { ContactError } from "../../../core/client/ClientError.js"
import * as Fingerprint from "../../../domain/Fingerprint.js"
import { MAX_NICK } from "../../../domain/Nickname.js"
import * as SafeText from "../../../domain/SafeText.js"
import * as KeyTexts from "../KeyTexts.js"
import {
  attempt,
  type Context,
  make,
  nothing,
  type Outcome,
  optionalWord,
  remark,
  respelt,
  word
} from "./TerminalCommand.js"

/** Whose key is whose: to see, to compare, to decide; and whom to hear nothing of. */
export const keyCommands = [
  make({
    names: ["key"],
    usage: "/key [NICK]",
    wants: "nick",
    help: "your key, or somebody's: since when you know it, and whether it is verified",
    parse: optionalWord,
    run: ({ nick }, context) =>
      attempt(context, context.client.key(nick), (who) => [
        ...KeyTexts.person(who, who.pairNumber === undefined, context.chat.now, context.palette),
        ...(nick === undefined ? [] : context.chat.disputes.again(nick))
      ])
  }),
  make({
    names: ["verify"],
    usage: "/verify [NICK]",
    wants: "nick",
    reminder: "/verify NICK to see the number to compare, then /verify NICK yes (or the digits that you compared)",
    help: "a number and a QR code that are the same on both screens if nobody is between you",
    meant: (words) => respelt(words, 1, ["yes"]),
    parse: (argument) => {
      const [, nick, digits] = /^(\S+)(?:\s+(yes|[0-9][0-9\s-]*))?$/i.exec(argument) ?? []
      return argument === ""
        ? {}
        : nick === undefined
          ? undefined
          : { nick, ...(digits === undefined ? {} : { digits }) }
    },
    run: (request, context) => verify(request, context)
  }),
  make({
    names: ["unverify"],
    usage: "/unverify NICK",
    wants: "nick",
    help: "take that back",
    parse: word,
    run: (nick, context) =>
      decide(context, context.client.unverify(nick), nick, (name) => `${name} is not verified any more`)
  }),
  make({
    names: ["trust"],
    usage: "/trust NICK DIGITS",
    wants: "nick",
    reminder: "/trust NICK DIGITS (the first five of the key, or more)",
    help: "say which key is a nickname's, after you checked it with its owner",
    parse: (argument) => {
      const [, nick, digits] = /^(\S+)\s+([0-9][0-9\s-]*)$/.exec(argument) ?? []
      return nick === undefined || digits === undefined ? undefined : { nick, digits }
    },
    run: ({ digits, nick }, context) =>
      attempt(context, context.client.trust(nick, digits), () => {
        context.chat.disputes.settled(nick)
        const name = SafeText.line(nick, MAX_NICK)
        return [context.chat.remark(`the key ${SafeText.line(digits)} of ${name} is trusted: type query ${name}`)]
      })
  }),
  make({
    names: ["contacts"],
    usage: "/contacts",
    help: "whom you know: their keys, whether verified or blocked",
    parse: nothing,
    run: (_, context) =>
      attempt(context, context.client.contacts, (all) => KeyTexts.contacts(all, context.chat.now, context.palette))
  }),
  make({
    names: ["block"],
    elsewhere: ["ban"],
    usage: "/block NICK",
    wants: "nick",
    reminder: "/block NICK, or a whole fingerprint",
    help: "hear nothing of somebody any more, who is told nothing of it; /unblock NICK takes it back",
    parse: somebody,
    run: (who, context) =>
      silence(
        context,
        context.client.block(who),
        who,
        (name) => `${name} is blocked: nothing is heard of them any more; /unblock ${name} takes it back`
      )
  }),
  make({
    names: ["unblock"],
    usage: "/unblock NICK",
    wants: "nick",
    reminder: "/unblock NICK, or a whole fingerprint",
    parse: somebody,
    run: (who, context) => decide(context, context.client.unblock(who), who, (name) => `${name} is blocked no longer`)
  }),
  make({
    names: ["ignore"],
    usage: "/ignore NICK",
    wants: "nick",
    help: "the same until you leave the program",
    parse: somebody,
    run: (who, context) =>
      silence(context, context.client.ignore(who), who, (name) => `${name} is ignored until you leave the program`)
  }),
  make({
    names: ["forget"],
    usage: "/forget NICK",
    wants: "nick",
    help: "forget somebody's key: they are new to you, and anybody may have the name",
    parse: somebody,
    run: (who, context) => silence(context, context.client.forget(who), who, (name) => `${name} is forgotten`)
  })
]

/** A nickname, or a whole fingerprint with its spaces. */
function somebody(argument: string): string | undefined {
  return Fingerprint.parse(argument) ?? word(argument)
}

interface Verify {
  readonly nick?: string
  readonly digits?: string
}

/** Shows the number of the pair; or takes it as compared, and then it is the one that was shown. */
const verify = (request: Verify, context: Context): Outcome => {
  const { chat, client, palette, terminal } = context
  const nick = request.nick ?? chat.focus
  if (nick === undefined) return remark(context, "type /verify NICK")
  const { digits } = request
  if (digits === undefined)
    return attempt(context, client.key(nick), (who) => {
      if (who.pairNumber === undefined) return [chat.remark("that is your own key: let people compare it with /verify")]
      chat.compare(nick, who.pairNumber)
      return [
        ...KeyTexts.person(who, false, chat.now, palette),
        ...KeyTexts.pair(nick, who.pairNumber, palette, {
          columns: terminal.size().columns,
          colors: terminal.colors,
          drawn: terminal.interactive
        })
      ]
    })
  const compared = digits.toLowerCase() === "yes" ? chat.compared(nick) : digits
  if (compared === undefined)
    return remark(
      context,
      `type ${palette.bold(`/verify ${SafeText.line(nick, MAX_NICK)}`)} first, and compare the number`
    )
  return attempt(context, client.verify(nick, compared), () => chat.verified(nick))
}

/** Asks something of the client that is about somebody, and says that it is done. */
const decide = (
  context: Context,
  call: Effect.Effect<void, ContactError>,
  who: string,
  done: (name: string) => string
): Outcome =>
  attempt(context, call, () => [context.chat.remark(done(context.palette.nick(SafeText.line(who, MAX_NICK))))])

/** The same where a conversation with them is over by it. */
const silence: typeof decide = (context, call, who, done) =>
  decide(
    context,
    Effect.tap(call, () => Effect.sync(() => context.chat.gone(who))),
    who,
    done
  )
