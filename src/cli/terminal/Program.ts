import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { ClientApi } from "../../client/Client.js"
import type { ClientEvent } from "../../core/client/Events.js"
import * as SafeText from "../../domain/SafeText.js"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import type { ListFolder } from "../files/Folders.js"
import { ProgramError } from "../ProgramError.js"
import { ChatModel } from "./ChatModel.js"
import * as ChatView from "./ChatView.js"
import * as CommandLine from "./CommandLine.js"
import * as Completion from "./Completion.js"
import { recallSettings } from "./commands/SetCommands.js"
import { help, isSpoken, unknown } from "./commands/Table.js"
import { send } from "./commands/TalkCommands.js"
import { type Context, type Outcome, remark } from "./commands/TerminalCommand.js"
import { Doubts, meantBy } from "./Doubt.js"
import * as EditorUi from "./EditorUi.js"
import { attentive, ofTerminal } from "./Fetching.js"
import * as GroupTexts from "./GroupTexts.js"
import { Leaving } from "./Leaving.js"
import * as Palette from "./Palette.js"
import * as PlainUi from "./PlainUi.js"
import * as Registration from "./Registration.js"
import type { Change } from "./Settings.js"
import * as Texts from "./Texts.js"
import { TypedAhead } from "./TypedAhead.js"
import type * as Ui from "./Ui.js"
import type { Action } from "./View.js"

export interface TerminalOptions {
  /** The nickname to register; asked for when left out. */
  readonly nick: string | undefined
  /** Lines that are taken as typed once there is a nickname. */
  readonly first?: ReadonlyArray<string>
  /** Whether others are told what was read: what was on the screen when the person typed something. */
  readonly readReceipts?: boolean
  /** The folder that `~` means in paths. */
  readonly home?: string
  /** What people know the server by, to be named before anything is asked of it. */
  readonly server?: string
  /** Begins on a screen of its own, where there is one. */
  readonly full?: boolean
  /** For the completion of paths. */
  readonly listFolder?: ListFolder
  /** What is set at the beginning. */
  readonly settings?: ReadonlyArray<Change>
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
      const given = yield* Terminal
      const palette = Palette.make(given.colors, given.colorDepth)
      const clock = yield* Effect.clock
      const chat = new ChatModel({ palette, now: client.now, interactive: given.interactive })
      for (const change of ofTerminal(given)) chat.change(change, "terminal")
      for (const change of options.settings ?? []) chat.change(change, "options")
      const terminal = yield* attentive(
        chat,
        given,
        options.readReceipts === true ? markRead(client, chat) : Effect.void
      )
      const made = makeUi(client, chat, palette, options)
      const ui = flushing(chat, yield* Effect.provideService(made, Terminal, terminal))
      const ahead = new TypedAhead()
      const registration = yield* Registration.make({ ahead, chat, client, terminal, ui })
      const session: Session = {
        client,
        chat,
        ui,
        terminal,
        palette,
        scope: yield* Effect.scope,
        started: clock.unsafeCurrentTimeMillis(),
        // The events of the client are shown by another fiber than the one that sends.
        ordered: yield* Effect.makeSemaphore(1),
        register: registration.register,
        home: options.home,
        registration,
        doubts: new Doubts(),
        ahead,
        leaving: new Leaving(),
        lines: yield* Mailbox.make<Line | Action>({ capacity: MAX_QUEUED })
      }

      if (options.full === true) yield* ui.full
      const output = yield* Effect.fork(showEvents(session))
      const input = Effect.flatMap(
        ui.read({
          line: (line) => accept(line, session),
          // In the order of the lines: what is typed after it is for the conversation that it turns to.
          action: (action) => Effect.asVoid(session.lines.offer(action)),
          leave: (again) => mayLeave(again, session)
        }),
        (end) => finish(end, session)
      )
      // The events end the program; a fault of any other part does so too.
      yield* Effect.raceFirst(
        Fiber.join(output),
        Effect.zipRight(
          Effect.all([work(options, session), input], { concurrency: "unbounded", discard: true }),
          Effect.never
        )
      )
    })
  )

