import * as Effect from "effect/Effect"
import type { MessageId } from "../../../domain/MessageId.js"
import * as History from "../History.js"
import * as Texts from "../Texts.js"
import { attempt, type Context, failureOf, make, nothing, type Outcome, remark, word } from "./TerminalCommand.js"

/** Who is there, and conversations with them. */
export const talkCommands = [
  make({
    names: ["list"],
    usage: "list",
    wants: "word",
    help: "who is there",
    bare: 0,
    parse: nothing,
    run: (_, context) =>
      attempt(context, context.client.list, (peers) => {
        for (const { nick } of peers) context.chat.remember(nick)
        return Texts.peers(peers, context.chat.me, context.palette)
      })
  }),
  make({
    names: ["query"],
    usage: "query NICK",
    wants: "nick",
    help: "talk to somebody, or answer who asked for you",
    bare: 1,
    parse: word,
    run: (nick, context) =>
      Effect.matchEffect(context.client.query(nick), {
        onSuccess: ({ peer }) =>
          Effect.zipRight(
            Effect.suspend(() => context.ui.print(context.chat.opened(peer))),
            context.terminal.interactive ? recall(peer.nick, context) : Effect.void
          ),
        onFailure: (error) => context.ui.print(context.chat.failed(...failureOf(error, nick)))
      })
  }),
  make({
    names: ["exit", "quit"],
    usage: "exit",
    help: "leave the conversation; outside of one, the program",
    bare: 0,
    anonymous: true,
    parse: nothing,
    run: (_, context) => (context.chat.focus === undefined ? context.client.exit() : leave(context.chat.focus, context))
  }),
  make({
    names: ["msg"],
    usage: "/msg NICK TEXT",
    wants: "nick",
    help: "one message, without changing the conversation",
    parse: (argument) => {
      const [, to, text] = /^(\S+)\s+([\s\S]+)$/.exec(argument) ?? []
      return to === undefined || text === undefined ? undefined : { to, text }
    },
    run: ({ text, to }, context) => send(to, text, context)
  }),
  make({
    names: ["leave"],
    usage: "/leave",
    help: "end this conversation",
    parse: nothing,
    run: (_, context) =>
      context.chat.focus === undefined
        ? remark(context, "you are in no conversation")
        : leave(context.chat.focus, context)
  })
]

/** Sends a message, and says so after a while if it has not arrived by then. */
export const send = (to: string, text: string, { chat, client, ordered, scope, ui }: Context): Outcome => {
  const reportOverdue = (id: MessageId) =>
    Effect.suspend(() => {
      const report = chat.overdue(to, id)
      return report.length === 0 ? Effect.void : Effect.ignore(ui.print(report))
    })
  return Effect.matchEffect(client.send(to, text), {
    onSuccess: (id) =>
      Effect.suspend(() => ui.print(chat.sent(to, id, text))).pipe(
        Effect.zipRight(Effect.forkIn(Effect.delay(reportOverdue(id), OVERDUE), scope))
      ),
    onFailure: (error) => ui.print(chat.failed(...failureOf(error, to)))
  }).pipe(ordered.withPermits(1))
}

const leave = (nick: string, { chat, client, ui }: Context): Outcome =>
  Effect.zipRight(
    client.leave(nick),
    Effect.suspend(() => ui.print(chat.left(nick)))
  )

/** Says, once for each conversation, that there is a history. Without one there is nothing to say. */
const recall = (nick: string, { chat, client, palette, started, ui }: Context): Outcome =>
  chat.recall(nick)
    ? Effect.matchEffect(client.history({ nick, limit: 1, before: started }), {
        onSuccess: (page) => ui.print(History.earlier(page, palette)),
        onFailure: () => Effect.void
      })
    : Effect.void

/** A message that took this long is worth a word; on any path that works it takes a round trip. */
const OVERDUE = "5 seconds"
