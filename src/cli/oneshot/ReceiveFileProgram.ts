import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import * as Stream from "effect/Stream"
import type { ClientServices } from "../../client/Client.js"
import type { ClientEvent } from "../../core/client/Events.js"
import { isOver, type Transfer } from "../../core/client/Transfer.js"
import * as Nickname from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import { Terminal } from "../../services/Terminal.js"
import type { ReceiveFileSettings } from "../commands/ReceiveFile.js"
import { ExitCode } from "../ExitCode.js"
import * as Folders from "../files/Folders.js"
import * as Sentence from "../files/Sentence.js"
import { ProgramError } from "../ProgramError.js"
import * as Ending from "./Ending.js"
import * as Question from "./Question.js"
import * as Report from "./Report.js"
import * as Session from "./Session.js"
import * as TransferFollower from "./TransferFollower.js"

/**
 * `parley receive-file`: waits for one offer, takes it, and succeeds when it is stored, or written to standard output.
 * Who calls meanwhile is asked back, as offers come only between two that have asked for each other; no text of ours
 * can reach anybody. What an earlier run was killed in the middle of is gone on with first.
 */
export const run = (settings: ReceiveFileSettings): Effect.Effect<void, ProgramError, ClientServices | Terminal> =>
  Effect.gen(function* () {
    const report = yield* Report.make(settings.json)
    yield* Effect.scoped(receive(settings, report)).pipe(Report.telling(report))
  })

const receive = (settings: ReceiveFileSettings, report: Report.Report) =>
  Effect.gen(function* () {
    const { from, keep, nick, timeout, to, yes } = settings
    const terminal = yield* Terminal
    const isStream = to === "-"
    if (isStream && terminal.outputIsTty)
      return yield* wrong("standard output is this terminal: give a folder, or a pipe for -")
    if (isStream && settings.json) return yield* wrong("standard output cannot take both the file and JSON")
    if (!yes && !(terminal.inputIsTty && terminal.errorIsTty))
      return yield* wrong("nobody is there to be asked: say --yes to take what comes")
    if (!isStream) yield* Folders.check(to)

    const follower = yield* TransferFollower.make(report)
    const callers = yield* Mailbox.make<string>({ capacity: MAX_CALLERS, strategy: "dropping" })
    const offers = yield* Mailbox.make<Transfer>({ capacity: MAX_CALLERS, strategy: "dropping" })
    const isWanted = (peer: string) => from === undefined || Nickname.key(peer) === Nickname.key(from)

    const { client, fatal, query, register } = yield* Session.open(settings, (event: ClientEvent) =>
      Effect.gen(function* () {
        if (event._tag === "Incoming" && isWanted(event.nick)) yield* callers.offer(event.nick)
        if (event._tag === "Transfer" && event.transfer.direction === "in" && isWanted(event.transfer.nick)) {
          const { transfer } = event
          if (transfer.state === "offered") yield* offers.offer(transfer)
        }
        yield* follower.handle(event)
      })
    )

    const answer = Effect.flatMap(callers.take, (peer) =>
      query(peer).pipe(
        Effect.catchAll(({ message }) => report.note(message)),
        Effect.asVoid
      )
    )

    const isAccepted = (offer: Transfer) => {
      const what = `${Sentence.peerOf(offer)} offers ${Sentence.title(offer)}`
      return yes ? Effect.as(report.note(what), true) : Question.ask(`${what}: take it?`)
    }

    const take = (offer: Transfer) =>
      Effect.gen(function* () {
        yield* follower.follow(offer)
        if (!(yield* isAccepted(offer))) return yield* Effect.mapError(client.files.decline(offer.id), ofError)
        if (!isStream) return yield* Effect.mapError(client.files.accept(offer.id, to), ofError)
        yield* client.files.acceptStream(offer.id).pipe(
          Stream.mapError(ofError),
          Stream.runForEach((bytes) =>
            Effect.mapError(terminal.writeBytes(bytes), ({ message }) => new ProgramError({ message }))
          )
        )
      })

    const begin = Effect.gen(function* () {
      yield* register
      const unfinished = (yield* client.files.list).find(
        (transfer) => transfer.direction === "in" && isWanted(transfer.nick) && !isOver(transfer)
      )
      if (unfinished !== undefined && !isStream) {
        yield* report.note(`going on with ${Sentence.title(unfinished)} from last time`)
        return yield* follower.follow(unfinished)
      }
      yield* report.note(
        `waiting for ${from === undefined ? "somebody" : SafeText.line(from)} to send something to ${nick}`
      )
      yield* take(yield* Effect.orDie(offers.take))
    })

    yield* Effect.zipRight(begin, follower.ended).pipe(
      Effect.raceFirst(fatal),
      Effect.raceFirst(follower.stalled(timeout)),
      Effect.raceFirst(Effect.orDie(Effect.forever(answer))),
      Ending.orderly({ client, report, follower, nick, keep: keep && !isStream })
    )
  })

const ofError = (error: Parameters<typeof Session.ofError>[0]): ProgramError => Session.ofError(error)

const wrong = (message: string): ProgramError =>
  new ProgramError({ message, code: "BadCommand", exitCode: ExitCode.usage })

/** Callers and offers that wait to be looked at; one is enough for the follower. */
const MAX_CALLERS = 64
