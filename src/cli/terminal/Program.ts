import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Mailbox from "effect/Mailbox"
import * as Stream from "effect/Stream"
import type { ClientApi } from "../../client/Client.js"
import type { ClientError } from "../../core/client/ClientError.js"
import * as SafeText from "../../domain/SafeText.js"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import type { ListFolder } from "../files/Folders.js"
import { ProgramError } from "../ProgramError.js"
import { Chat } from "./Chat.js"
import * as Commands from "./Commands.js"
import * as Completion from "./Completion.js"
import * as Describe from "./Describe.js"
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
  /** The folder that `~` means in paths. */
  readonly home?: string
  /** For the completion of paths. */
  readonly listFolder?: ListFolder
}

/**
 * The client for people: a line editor on a terminal, plain lines otherwise. Ends when the person leaves, the input
 * ends or the server refuses us for good. Lines are obeyed one after the other, while the editor goes on.
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
      const completion = Completion.make({
        nicks: (prefix) => chat.complete(prefix),
        listFolder: options.listFolder,
        home: options.home
      })
      const started = clock.unsafeCurrentTimeMillis()
      /** Whoever types has looked at the screen. */
      const markRead = Effect.suspend(() =>
        Effect.forEach(chat.takeUnread(), ({ id, nick }) => Effect.ignore(client.read(nick, id)), { discard: true })
      )
      const ui = yield* (terminal.interactive ? Ui.interactive(chat, completion) : Ui.plain).pipe(
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

      /** Progress is to be drawn. */
      const moved = yield* Effect.makeLatch(false)

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

      const obey = Commands.make({
        client,
        chat,
        ui,
        terminal,
        palette,
        started,
        ordered,
        register,
        scope: yield* Effect.scope,
        home: options.home
      })

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
            const show = Effect.suspend(() => {
              const news = chat.handle(event)
              if (event._tag !== "Transfer" || news.length > 0) return ui.print(news)
              moved.unsafeOpen()
              return Effect.void
            })
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
      if (terminal.interactive)
        yield* Effect.forkScoped(
          Effect.forever(
            moved.await.pipe(
              Effect.zipRight(Effect.sync(() => moved.unsafeClose())),
              Effect.zipRight(Effect.ignore(ui.print([]))),
              Effect.zipRight(Effect.sleep(REDRAW))
            )
          )
        )
      // The events end the program; a fault of any other part does so too.
      yield* Effect.raceFirst(
        Fiber.join(output),
        Effect.zipRight(Effect.all([worker, input], { concurrency: "unbounded", discard: true }), Effect.never)
      )
    })
  )

/** Lines typed ahead of a slow answer. */
const MAX_QUEUED = 64

/** What pipes bring for somebody who has no nickname gets as long as a client waits for an answer of the server. */
const REGISTRATION_GRACE = "10 seconds"

const NOBODY = new ProgramError({ message: "the input ended before there was a nickname" })

/** Milliseconds between two drawings of progress: often enough to see it move, seldom enough to stay calm. */
const REDRAW = 200

const timeOfDay = (clock: Clock.Clock): string => {
  const now = new Date(clock.unsafeCurrentTimeMillis())
  return `${String(now.getHours()).padStart(2, "0")}:${String(now.getMinutes()).padStart(2, "0")}`
}
