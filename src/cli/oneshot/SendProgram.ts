import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ClientServices } from "../../client/Client.js"
import type { ClientEvent } from "../../core/client/Events.js"
import { MAX_OUTBOX } from "../../core/peer/chat/Conversation.js"
import type { MessageId } from "../../domain/MessageId.js"
import * as Nickname from "../../domain/Nickname.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import { Terminal } from "../../services/Terminal.js"
import * as Time from "../../services/Time.js"
import { LINGER, unhurried } from "../ClientLifetime.js"
import * as Complaint from "../Complaint.js"
import type { SendSettings } from "../commands/Send.js"
import { ExitCode } from "../ExitCode.js"
import { ProgramError } from "../ProgramError.js"
import * as Texts from "../terminal/Texts.js"
import * as MessageInput from "./MessageInput.js"
import * as Report from "./Report.js"
import * as Session from "./Session.js"

/**
 * `parley send`: one message, and success when the other application has shown it. Otherwise the message is dropped, so
 * that it cannot come as a surprise later; it is kept in the outbox of the profile with `--keep`, and when older
 * messages wait there for the same peer, which dropping would take along.
 */
export const run = (settings: SendSettings): Effect.Effect<void, ProgramError, ClientServices | Terminal> =>
  Effect.gen(function* () {
    const report = yield* Report.make(settings.json)
    yield* Effect.scoped(deliver(settings, report)).pipe(Report.telling(report))
  })

const deliver = (settings: SendSettings, report: Report.Report) =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    const { monotonic } = yield* Time.make
    const text = yield* MessageInput.read(settings.text)
    const started = monotonic()
    const progress = new SendProgress(settings.to)
    const delivered = yield* Deferred.make<void>()

    const session = yield* Session.open(settings, (event) =>
      Effect.gen(function* () {
        const note = progress.handle(event)
        if (note !== undefined) yield* report.note(note)
        const warning = warningOf(event, settings.keep)
        if (warning !== undefined) yield* report.warn(warning)
        if (progress.delivered) yield* Deferred.succeed(delivered, undefined)
      })
    )

    /** Decides what becomes of an undelivered message; half a sentence about it. */
    const fate = Effect.gen(function* () {
      const kept = settings.keep || progress.hasOlder
      if (progress.handedOver && !kept) yield* session.client.leave(settings.to)
      yield* session.client.exit(0)
      if (!progress.handedOver)
        return settings.keep
          ? "; nothing was sent, and --keep keeps nothing for whoever is not here"
          : "; nothing was sent"
      if (!kept) return "; the message was dropped"
      return `; the message is kept${settings.keep ? "" : " behind older ones"} and goes out when parley runs again as ${settings.nick}`
    })

    yield* Effect.gen(function* () {
      yield* session.register
      yield* report.note(`calling ${progress.name}`)
      yield* session.query(settings.to)
      progress.handedOver = true
      progress.id = yield* Effect.mapError(session.client.send(settings.to, text), (error) => Session.ofError(error))
      if (!progress.delivered) yield* Deferred.await(delivered)
    }).pipe(
      Effect.raceFirst(session.fatal),
      Effect.timeoutFail({
        duration: Duration.millis(settings.timeout),
        onTimeout: () =>
          new ProgramError({
            code: "Timeout",
            message: `not delivered to ${progress.name} within ${Report.span(settings.timeout)}: ${progress.why}`,
            exitCode: ExitCode.timeout
          })
      }),
      Effect.catchAll((error) =>
        Effect.flatMap(fate, (text) => new ProgramError({ ...error, message: `${error.message}${text}` }))
      ),
      Effect.onInterrupt(() =>
        unhurried(
          Effect.gen(function* () {
            if (progress.delivered) return
            const { message } = Report.interrupted(`interrupted${yield* fate}`)
            yield* report.json({ event: "error", code: "Interrupted", message, exitCode: ExitCode.interrupted })
            yield* Complaint.tell(terminal, message)
          })
        )
      )
    )
    const ms = monotonic() - started
    yield* report.note(`delivered to ${progress.name} in ${Report.span(Math.round(ms))}`)
    yield* report.json({ event: "delivered", peer: settings.to, id: progress.id, ms: Math.round(ms) })
    yield* session.client.exit(LINGER)
  })

/** What somebody has to mend: the clock, and the disk where the message is to be kept. */
const warningOf = (event: ClientEvent, isKept: boolean): string | undefined => {
  if (event._tag === "Failed" && event.code === "Clock") return event.message
  return event._tag === "Journal" && isKept && !event.safe ? event.message : undefined
}

/** The message on its way, as the client's events tell of it. */
class SendProgress {
  /** The client has, or may have, accepted it. */
  handedOver = false
  id: MessageId | undefined
  /** Messages of earlier runs wait for the same peer. */
  hasOlder = false
  /** The receiver, for people. */
  readonly name: string
  readonly #key: string
  readonly #confirmed = new Set<MessageId>()
  #registered = false
  #connected = false
  #uninvited = false

  constructor(to: string) {
    this.name = SafeText.line(to, MAX_NICK)
    this.#key = Nickname.key(to)
  }

  get delivered(): boolean {
    return this.id !== undefined && this.#confirmed.has(this.id)
  }

  /** What stands between the message and its receiver. */
  get why(): string {
    if (!this.#registered) return "the server does not answer"
    if (!this.handedOver) return "the server has not introduced us"
    if (this.#uninvited) return `${this.name} has not answered your call, and takes no more until then`
    return this.#connected ? `${this.name} has not confirmed it` : `no way to ${this.name} was found`
  }

  /** Takes note of an event; gives what to tell the person who watches. */
  handle(event: ClientEvent): string | undefined {
    switch (event._tag) {
      case "Registered":
        this.#registered = true
        return undefined
      case "ServerLost":
        return this.#registered ? `${SafeText.line(event.message)}; trying again` : undefined
    }
    if (!("nick" in event) || event.nick === undefined || Nickname.key(event.nick) !== this.#key) return undefined
    switch (event._tag) {
      case "Kept":
        this.hasOlder = true
        return `${Texts.messages(event.undelivered)} for ${this.name} from last time: delivered first`
      case "Connected":
        this.#connected = true
        return `connected to ${this.name} ${Texts.path(event.path)}`
      case "Disconnected":
        this.#connected = false
        if (event.reason === "closed") return undefined
        return `${this.name} ${Texts.disconnected(event.reason)}`
      case "Waiting":
        this.#uninvited = true
        return `${this.name} has not answered yet; the message waits until then`
      case "Delivered":
        // It may come before the client has told the message's id.
        if (this.#confirmed.size < MAX_CONFIRMED) this.#confirmed.add(event.id)
        return undefined
      default:
        return undefined
    }
  }
}

/** As many as can wait for one peer, and ours. */
const MAX_CONFIRMED = MAX_OUTBOX + 1
