import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ClientApi } from "../../client/Client.js"
import { DEFAULT_LIMIT } from "../../client/history/Api.js"
import type { ClientError } from "../../core/client/ClientError.js"
import type { MessageId } from "../../domain/MessageId.js"
import * as SafeText from "../../domain/SafeText.js"
import type { Terminal, TerminalClosed } from "../../services/Terminal.js"
import type { ProgramError } from "../ProgramError.js"
import type { Chat } from "./Chat.js"
import * as Describe from "./Describe.js"
import * as FileCommands from "./FileCommands.js"
import * as History from "./History.js"
import type { Palette } from "./Palette.js"
import type { Ui } from "./Ui.js"
import * as Words from "./Words.js"

export interface Surroundings {
  readonly client: ClientApi
  readonly chat: Chat
  readonly ui: Ui
  readonly terminal: Terminal["Type"]
  readonly palette: Palette
  /** Lives as long as the program. */
  readonly scope: Scope.Scope
  /** When the program began: what is older is history. */
  readonly started: number
  /** That a message was sent must be shown before what becomes of it. */
  readonly ordered: Effect.Semaphore
  readonly register: (nick: string) => Effect.Effect<void, TerminalClosed | ProgramError>
  /** The folder that `~` means. */
  readonly home: string | undefined
}

/** Does what a line says, and tells of it. */
export const make = (
  surroundings: Surroundings
): ((line: string) => Effect.Effect<void, TerminalClosed | ProgramError>) => {
  const { chat, client, ordered, palette, register, scope, started, terminal, ui } = surroundings
  const failed = (error: ClientError, nick?: string) => ui.print(chat.failed(error, nick))
  const files = FileCommands.make(surroundings)

  const query = (nick: string) =>
    Effect.matchEffect(client.query(nick), {
      onSuccess: ({ peer }) =>
        Effect.zipRight(
          Effect.suspend(() => ui.print(chat.opened(peer.nick))),
          terminal.interactive ? recall(peer.nick) : Effect.void
        ),
      onFailure: (error) => failed(error, nick)
    })

  /** Once for each conversation: that there is a history. Without one there is nothing to say. */
  const recall = (nick: string) =>
    chat.recall(nick)
      ? Effect.matchEffect(client.history({ peer: nick, limit: 1, before: started }), {
          onSuccess: (page) => ui.print(History.earlier(page, palette)),
          onFailure: () => Effect.void
        })
      : Effect.void

  const send = (to: string, text: string) =>
    Effect.matchEffect(client.send(to, text), {
      onSuccess: (id) =>
        Effect.suspend(() => ui.print(chat.sent(to, id, text))).pipe(
          Effect.zipRight(Effect.forkIn(Effect.delay(reportOverdue(to, id), OVERDUE), scope))
        ),
      onFailure: failed
    }).pipe(ordered.withPermits(1))

  const reportOverdue = (to: string, id: MessageId) =>
    Effect.suspend(() => {
      const report = chat.overdue(to, id)
      return report.length === 0 ? Effect.void : Effect.ignore(ui.print(report))
    })

  const leave = (nick: string) =>
    Effect.zipRight(
      client.leave(nick),
      Effect.suspend(() => ui.print(chat.left(nick)))
    )

  return (line: string): Effect.Effect<void, TerminalClosed | ProgramError> => {
    const intent = Words.parse(line)
    if (chat.choosing && !ANONYMOUS.has(intent._tag))
      return ui.print([chat.remark("you need a nickname first: type one")])
    switch (intent._tag) {
      case "Nothing":
        return Effect.void
      case "Help":
        return ui.print(Describe.help(palette))
      case "Wrong":
        return ui.print([chat.remark(`type ${palette.bold(intent.usage)}`)])
      case "Exit":
        return chat.focus === undefined ? client.exit() : leave(chat.focus)
      case "Nick":
        return register(intent.nick)
      case "Say":
        if (chat.choosing) return register(intent.text.trim())
        return chat.focus === undefined ? ui.print(chat.nowhere()) : send(chat.focus, intent.text)
      case "Leave":
        return chat.focus === undefined ? ui.print([chat.remark("you are in no conversation")]) : leave(chat.focus)
      case "List":
        return Effect.matchEffect(client.list, {
          onSuccess: (peers) => {
            for (const { nick } of peers) chat.remember(nick)
            return ui.print(Describe.peers(peers, chat.me, palette))
          },
          onFailure: failed
        })
      case "Query":
        return query(intent.nick)
      case "Message":
        return send(intent.to, intent.text)
      case "Why": {
        const nick = intent.nick ?? chat.focus
        if (nick === undefined) return ui.print([chat.remark("type /why NICK")])
        return Effect.matchEffect(client.why(nick), {
          onSuccess: (why) => ui.print(Describe.why(why, palette)),
          onFailure: failed
        })
      }
      case "History": {
        const nick = intent.nick ?? chat.focus
        if (nick === undefined) return ui.print([chat.remark("type /history NICK, or /search WORDS")])
        const limit = Math.min(intent.count ?? DEFAULT_LIMIT, History.MAX_COUNT)
        return Effect.matchEffect(client.history({ peer: nick, limit }), {
          onSuccess: (page) => ui.print(History.conversation(nick, page, chat.me ?? "", palette)),
          onFailure: failed
        })
      }
      case "Search":
        return Effect.matchEffect(client.history({ search: intent.words }), {
          onSuccess: (page) => ui.print(History.found(page, chat.me ?? "", palette)),
          onFailure: failed
        })
      case "Forget": {
        const nick = intent.everybody ? undefined : (intent.nick ?? chat.focus)
        if (nick === undefined && !intent.everybody)
          return ui.print([chat.remark("type /history clear NICK, or /history clear all")])
        return Effect.matchEffect(client.clearHistory(nick), {
          onSuccess: () =>
            ui.print([
              chat.remark(
                nick === undefined ? "all history is gone" : `the history with ${SafeText.line(nick)} is gone`
              )
            ]),
          onFailure: failed
        })
      }
      case "SendFile":
        return files.send(intent)
      case "Transfer":
        return files.act(intent)
      case "Files":
        return ui.print(chat.transfers.list(terminal.size().columns))
      case "Path":
        return Effect.matchEffect(client.setPath(intent.nick, intent.policy), {
          onSuccess: () => ui.print([chat.remark(`the path to ${SafeText.line(intent.nick)} is ${intent.policy} now`)]),
          onFailure: failed
        })
      case "Trust":
        return Effect.matchEffect(client.trust(intent.nick), {
          onSuccess: () =>
            ui.print([
              chat.remark(
                `the new key of ${SafeText.line(intent.nick)} is trusted: type query ${SafeText.line(intent.nick)}`
              )
            ]),
          onFailure: failed
        })
    }
  }
}

/** What may be asked for without a nickname. */
const ANONYMOUS: ReadonlySet<Words.Intent["_tag"]> = new Set(["Say", "Nick", "Exit", "Help", "Nothing", "Wrong"])

/** A message that took this long is worth a word; on any path that works it takes a round trip. */
const OVERDUE = "5 seconds"