/** What the parts of a running program share. */
interface Session extends Context {
  readonly registration: Registration.Registration
  readonly doubts: Doubts
  readonly ahead: TypedAhead
  /** What was typed and not obeyed yet. */
  readonly lines: Mailbox.Mailbox<Line | Action>
}

interface Line {
  readonly _tag: "Line"
  readonly text: string
  /** For `TypedAhead`. */
  readonly number: number
}

/** Our messages that stand above the draft go before whatever is printed next. */
const flushing = (chat: ChatModel, ui: Ui.Ui): Ui.Ui => ({
  read: ui.read,
  full: ui.full,
  recall: ui.recall,
  clear: ui.clear,
  restore: ui.restore,
  begun: ui.begun,
  print: (lines) =>
    Effect.suspend(() => {
      chat.attention.wake()
      return ui.print(chat.flushed(lines))
    })
})

/** A person who types has looked at the screen: with read receipts, what stands there is read. */
const markRead = (client: ClientApi, chat: ChatModel): Effect.Effect<void> =>
  Effect.suspend(() =>
    Effect.forEach(chat.takeUnread(), ({ id, nick }) => Effect.ignore(client.read(nick, id)), { discard: true })
  )

const makeUi = (
  client: ClientApi,
  chat: ChatModel,
  palette: Palette.Palette,
  { home, listFolder }: TerminalOptions
): Effect.Effect<Ui.Ui, never, Terminal | Scope.Scope> =>
  Effect.flatMap(Terminal, ({ interactive }) => {
    const completion = Completion.make({
      nicks: (prefix) => chat.complete(prefix),
      groups: Effect.map(client.groups.list, (all) => all.map(GroupTexts.called)),
      listFolder,
      home
    })
    return interactive
      ? EditorUi.make({
          view: ChatView.make(chat, client, palette),
          completion,
          heard: (answer) => chat.heard(answer),
          keep: client.keepTyped
        })
      : PlainUi.make(chat)
  })

/** Obeys what the options say, then the lines in their order. */
const work = ({ first, nick, server }: TerminalOptions, session: Session): Outcome =>
  Effect.gen(function* () {
    const { ahead, chat, client, lines, palette, registration, terminal, ui } = session
    if (nick !== undefined) yield* registration.register(nick)
    else if (terminal.inputIsTty) yield* ui.print(Texts.welcome(server, palette))
    if (first !== undefined) {
      yield* registration.first
      for (const text of first) yield* obey({ _tag: "Line", text, number: ahead.typed() }, session)
    }
    const next = Effect.flatMap(lines.take, (typed) =>
      typed._tag === "Line" ? obey(typed, session) : act(typed, session)
    )
    yield* Effect.forever(next).pipe(
      Effect.catchTag("NoSuchElementException", () => (chat.choosing && !terminal.interactive ? NOBODY : client.exit()))
    )
  })

/** Does what a line says, and tells of it. */
const obey = ({ number, text: line }: Line, session: Session): Outcome => {
  const { ahead, chat, leaving, palette, registration, terminal, ui } = session
  const typed = read(line, chat)
  if (chat.choosing && ahead.precedes(number) && !isAnonymous(typed)) {
    const place = !terminal.interactive ? "nowhere" : ui.begun() ? "history" : "draft"
    return Effect.zipRight(ui.restore(line), ui.print([Texts.noAnswer(line, place, palette)]))
  }
  if (typed._tag !== "Command" || !LEAVES.has(typed.name)) leaving.goOn()
  switch (typed._tag) {
    case "Nothing":
      return Effect.void
    case "Wrong":
      return Effect.zipRight(remark(session, Texts.wrong(typed, palette)), ui.restore(line))
    case "Unknown":
      return Effect.zipRight(unknown(typed.name, session), ui.restore(line))
    case "Text": {
      const doubt = typed.literal ? Effect.succeed(false) : doubted(typed.text, session)
      if (chat.choosing)
        return Effect.if(doubt, { onTrue: () => Effect.void, onFalse: () => registration.register(typed.text.trim()) })
      const to = chat.focus
      if (to === undefined)
        return Effect.if(doubt, { onTrue: () => Effect.void, onFalse: () => ui.print(chat.nowhere()) })
      return Effect.if(doubt, { onTrue: () => Effect.void, onFalse: () => send(to, typed.text, session) })
    }
    case "Command":
      return chat.choosing && !typed.anonymous
        ? remark(session, "you need a nickname first: type one")
        : typed.run(session)
  }
}

