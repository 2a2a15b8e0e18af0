import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ClientApi } from "../../client/Client.js"
import type { ClientError } from "../../core/client/ClientError.js"
import type { ClientEvent } from "../../core/client/Events.js"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import { LineReader } from "../LineReader.js"
import { ProgramError } from "../ProgramError.js"
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
      const emit = (event: Event.Event) => terminal.write(Event.encode(event))
      const queue = yield* Mailbox.make<Command.Command>({ capacity: MAX_QUEUED })
      const nicknames = yield* Mailbox.make<NickRequest>({ capacity: MAX_QUEUED })
      const registered = yield* Deferred.make<void>()
      // `sent` must precede the `delivered` of the same message, which another fiber writes.
      const ordered = yield* Effect.makeSemaphore(1)
      const asked: Array<NickRequest> = []
      /** Our nickname as last told. */
      let current: string | undefined

      const ask = (request: NickRequest) => {
        asked.push(request)
        return Effect.asVoid(nicknames.offer(request))
      }

      /** Writes the answer to a command, whatever it is. */
      const answer = (ref: Command.Ref | undefined, result: Effect.Effect<Event.Event, ClientError>, nick?: string) =>
        Effect.flatMap(orError(result, nick), (event) => emit(FromClient.answering(event, ref)))

      /** Hands messages over all at once, so that one flush of the journal does for all; answers in their order. */
      const send = (commands: ReadonlyArray<typeof Command.Send.Type>): Effect.Effect<void, TerminalClosed> =>
        Effect.forEach(
          commands,
          ({ text, to }) => orError(Effect.map(client.send(to, text), (id) => ({ event: "sent", to, id }))),
          { concurrency: "unbounded" }
        ).pipe(
          Effect.flatMap((events) =>
            Effect.forEach(events, (event, index) => emit(FromClient.answering(event, commands[index]!.ref)), {
              discard: true
            })
          ),
          ordered.withPermits(1)
        )

      const execute = (command: Command.Command): Effect.Effect<void, TerminalClosed> => {
        switch (command.cmd) {
          case "list":
            return answer(
              command.ref,
              Effect.map(client.list, (peers) => ({ event: "peers", peers }))
            )
          case "query":
            return answer(
              command.ref,
              Effect.map(client.query(command.nick), ({ peer }) => ({ event: "peer", ...peer })),
              command.nick
            )
          case "send":
            return send([command])
          case "trust":
            return answer(command.ref, Effect.as(client.trust(command.nick), { event: "ok", cmd: "trust" }))
          case "why":
            return answer(command.ref, Effect.map(client.why(command.nick), FromClient.fromWhy))
          case "path":
            return answer(
              command.ref,
              Effect.as(client.setPath(command.nick, command.policy), { event: "ok", cmd: "path" })
            )
          case "history": {
            const { cmd: _, nick, ref, ...query } = command
            const found = client.history({ ...query, ...(nick === undefined ? {} : { peer: nick }) })
            return answer(ref, Effect.map(found, FromClient.fromHistory))
          }
          case "clearHistory":
            return answer(
              command.ref,
              Effect.as(client.clearHistory(command.nick), { event: "ok", cmd: "clearHistory" })
            )
          case "read":
            return answer(command.ref, Effect.as(client.read(command.nick, command.id), { event: "ok", cmd: "read" }))
          case "leave":
            return answer(command.ref, Effect.as(client.leave(command.nick), { event: "ok", cmd: "leave" }))
          case "sendFile":
            return answer(
              command.ref,
              Effect.map(client.files.offer(command.to, command.path), (transfer) => ({
                event: "transfer",
                ...transfer
              }))
            )
          case "accept":
            return answer(
              command.ref,
              Effect.as(client.files.accept(command.id, command.directory), { event: "ok", cmd: "accept" })
            )
          case "decline":
          case "cancel":
          case "pause":
          case "resume":
            return answer(
              command.ref,
              Effect.as(client.files[command.cmd](command.id), { event: "ok", cmd: command.cmd })
            )
          case "files":
            return answer(
              command.ref,
              Effect.map(client.files.list, (transfers) => ({ event: "files", transfers }))
            )
          case "nick":
            return ask({ nick: command.nick, ref: command.ref })
          case "exit":
            return client.exit()
        }
      }

      const executeAll = (commands: ReadonlyArray<Command.Command>): Effect.Effect<void, TerminalClosed> =>
        Effect.forEach(runs(commands), (run) => ("cmd" in run ? execute(run) : send(run)), { discard: true })

      const worker = Effect.zipRight(
        Deferred.await(registered),
        Effect.forever(
          Effect.flatMap(queue.take, (command) =>
            command.cmd === "send"
              ? Effect.flatMap(queue.clear, (more) => executeAll([command, ...more]))
              : execute(command)
          )
        )
      ).pipe(Effect.catchTag("NoSuchElementException", () => Effect.void))

      /** The `Registered` event of the client is the answer of success; a refusal is answered here. */
      const register = (request: NickRequest): Effect.Effect<void, TerminalClosed> =>
        Effect.matchEffect(client.register(request.nick), {
          // The same nickname again is no news for the client, but still to be answered.
          onSuccess: (registration) => {
            if (registration.nick !== current || !asked.includes(request)) return Effect.void
            asked.splice(asked.indexOf(request), 1)
            return emit(FromClient.answering({ event: "registered", ...registration }, request.ref))
          },
          onFailure: (error) => {
            asked.splice(asked.indexOf(request), 1)
            const refusal: Event.Event =
              error.code === "NickTaken"
                ? { event: "nickTaken", nick: request.nick, suggestions: error.suggestions ?? [] }
                : FromClient.fromError(error)
            return emit(FromClient.answering(refusal, request.ref))
          }
        })

      const registrar = yield* Effect.fork(
        Effect.forever(Effect.flatMap(nicknames.take, register)).pipe(
          Effect.catchTag("NoSuchElementException", () => Effect.void)
        )
      )

      const show = (event: ClientEvent): Effect.Effect<void, TerminalClosed | ProgramError> => {
        if (event._tag === "Closed") return closed(event)
        if (event._tag === "Registered") {
          current = event.nick
          Deferred.unsafeDone(registered, Effect.void)
          return emit(FromClient.answering(FromClient.fromEvent(event), asked.shift()?.ref))
        }
        const told = emit(FromClient.fromEvent(event))
        return event._tag === "Delivered" || event._tag === "Read" ? ordered.withPermits(1)(told) : told
      }

      const closed = (event: ClientEvent & { readonly _tag: "Closed" }) =>
        event.reason === "exit"
          ? Effect.zipRight(emit({ event: "bye" }), nameless ? NOBODY : Effect.void)
          : Effect.zipRight(
              emit({
                event: "error",
                code: event.reason === "replaced" ? "Replaced" : "Refused",
                message: event.message
              }),
              Effect.zipRight(emit({ event: "bye" }), Effect.fail(new ProgramError({ message: event.message })))
            )

      /** The input ended, and there never was a nickname. */
      let nameless = false
      /** No nickname came in time for all that waited for one: nothing more waits until there is one. */
      let overdue = false

      const enqueue = (command: Command.Command): Effect.Effect<void, TerminalClosed> =>
        Effect.gen(function* () {
          const isRegistered = yield* Deferred.isDone(registered)
          if ((isRegistered || !overdue) && queue.unsafeOffer(command)) return
          if (isRegistered) return yield* Effect.asVoid(queue.offer(command))
          // The end of input may stand behind this line: it must not be waited for without end.
          if (!overdue && Option.isSome(yield* Effect.timeoutOption(queue.offer(command), REGISTRATION_GRACE))) return
          overdue = true
          yield* refuseWaiting
          yield* emit(FromClient.answering(NOT_REGISTERED, command.ref))
        })

      const refuseWaiting = Effect.gen(function* () {
        for (const { ref } of yield* queue.clear) yield* emit(FromClient.answering(NOT_REGISTERED, ref))
      })

      const accept = (line: string): Effect.Effect<void, TerminalClosed> => {
        if (line.trim() === "") return Effect.void
        return Either.match(Command.decode(line), {
          onLeft: (bad) =>
            emit(FromClient.answering({ event: "error", code: "BadCommand", message: bad.message }, bad.ref)),
          onRight: (command) =>
            Effect.flatMap(Deferred.isDone(registered), (isRegistered) =>
              isRegistered || (command.cmd !== "nick" && command.cmd !== "exit") ? enqueue(command) : execute(command)
            )
        })
      }

      /** After the end of input: what was asked before is still answered, if there can be an answer. */
      const finish = Effect.gen(function* () {
        yield* nicknames.end
        yield* Fiber.join(registrar).pipe(
          Effect.zipRight(Effect.suspend(() => (asked.length > 0 ? Deferred.await(registered) : Effect.void))),
          Effect.timeoutOption(REGISTRATION_GRACE)
        )
        if (yield* Deferred.isDone(registered)) {
          yield* queue.offer({ cmd: "exit" })
          return
        }
        yield* queue.end
        yield* refuseWaiting
        nameless = true
        yield* client.exit()
      })

      const lines = new LineReader(Command.MAX_COMMAND)
      const acceptAll = (chunk: ReturnType<LineReader["push"]>) =>
        Effect.forEach(
          chunk,
          (line) =>
            line._tag === "Line"
              ? accept(line.text)
              : emit({
                  event: "error",
                  code: "BadCommand",
                  message: `a line has at most ${Command.MAX_COMMAND} bytes`
                }),
          { discard: true }
        )
      const reader = terminal.input.pipe(
        Stream.runForEach((chunk) => acceptAll(lines.push(chunk))),
        Effect.zipRight(Effect.suspend(() => acceptAll(lines.end()))),
        Effect.zipRight(finish)
      )

      if (nick !== undefined) yield* ask({ nick, ref: undefined })
      const output = yield* Effect.fork(Stream.runForEach(client.events, show))
      // The events end the program; a fault of any other part does so too.
      yield* Effect.raceFirst(
        Fiber.join(output),
        Effect.zipRight(
          Effect.all([reader, worker, Fiber.join(registrar)], { concurrency: "unbounded", discard: true }),
          Effect.never
        )
      )
    })
  )

const orError = (result: Effect.Effect<Event.Event, ClientError>, nick?: string): Effect.Effect<Event.Event> =>
  Effect.catchAll(result, (error) => Effect.succeed(FromClient.fromError(error, nick)))

/** The commands in their order, those that send and follow each other in one. */
const runs = (
  commands: ReadonlyArray<Command.Command>
): ReadonlyArray<Command.Command | ReadonlyArray<typeof Command.Send.Type>> => {
  const found: Array<Command.Command | Array<typeof Command.Send.Type>> = []
  for (const command of commands) {
    const last = found.at(-1)
    if (command.cmd !== "send") found.push(command)
    else if (Array.isArray(last)) last.push(command)
    else found.push([command])
  }
  return found
}

interface NickRequest {
  readonly nick: string
  readonly ref: Command.Ref | undefined
}

/** Commands read ahead; beyond it they wait in the pipe. */
const MAX_QUEUED = 256

const NOBODY = new ProgramError({ message: "the input ended before there was a nickname" })

const NOT_REGISTERED: Event.Event = {
  event: "error",
  code: "NotRegistered",
  message: "there was no nickname in time"
}

/** As long as a client waits for an answer of the server. */
const REGISTRATION_GRACE = "10 seconds"
