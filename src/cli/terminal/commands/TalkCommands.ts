import * as Effect from "effect/Effect"
import { inSlices } from "../../../client/InSlices.js"
import type { ClientError } from "../../../core/client/ClientError.js"
import type { ListedPeer } from "../../../core/client/PeerInfo.js"
import { nameUnits, Slice, type Sliced } from "../../../core/support/Slices.js"
import type { MessageId } from "../../../domain/MessageId.js"
import * as Nickname from "../../../domain/Nickname.js"
import { MAX_NICK } from "../../../domain/Nickname.js"
import * as SafeText from "../../../domain/SafeText.js"
import type { TerminalSize } from "../../../services/Terminal.js"
import { nearest } from "../../Nearest.js"
import * as History from "../History.js"
import * as KeyTexts from "../KeyTexts.js"
import * as PeerList from "../PeerList.js"
import * as Texts from "../Texts.js"
import { isGroupName, leaveGroup, membersOf, sayInGroup, turnToGroup } from "./GroupCommands.js"
import {
  alone,
  attempt,
  type Context,
  failureOf,
  make,
  nothing,
  type Outcome,
  optionalWord,
  remark,
  word
} from "./TerminalCommand.js"

/** Who is there, and conversations with them. */
export const talkCommands = [
  make({
    names: ["list"],
    elsewhere: ["names"],
    usage: "list [WORD]",
    wants: "word",
    reminder: "list, list WORD for those with it in their names, list 2 for the second page",
    help: "who is there; with WORD, those with it in their names",
    bare: 0,
    parse: PeerList.parse,
    run: (wanted, { chat, client, palette, terminal, ui }) =>
      attempt(
        { chat, ui },
        Effect.flatMap(client.list, (all) =>
          inSlices(listed(all, wanted, { me: chat.me, palette, screen: screenOf(terminal) }, chat))
        ),
        (lines) => lines
      )
  }),
  make({
    names: ["query"],
    elsewhere: ["q"],
    usage: "query NICK",
    wants: "nick",
    help: "talk to somebody, or answer who asked for you",
    bare: 1,
    parse: word,
    run: (nick, context) =>
      isGroupName(nick)
        ? turnToGroup(nick, context)
        : Effect.matchEffect(context.client.query(nick), {
            onSuccess: ({ peer }) =>
              Effect.zipRight(
                Effect.suspend(() => context.ui.print(context.chat.opened(peer))),
                context.terminal.interactive ? recall(peer.nick, context) : Effect.void
              ),
            onFailure: (error) => notFound(error, nick, context)
          })
  }),
  make({
    names: ["to"],
    elsewhere: ["window", "win", "buffer"],
    usage: "/to [NICK]",
    help: "turn to a conversation (Alt-1 to Alt-9, Alt-A for what is new); without NICK, see them all",
    wants: "nick",
    isSpeech: true,
    parse: optionalWord,
    run: ({ nick }, context) => {
      const { chat, palette, ui } = context
      if (nick === undefined) return ui.print(Texts.conversations(chat.conversations, chat.focus, chat.now, palette))
      if (isGroupName(nick)) return turnToGroup(nick, context)
      const shown = chat.turnTo(isNumber(nick) ? Number(nick) : nick)
      return shown === undefined ? noConversation(nick, context) : ui.print(shown)
    }
  }),
  make({
    names: ["who"],
    elsewhere: ["whois"],
    usage: "/who NICK",
    help: "all there is to know of somebody",
    wants: "nick",
    isSpeech: true,
    parse: word,
    run: (nick, context) => (isGroupName(nick) ? membersOf(nick, context) : who(nick, context))
  }),
  make({
    names: ["close"],
    usage: "/close",
    help: "turn away from the conversation, which goes on",
    parse: alone,
    run: (_, { chat, ui }) => ui.print(chat.turnAway())
  }),
  make({
    names: ["exit"],
    usage: "exit",
    help: "leave the conversation; outside of one, the program",
    bare: 0,
    anonymous: true,
    parse: alone,
    run: (_, context) => {
      const { focus } = context.chat
      if (focus === undefined) return quit(context)
      // Leaving a group tells others, and is not undone by oneself: it takes a word of its own.
      return isGroupName(focus) ? context.ui.print(context.chat.turnAway()) : leave(focus, context)
    }
  }),
  make({
    names: ["quit"],
    elsewhere: ["bye", "signoff"],
    usage: "/quit",
    help: "leave the program; asks first if something goes on",
    anonymous: true,
    parse: nothing,
    run: (_, context) => quit(context)
  }),
  make({
    names: ["msg"],
    elsewhere: ["m", "notice", "tell"],
    usage: "/msg NICK TEXT",
    wants: "nick",
    help: "one message, without changing the conversation; asks for NICK if need be",
    parse: (argument) => {
      const [, to, text] = /^(\S+)\s+([\s\S]+)$/.exec(argument) ?? []
      return to === undefined || text === undefined ? undefined : { to, text }
    },
    run: ({ text, to }, context) => sendToAnybody(to, text, context)
  }),
  make({
    names: ["leave"],
    elsewhere: ["part", "unquery"],
    usage: "/leave [NICK]",
    wants: "nick",
    help: "end this conversation, or the one with NICK",
    parse: optionalWord,
    run: ({ nick }, context) => {
      const { chat } = context
      if (nick === undefined)
        return chat.focus === undefined ? remark(context, "you are in no conversation") : leave(chat.focus, context)
      if (isGroupName(nick)) return leaveGroup(nick, context)
      const meant = chat.conversations.find((one) =>
        isNumber(nick) ? one.number === Number(nick) : Nickname.key(one.nick) === Nickname.key(nick)
      )
      return meant === undefined ? noConversation(nick, context) : leave(meant.nick, context)
    }
  })
]