/** Does what a key asks for. */
const act = (action: Action, { chat, leaving, ui }: Session): Outcome =>
  Effect.suspend(() => {
    leaving.goOn()
    if (action._tag === "NextUnread") return ui.print(chat.turnToNews())
    if (action._tag !== "Switch") return Effect.void
    return ui.print(chat.turnTo(action.number) ?? [chat.remark(`there is no conversation ${action.number}`)])
  })

/** Whether the person may leave now; asks once when that ends something. */
const mayLeave = (again: boolean, { chat, leaving, ui }: Session): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    if (!again) leaving.goOn()
    const loss = chat.openEnds
    if (!leaving.asks("program", loss)) return Effect.succeed(true)
    return Effect.as(Effect.ignore(ui.print([chat.remark(`${loss}: the same again leaves`)])), false)
  })

/** Whether it takes no nickname. */
const isAnonymous = (typed: CommandLine.Typed): boolean =>
  typed._tag === "Command" ? typed.anonymous : typed._tag !== "Text"

/** What a line means now: where no person could be meant, a command needs no slash. */
const read = (line: string, chat: ChatModel): CommandLine.Typed => {
  const typed = CommandLine.parse(line)
  if (typed._tag !== "Text" || typed.literal || chat.focus !== undefined) return typed
  const meant = meantBy(typed.text, (nick) => chat.knows(nick))
  const isWord = isSpoken(line.trim().split(/\s/, 1)[0]!)
  if (meant?.exact === true) return chat.choosing && !isWord ? typed : CommandLine.parse(meant.line)
  return isWord && !chat.choosing ? CommandLine.doubted(line.trim()) : typed
}

/** Asks, if a person sits there who can be asked, whether the text is meant for the program. */
const doubted = (text: string, session: Session): Effect.Effect<boolean, TerminalClosed> => {
  const { chat, doubts, palette, terminal, ui } = session
  if (!terminal.inputIsTty) return Effect.succeed(false)
  const meant = doubts.about(text, chat.focus ?? "", (nick) => chat.knows(nick))
  if (meant === undefined) return Effect.succeed(false)
  const told = Texts.doubt(
    text,
    meant,
    { nick: chat.focus, choosing: chat.choosing, restored: terminal.interactive },
    palette
  )
  return Effect.as(Effect.zipRight(ui.print(told), ui.restore(text)), true)
}

/** Takes a line in: most wait for their turn; some must not wait for a server that does not answer. */
const accept = (text: string, session: Session): Effect.Effect<void, ProgramError> =>
  Effect.gen(function* () {
    const { ahead, chat, lines, palette, registration, terminal, ui } = session
    if (chat.choosing) {
      const typed = read(text, chat)
      const name = typed._tag === "Command" ? typed.name : undefined
      if (name === "help") return yield* Effect.ignore(ui.print(help(palette)))
      if (name === "exit" || name === "quit") yield* leaveUnnamed(session)
      else if (registration.stranded() && terminal.interactive && typed._tag !== "Nothing")
        yield* Effect.ignore(remark(session, "the server has not answered yet: that waits for it, and exit leaves"))
    }
    const line: Line = { _tag: "Line", text, number: ahead.typed() }
    if (lines.unsafeOffer(line)) return
    if (!chat.choosing) yield* lines.offer(line)
    // The keys must not wait for the server.
    else if (terminal.interactive) yield* Effect.ignore(remark(session, MANY_WAIT))
    else yield* Effect.timeoutFail(lines.offer(line), { duration: REGISTRATION_GRACE, onTimeout: () => NOBODY })
  })

