import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ClientApi } from "../../client/Client.js"
import { othersRun } from "../../client/InSlices.js"
import type { ClientError } from "../../core/client/ClientError.js"
import type { ClientEvent } from "../../core/client/Events.js"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import { LINGER, unhurried } from "../ClientLifetime.js"
import { type Line, LineReader } from "../LineReader.js"
import { ProgramError } from "../ProgramError.js"
import { answer } from "./Answers.js"
import * as Command from "./Command.js"
import * as Event from "./Event.js"
import * as FromClient from "./FromClient.js"

/**
 * JSON mode: commands from standard input, events to standard output, until `exit`, the end of input, or the server's
 * refusal.
 *
 * Commands are answered one after the other, in order. Those that need a nickname wait for it; `nick` and, before there
 * is a nickname, `exit` do not. A reader of standard output that falls behind slows down the commands, the events and,
 * through flow control, the peers.
 */
export const run = (
  client: ClientApi,
  nick: string | undefined
): Effect.Effect<void, TerminalClosed | ProgramError, Terminal> =>
  Effect.scoped(
    Effect.gen(function* () {
      const terminal = yield* Terminal
      const session: Session = {
        client,
        emit: (event, ref) => terminal.write(Event.encode(FromClient.answering(event, ref))),
        emitAll: (events) => terminal.write(events.map(Event.encode).join("")),
        commands: yield* Mailbox.make<Command.Command>({ capacity: MAX_QUEUED }),
        nicknames: yield* Mailbox.make<NickRequest>({ capacity: MAX_QUEUED }),
        registered: yield* Deferred.make<void>(),
        ordered: yield* Effect.makeSemaphore(1),
        asked: [],
        current: undefined,
        nameless: false,
        overdue: false
      }
      const registrar = yield* Effect.fork(takeNicknames(session))
      if (nick !== undefined) yield* askFor({ nick, ref: undefined }, session)
      const output = yield* Effect.fork(client.handleBatches((events) => showAll(events, session), { messages: 1 }))
      const reader = Effect.zipRight(readLines(terminal.input, session), finish(registrar, session))
      // The events end the program; a fault of any other part does so too.
      yield* Effect.raceFirst(
        Fiber.join(output),
        Effect.zipRight(
          Effect.all([reader, work(session), Fiber.join(registrar)], { concurrency: "unbounded", discard: true }),
          Effect.never
        )
      )
    })
  )

/** The last line of a program that is interrupted. */
export const sayBye = Effect.flatMap(Terminal, (terminal) =>
  unhurried(Effect.timeoutOption(terminal.write(Event.encode({ event: "bye" })), LINGER))
)

/** What the parts of a running program share. */
interface Session {
  readonly client: ClientApi
  /** Writes an event, as the answer to the command with this `ref` if there is one. */
  readonly emit: (event: Event.Event, ref?: Command.Ref) => Effect.Effect<void, TerminalClosed>
  /** Writes events in one piece. */
  readonly emitAll: (events: ReadonlyArray<Event.Event>) => Effect.Effect<void, TerminalClosed>
  /** Commands that wait for their turn. */
  readonly commands: Mailbox.Mailbox<Command.Command>
  /** Nicknames to ask for, one after the other. */
  readonly nicknames: Mailbox.Mailbox<NickRequest>
  /** Done with the first nickname. */
  readonly registered: Deferred.Deferred<void>
  /** `sent` and `groupSent` must precede the `delivered` of the same message, which another fiber writes. */
  readonly ordered: Effect.Semaphore
  /** Requests for a nickname that are not answered yet. */
  readonly asked: Array<NickRequest>
  /** Our nickname as last told. */
  current: string | undefined
  /** The input ended, and there never was a nickname. */
  nameless: boolean
  /** No nickname came in time for all that waited for one: nothing more waits until there is one. */
  overdue: boolean
}

interface NickRequest {
  readonly nick: string
  readonly ref: Command.Ref | undefined
}

/** Takes commands in as they are read, until the end of the input. */
const readLines = <E>(input: Stream.Stream<Uint8Array, E>, session: Session) => {
  const lines = new LineReader(Command.MAX_COMMAND)
  const acceptAll = (chunk: ReadonlyArray<Line>) => {
    let at = 0
    const go: Effect.Effect<void, TerminalClosed> = Effect.suspend(() => {
      while (at < chunk.length) {
        const rest = accept(chunk[at++]!, session)
        if (rest !== undefined) return rest.pipe(Effect.zipRight(othersRun), Effect.zipRight(go))
      }
      return Effect.void
    })
    return go
  }
  return input.pipe(
    Stream.runForEach((chunk) => acceptAll(lines.push(chunk))),
    Effect.zipRight(Effect.suspend(() => acceptAll(lines.end())))
  )
}