/** Sends a message, and says so after a while if it has not arrived by then. */
export const send = (to: string, text: string, context: Context): Outcome => {
  const { chat, client, ordered, scope, ui } = context
  if (isGroupName(to)) return sayInGroup(to, text, context)
  const reportOverdue = (id: MessageId) =>
    Effect.suspend(() => {
      const report = chat.overdue(to, id)
      return report.length === 0 ? Effect.void : Effect.ignore(ui.print(report))
    })
  return Effect.matchEffect(Effect.zipLeft(client.send(to, text), client.flushed), {
    onSuccess: (id) =>
      Effect.suspend(() => ui.print(chat.sent(to, id, text))).pipe(
        Effect.zipRight(Effect.forkIn(Effect.delay(reportOverdue(id), OVERDUE), scope))
      ),
    // Nothing that was typed is lost.
    onFailure: (error) =>
      Effect.zipRight(
        ui.print(chat.failed(...failureOf(error, to))),
        to === chat.focus ? ui.restore(text) : Effect.void
      )
  }).pipe(ordered.withPermits(1))
}

/** Sends a message to somebody, and asks for them first where there is no conversation yet. The focus stays. */
const sendToAnybody = (to: string, text: string, context: Context): Outcome => {
  const { chat, client, palette } = context
  if (chat.hasAsked(to)) return send(to, text, context)
  return Effect.matchEffect(client.query(to), {
    onSuccess: ({ peer }) =>
      Effect.suspend(() => {
        chat.asked(peer)
        const nick = palette.nick(SafeText.line(peer.nick, MAX_NICK))
        return Effect.zipRight(
          remark(context, `calling ${nick}, ${KeyTexts.key(peer, chat.now)}; the conversation stays as it is`),
          send(peer.nick, text, context)
        )
      }),
    onFailure: (error) => notFound(error, to, context)
  })
}

/** Says why nobody of that name can be talked to, and who may have been meant. */
const notFound = (error: ClientError, nick: string, context: Context): Outcome => {
  const { chat, ui } = context
  const failed = chat.failed(...failureOf(error, nick))
  const near = error._tag === "NoSuchPeer" ? guess(nick, context) : ""
  return ui.print(near === "" ? failed : [...failed, chat.remark(near.slice("; ".length))])
}

