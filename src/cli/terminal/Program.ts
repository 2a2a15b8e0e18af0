import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Mailbox from "effect/Mailbox"
import * as Stream from "effect/Stream"
import type { ClientApi, ClientError } from "../../client/Client.js"
import { DEFAULT_LIMIT } from "../../client/history/Api.js"
import * as SafeText from "../../domain/SafeText.js"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import { ProgramError } from "../ProgramError.js"
import { Chat } from "./Chat.js"
import * as Describe from "./Describe.js"
import * as History from "./History.js"
import * as Palette from "./Palette.js"
import * as Ui from "./Ui.js"
import * as Words from "./Words.js"

export interface TerminalOptions {
  /** The nickname to register; asked for when left out. */
  readonly nick: string | undefined
  /** Lines that are taken as typed once there is a nickname. */
  readonly first?: ReadonlyArray<string>
  /** Whether others are told what was read: what was on the screen when the person typed something. */
  readonly readReceipts?: boolean
}

/**
 * The client for people: a line editor on a terminal, plain lines otherwise. Ends when the person leaves, the input ends or the
 * server refuses us for good. Lines are obeyed one after the other, while the editor goes on.
 */
export const run = (
  client: ClientApi,
  options: TerminalOptions
): Effect.Effect<void, TerminalClosed | ProgramError, Terminal> =>
  Effect.scoped(
    Effect.gen(function* () {
      const terminal = yield* Terminal
      const palette = Palette.make(terminal.colors)
      const clock = yield* Effect.clock
      const chat = new Chat(palette, terminal.interactive ? () => timeOfDay(clock) : () => "")
      const started = clock.unsafeCurrentTimeMillis()
      /** Whoever types has looked at the screen. */
      const markRead = Effect.suspend(() =>
        Effect.forEach(chat.takeUnread(), ({ id, nick }) => Effect.ignore(client.read(nick, id)), { discard: true })
      )
      const ui = yield* (terminal.interactive ? Ui.interactive(chat) : Ui.plain).pipe(
        Effect.provideService(
          Terminal,
          options.readReceipts === true ? { ...terminal, input: Stream.tap(terminal.input, () => markRead) } : terminal
        )
      )
      const lines = yield* Mailbox.make<string>({ capacity: MAX_QUEUED })
      const registered = yield* Deferred.make<void>()
      // That a message was sent must be shown before what becomes of it, which another fiber shows.
      const ordered = yield* Effect.makeSemaphore(1)
      const failed = (error: ClientError, nick?: string) => ui.print(chat.failed(error, nick))
      /** A nickname was asked for, and the server does not answer. */
      let stranded = false
      let registering = false
      /** The person wants to leave, and has no nickname yet. */
      let leaving = false
      const leaveIfStranded = Effect.suspend(() => (leaving && stranded ? client.exit() : Effect.void))

      const register = (nick: string) =>
        Effect.matchEffect(trying(nick, client.register(nick)), {
          // The lines that follow are for somebody who has a nickname, on the screen too.
          onSuccess: () => Deferred.await(registered),
          onFailure: (error): Effect.Effect<void, TerminalClosed | ProgramError> => {
            // Nobody is there who could be asked, and what comes next was written for somebody who has the nickname.
            if (chat.choosing && !terminal.inputIsTty)
              return new ProgramError({ message: SafeText.line(error.message) })
            return error.code === "NickTaken"
              ? ui.print(chat.taken(nick, error.suggestions ?? [], error.byOurselves ? error.message : undefined))
              : failed(error)
          }
        })

      const trying = <A, E>(nick: string, attempt: Effect.Effect<A, E>): Effect.Effect<A, E> =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            registering = true
            chat.awaiting(nick)
          }),
          () => Effect.zipRight(Effect.ignore(ui.print([])), attempt),
          () =>
            Effect.sync(() => {
              registering = false
              stranded = false
              chat.awaiting(undefined)
            })
        )

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
              Effect.zipRight(Effect.forkScoped(Effect.delay(reportOverdue(to, id), OVERDUE)))
            ),
          onFailure: failed
        }).pipe(ordered.withPermits(1))

      const reportOverdue = (to: string, id: string) =>
        Effect.suspend(() => {
          const report = chat.overdue(to, id)
          return report.length === 0 ? Effect.void : Effect.ignore(ui.print(report))
        })

      const leave = (nick: string) =>
        Effect.zipRight(
          client.leave(nick),
          Effect.suspend(() => ui.print(chat.left(nick)))
        )

      const obey = (line: string) => {
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
          case "Path":
            return Effect.matchEffect(client.setPath(intent.nick, intent.policy), {
              onSuccess: () =>
                ui.print([chat.remark(`the path to ${SafeText.line(intent.nick)} is ${intent.policy} now`)]),
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

      const worker = Effect.gen(function* () {
        if (options.nick !== undefined) yield* register(options.nick)
        if (options.first !== undefined) {
          yield* Deferred.await(registered)
          for (const line of options.first) yield* obey(line)
        }
        yield* Effect.forever(Effect.flatMap(lines.take, obey)).pipe(
          Effect.catchTag("NoSuchElementException", () =>
            chat.choosing && !terminal.interactive ? NOBODY : client.exit()
          )
        )
      })

      const accept = (line: string): Effect.Effect<void, ProgramError> =>
        Effect.gen(function* () {
          if (chat.choosing) {
            const { _tag } = Words.parse(line)
            if (_tag === "Help") return yield* Effect.ignore(ui.print(Describe.help(palette)))
            if (_tag === "Exit") {
              leaving = true
              yield* leaveIfStranded
            } else if (stranded && terminal.interactive && _tag !== "Nothing")
              return yield* Effect.ignore(
                ui.print([chat.remark("the server has not answered yet; wait for it, or type exit")])
              )
          }
          if (!lines.unsafeOffer(line))
            yield* chat.choosing
              ? Effect.timeoutFail(lines.offer(line), { duration: REGISTRATION_GRACE, onTimeout: () => NOBODY })
              : lines.offer(line)
        })

      const finish = (end: Ui.InputEnd): Effect.Effect<void, ProgramError> =>
        Effect.gen(function* () {
          if (end === "interrupt") return yield* client.exit()
          yield* lines.end
          leaving = chat.choosing && terminal.interactive
          yield* leaveIfStranded
          if (!chat.choosing || terminal.interactive) return
          yield* Effect.sleep(REGISTRATION_GRACE)
          if (chat.choosing) yield* NOBODY
        })

      const input = Effect.flatMap(ui.read(accept), finish)

      const output = yield* Effect.fork(
        Stream.runForEach(client.events, (event) =>
          Effect.gen(function* () {
            const show = Effect.suspend(() => ui.print(chat.handle(event)))
            yield* event._tag === "Delivered" || event._tag === "Read" ? ordered.withPermits(1)(show) : show
            if (event._tag === "ServerLost") {
              stranded = registering && chat.choosing
              yield* leaveIfStranded
            }
            if (event._tag === "Registered") Deferred.unsafeDone(registered, Effect.void)
            if (event._tag === "Closed" && event.reason !== "exit")
              return yield* new ProgramError({ message: SafeText.line(event.message) })
          })
        )
      )
      // The events end the program; a fault of any other part does so too.
      yield* Effect.raceFirst(
        Fiber.join(output),
        Effect.zipRight(Effect.all([worker, input], { concurrency: "unbounded", discard: true }), Effect.never)
      )
    })
  )

/** What may be asked for without a nickname. */
const ANONYMOUS: ReadonlySet<Words.Intent["_tag"]> = new Set(["Say", "Nick", "Exit", "Help", "Nothing", "Wrong"])

/** Lines typed ahead of a slow answer. */
const MAX_QUEUED = 64

/** What pipes bring for somebody who has no nickname gets as long as a client waits for an answer of the server. */
const REGISTRATION_GRACE = "10 seconds"

const NOBODY = new ProgramError({ message: "the input ended before there was a nickname" })

/** A message that took this long is worth a word; on any path that works it takes a round trip. */
const OVERDUE = "5 seconds"

const timeOfDay = (clock: Clock.Clock): string => {
  const now = new Date(clock.unsafeCurrentTimeMillis())
  return `${String(now.getHours()).padStart(2, "0")}:${String(now.getMinutes()).padStart(2, "0")}`
}