/** What is to be waited for, if anything: not so for a command that there is room for. */
const accept = (line: Line, session: Session): Effect.Effect<void, TerminalClosed> | undefined => {
  if (line._tag === "TooLong") return session.emit(TOO_LONG)
  if (line.text.trim() === "") return undefined
  const decoded = Command.decode(line.text)
  if (Either.isLeft(decoded)) {
    const { message, ref } = decoded.left
    return session.emit({ event: "error", code: "BadCommand", message }, ref)
  }
  const command = decoded.right
  const isRegistered = session.current !== undefined
  if (!isRegistered && (command.cmd === "nick" || command.cmd === "exit")) return execute(command, session)
  return isRegistered && session.commands.unsafeOffer(command) ? undefined : enqueue(command, session)
}

const enqueue = (command: Command.Command, session: Session): Effect.Effect<void, TerminalClosed> =>
  Effect.gen(function* () {
    const { commands, emit, registered } = session
    const isRegistered = yield* Deferred.isDone(registered)
    if ((isRegistered || !session.overdue) && commands.unsafeOffer(command)) return
    if (isRegistered) return yield* Effect.asVoid(commands.offer(command))
    // The end of input may stand behind this line: it must not be waited for without end.
    if (!session.overdue && Option.isSome(yield* Effect.timeoutOption(commands.offer(command), REGISTRATION_GRACE)))
      return
    session.overdue = true
    yield* refuseWaiting(session)
    yield* emit(NOT_REGISTERED, command.ref)
  })

const refuseWaiting = ({ commands, emit }: Session): Effect.Effect<void, TerminalClosed> =>
  Effect.gen(function* () {
    for (const { ref } of yield* commands.clear) yield* emit(NOT_REGISTERED, ref)
  })

/** After the end of input: what was asked before is still answered, if there can be an answer. */
const finish = (registrar: Fiber.Fiber<void, TerminalClosed>, session: Session): Effect.Effect<void, TerminalClosed> =>
  Effect.gen(function* () {
    const { asked, client, commands, nicknames, registered } = session
    yield* nicknames.end
    yield* Fiber.join(registrar).pipe(
      Effect.zipRight(Effect.suspend(() => (asked.length > 0 ? Deferred.await(registered) : Effect.void))),
      Effect.timeoutOption(REGISTRATION_GRACE)
    )
    if (yield* Deferred.isDone(registered)) {
      yield* commands.offer({ cmd: "exit" })
      return
    }
    yield* commands.end
    yield* refuseWaiting(session)
    session.nameless = true
    yield* client.exit()
  })

/**
 * Executes commands in their order, once there is a nickname. What they cause has its turn in between, the writer of
 * events above all: a flood of commands would take `ordered` again and again before it, until the client takes no more
 * because nobody reads its events.
 */
const work = (session: Session): Effect.Effect<void, TerminalClosed> =>
  Effect.zipRight(
    Deferred.await(session.registered),
    Effect.forever(
      Effect.flatMap(session.commands.take, (command) =>
        isSaying(command)
          ? Effect.flatMap(session.commands.clear, (more) =>
              Effect.forEach(
                runs([command, ...more]),
                (run) => ("cmd" in run ? execute(run, session) : say(run, session)),
                { discard: true }
              )
            )
          : execute(command, session)
      ).pipe(Effect.zipRight(othersRun))
    )
  ).pipe(Effect.catchTag("NoSuchElementException", () => Effect.void))

/** What is said to somebody, or to a group. */
type Saying = Extract<Command.Command, { readonly cmd: "send" | "groupSend" }>

const isSaying = (command: Command.Command): command is Saying => command.cmd === "send" || command.cmd === "groupSend"

/** The commands in their order, those that say something and follow each other in one. */
const runs = (
  commands: ReadonlyArray<Command.Command>
): ReadonlyArray<Exclude<Command.Command, Saying> | ReadonlyArray<Saying>> => {
  const found: Array<Exclude<Command.Command, Saying> | Array<Saying>> = []
  for (const command of commands) {
    const last = found.at(-1)
    if (!isSaying(command)) found.push(command)
    else if (Array.isArray(last)) last.push(command)
    else found.push([command])
  }
  return found
}

const execute = (command: Exclude<Command.Command, Saying>, session: Session): Effect.Effect<void, TerminalClosed> => {
  const { client, emit } = session
  switch (command.cmd) {
    case "nick":
      return askFor({ nick: command.nick, ref: command.ref }, session)
    case "exit":
      return client.exit()
    default: {
      const nick = "nick" in command ? command.nick : undefined
      return Effect.flatMap(orError(answer(command, client), nick), (event) => emit(event, command.ref))
    }
  }
}