/** Conversations have numbers, which go before nicknames: nobody gets what was meant for another by being called so. */
const isNumber = (which: string): boolean => /^[1-9]\d{0,2}$/.test(which)

const noConversation = (which: string, context: Context): Outcome =>
  remark(
    context,
    `there is no conversation ${SafeText.line(which, MAX_NICK)}: query NICK begins one${guess(which, context)}`
  )

/** Those on the list who are wanted; all of them are known from now on. */
function* listed(
  all: ReadonlyArray<ListedPeer>,
  wanted: PeerList.Wanted,
  looking: PeerList.Looking,
  chat: Context["chat"]
): Sliced<ReadonlyArray<string>> {
  const slice = new Slice()
  for (const { nick } of all) {
    if (slice.spend(nameUnits(nick))) yield
    chat.remember(nick)
  }
  return yield* PeerList.peers(all, wanted, looking, slice)
}

/** Whom a nickname looks like that nobody has, of those who are known here: nothing, or a question after a sentence. */
const guess = (nick: string, { chat, palette }: Context): string => {
  const known = chat.complete("")
  const meant = nearest(
    nick,
    known.map((one) => one.toLowerCase())
  )
  // Somebody who was here a moment ago is known, and was spelt right.
  const near = meant === nick.toLowerCase() ? undefined : known.find((one) => one.toLowerCase() === meant)
  return near === undefined ? "" : `; did you mean ${palette.nick(SafeText.line(near, MAX_NICK))}?`
}

/** What we know of somebody; of a stranger, what the server says. */
const who = (nick: string, context: Context): Outcome => {
  const { chat, client, palette, terminal, ui } = context
  return Effect.matchEffect(client.key(nick), {
    onSuccess: (person) =>
      Effect.suspend(() =>
        ui.print([
          ...KeyTexts.person(person, person.pairNumber === undefined, chat.now, palette),
          ...chat.about(nick),
          ...chat.disputes.again(nick)
        ])
      ),
    onFailure: () =>
      attempt(context, client.list, (all) => {
        const found = all.filter((one) => Nickname.key(one.nick) === Nickname.key(nick))
        return found.length > 0
          ? [
              ...PeerList.table(found, { me: chat.me, palette, screen: screenOf(terminal) }).flat(),
              chat.remark("you do not know them yet")
            ]
          : [chat.remark(`nobody called ${SafeText.line(nick, MAX_NICK)} is here, and you know nobody of that name`)]
      })
  })
}

/** Leaves the program. A pipe cannot be asked. */
const quit = (context: Context): Outcome => {
  const { chat, client, leaving, terminal } = context
  const loss = chat.openEnds
  return terminal.inputIsTty && leaving.asks("program", loss)
    ? remark(context, `${loss}: the same again leaves`)
    : client.exit()
}

/** Leaves the conversation, and gives up what has not arrived. */
const leave = (nick: string, context: Context): Outcome => {
  const { chat, client, leaving, terminal, ui } = context
  if (isGroupName(nick)) return leaveGroup(nick, context)
  const loss = chat.unsent(nick)
  if (terminal.inputIsTty && leaving.asks(nick, loss)) {
    const kept = nick === chat.focus ? ", /close keeps the conversation" : ""
    return remark(context, `${loss}, which leaving gives up: the same again leaves${kept}`)
  }
  return Effect.zipRight(
    client.leave(nick),
    Effect.suspend(() => ui.print(chat.left(nick)))
  )
}

/** Says, once for each conversation, that there is a history. Without one there is nothing to say. */
const recall = (nick: string, { chat, client, palette, started, ui }: Context): Outcome =>
  chat.recall(nick)
    ? Effect.matchEffect(client.history({ nick, limit: 1, before: started }), {
        onSuccess: (page) => ui.print(History.earlier(page, palette)),
        onFailure: () => Effect.void
      })
    : Effect.void

/** What a list is laid out for; nothing where every line stays whole. */
const screenOf = ({ interactive, size }: Context["terminal"]): TerminalSize | undefined =>
  interactive ? size() : undefined

/** A message that took this long is worth a word; on any path that works it takes a round trip. */
const OVERDUE = "5 seconds"