/** The person leaves without a nickname: at once, unless something else was typed before that is still to be done. */
const leaveUnnamed = (session: Session): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { client, lines, registration, terminal } = session
    const isIdle = Option.contains(lines.unsafeSize(), 0)
    if (terminal.inputIsTty && isIdle) return client.exit()
    const told = terminal.interactive ? Effect.ignore(remark(session, STAYS)) : Effect.void
    return Effect.zipRight(told, registration.leave)
  })

/** The input has ended. */
const finish = (end: Ui.InputEnd, session: Session): Effect.Effect<void, ProgramError> =>
  Effect.gen(function* () {
    const { chat, client, lines, terminal } = session
    if (end === "interrupt") return yield* client.exit()
    if (chat.choosing && terminal.inputIsTty) yield* leaveUnnamed(session)
    yield* lines.end
    if (!chat.choosing || terminal.interactive) return
    yield* Effect.sleep(REGISTRATION_GRACE)
    if (chat.choosing) yield* NOBODY
  })

/** Shows what happens until the client is closed. */
const showEvents = (session: Session): Effect.Effect<void, TerminalClosed | ProgramError, Scope.Scope> =>
  Effect.gen(function* () {
    const { chat, client, ordered, registration, terminal, ui } = session
    const moved = yield* Effect.makeLatch(false)
    const show = (event: ClientEvent) =>
      Effect.suspend(() => {
        const news = chat.handle(event)
        if (event._tag !== "Transfer" || news.length > 0) return ui.print(news)
        moved.unsafeOpen()
        return Effect.void
      })
    const redraw = moved.await.pipe(
      Effect.zipRight(Effect.sync(() => moved.unsafeClose())),
      Effect.zipRight(Effect.ignore(ui.print([]))),
      Effect.zipRight(Effect.sleep(REDRAW))
    )
    if (terminal.interactive) {
      yield* Effect.forkScoped(Effect.forever(redraw))
      yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Effect.sleep(MEASURE), measure(session))))
    }
    const told = (event: ClientEvent) =>
      Effect.gen(function* () {
        yield* event._tag === "Delivered" || event._tag === "Read" ? ordered.withPermits(1)(show(event)) : show(event)
        if (event._tag === "ServerLost") yield* registration.serverLost
        if (event._tag === "Registered") {
          yield* recallSettings(session)
          if (registration.registered()) yield* Effect.flatMap(client.typed, ui.recall)
        }
        if (event._tag === "Closed" && event.reason !== "exit")
          return yield* new ProgramError({ message: SafeText.line(event.message) })
      })
    // Of a burst it is written down once, and not for each message, that it was shown.
    yield* client.handleBatches((events) =>
      Effect.forEach(events, (event) => (event._tag === "Message" ? show(event) : told(event)), { discard: true })
    )
  })

/** How the person in focus is reached now: the round trip of a handshake says little of the way it was made on. */
const measure = ({ chat, client, ui }: Session): Effect.Effect<void> =>
  Effect.suspend(() => {
    const nick = chat.focus
    if (nick === undefined) return Effect.void
    return Effect.ignore(
      Effect.flatMap(client.why(nick), ({ path }) => {
        const news = chat.measured(nick, path)
        return news === undefined ? Effect.void : ui.print(news)
      })
    )
  })

/** Commands that ask before they end something. */
const LEAVES: ReadonlySet<string> = new Set(["exit", "quit", "leave"])

const STAYS = "what you typed before waits for the server; Ctrl-C leaves at once"

/** Lines typed ahead of a slow answer. */
const MAX_QUEUED = 64

const MANY_WAIT = `${MAX_QUEUED} lines wait for the server already, so this one was not taken; Up brings it back`

/** Lines of a pipe wait for a nickname as long as a client waits for an answer of the server. */
const REGISTRATION_GRACE = "10 seconds"

const NOBODY = new ProgramError({ message: "the input ended before there was a nickname" })

/** Milliseconds between two drawings of progress: often enough to see it move, seldom enough to stay calm. */
const REDRAW = 200

/** ms: a round trip that changed is news to nobody sooner. */
const MEASURE = 3000