/** Hands messages over all at once, so that one flush of the disk does for all; answers in their order. */
const say = (
  all: ReadonlyArray<Saying>,
  { client, emitAll, ordered }: Session
): Effect.Effect<void, TerminalClosed> => {
  const sayOne = (saying: Saying): Effect.Effect<Event.Event, ClientError> =>
    saying.cmd === "send"
      ? Effect.map(client.send(saying.to, saying.text), (id) => ({ event: "sent", to: saying.to, id }))
      : Effect.map(client.groups.send(saying.group, saying.text), (sent) => ({ event: "groupSent", ...sent }))
  return Effect.forEach(all, (saying) =>
    Effect.map(orError(sayOne(saying)), (event) => FromClient.answering(event, saying.ref))
  ).pipe(Effect.zipLeft(client.flushed), Effect.flatMap(emitAll), ordered.withPermits(1))
}

const orError = (result: Effect.Effect<Event.Event, ClientError>, nick?: string): Effect.Effect<Event.Event> =>
  Effect.catchAll(result, (error) => Effect.succeed(FromClient.fromError(error, nick)))

const askFor = (request: NickRequest, { asked, nicknames }: Session): Effect.Effect<void> => {
  asked.push(request)
  return Effect.asVoid(nicknames.offer(request))
}

/** Asks the server for nicknames, one after the other, until no more are wanted. */
const takeNicknames = (session: Session): Effect.Effect<void, TerminalClosed> =>
  Effect.forever(Effect.flatMap(session.nicknames.take, (request) => register(request, session))).pipe(
    Effect.catchTag("NoSuchElementException", () => Effect.void)
  )

/** The `Registered` event of the client is the answer of success; a refusal is answered here. */
const register = (request: NickRequest, session: Session): Effect.Effect<void, TerminalClosed> => {
  const { asked, client, emit } = session
  return Effect.matchEffect(client.register(request.nick), {
    // The same nickname again is no news for the client, but still to be answered.
    onSuccess: (registration) => {
      if (registration.nick !== session.current || !asked.includes(request)) return Effect.void
      asked.splice(asked.indexOf(request), 1)
      return emit({ event: "registered", ...registration }, request.ref)
    },
    onFailure: (error) => {
      asked.splice(asked.indexOf(request), 1)
      return emit(
        error._tag === "NickTaken"
          ? { event: "nickTaken", nick: request.nick, suggestions: error.suggestions }
          : FromClient.fromError(error),
        request.ref
      )
    }
  })
}

/** What came together is written together: a write for each line costs more than all else that a line takes. */
const showAll = (
  events: ReadonlyArray<ClientEvent>,
  session: Session
): Effect.Effect<void, TerminalClosed | ProgramError> => {
  const turn = events.findIndex(isTurn)
  if (turn < 0) return writeAll(events, session)
  return writeAll(events.slice(0, turn), session).pipe(
    Effect.zipRight(Effect.suspend(() => take(events[turn]!, session))),
    Effect.zipRight(Effect.suspend(() => showAll(events.slice(turn + 1), session)))
  )
}

/** What follows such an event is written after it. */
const isTurn = ({ _tag }: ClientEvent): boolean => _tag === "Registered" || _tag === "Closed"

const take = (event: ClientEvent, session: Session): Effect.Effect<void, TerminalClosed | ProgramError> => {
  if (event._tag === "Closed") return closed(event, session)
  if (event._tag !== "Registered") return Effect.void
  const { asked, emit, registered } = session
  session.current = event.nick
  Deferred.unsafeDone(registered, Effect.void)
  return emit(FromClient.fromEvent(event), asked.shift()?.ref)
}

const writeAll = (
  events: ReadonlyArray<ClientEvent>,
  { emitAll, ordered }: Session
): Effect.Effect<void, TerminalClosed> => {
  if (events.length === 0) return Effect.void
  const written = emitAll(events.flatMap((event) => (event._tag === "Closed" ? [] : [FromClient.fromEvent(event)])))
  return events.some(({ _tag }) => _tag === "Delivered" || _tag === "Read") ? ordered.withPermits(1)(written) : written
}

const closed = ({ message, reason }: ClientEvent & { readonly _tag: "Closed" }, { emit, nameless }: Session) =>
  reason === "exit"
    ? Effect.zipRight(emit({ event: "bye" }), nameless ? NOBODY : Effect.void)
    : Effect.zipRight(
        emit({ event: "error", code: reason === "replaced" ? "Replaced" : "Refused", message }),
        Effect.zipRight(emit({ event: "bye" }), Effect.fail(new ProgramError({ message })))
      )

/** Commands read ahead; beyond it they wait in the pipe. */
const MAX_QUEUED = 256

const NOBODY = new ProgramError({ message: "the input ended before there was a nickname" })

const NOT_REGISTERED: Event.Event = {
  event: "error",
  code: "NotRegistered",
  message: "there was no nickname in time"
}

const TOO_LONG: Event.Event = {
  event: "error",
  code: "BadCommand",
  message: `a line has at most ${Command.MAX_COMMAND} bytes`
}

/** As long as a client waits for an answer of the server. */
const REGISTRATION_GRACE = "10 seconds"
