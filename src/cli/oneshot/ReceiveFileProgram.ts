import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
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
 * A person who calls meanwhile is called back, as offers come only between two that have asked for each other; no text
 * of ours can reach anybody. What an earlier run was killed in the middle of is gone on with when its sender comes with
 * it; a new offer does not wait for that.
 */
export const run = (settings: ReceiveFileSettings): Effect.Effect<void, ProgramError, ClientServices | Terminal> =>
  Effect.gen(function* () {
    const report = yield* Report.make(settings.json)
    yield* Effect.scoped(receive(settings, report)).pipe(Report.telling(report))
  })

const receive = (settings: ReceiveFileSettings, report: Report.Report) =>
  Effect.gen(function* () {
    const { expect, from, keep, nick, timeout, to, yes } = settings
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
    /** What happens to transfers to us, until one of them is the one. */
    const news = yield* Mailbox.make<Transfer>({ capacity: MAX_CALLERS, strategy: "dropping" })
    let taken = false
    const isWanted = (peer: string) => from === undefined || Nickname.key(peer) === Nickname.key(from)

    const isExpected = (fingerprint: string) => expect === undefined || fingerprint === expect

    const { client, fatal, query, register } = yield* Session.open(
      settings,
      (event: ClientEvent) =>
        Effect.gen(function* () {
          if (event._tag === "Incoming" && isWanted(event.nick) && isExpected(event.fingerprint))
            yield* callers.offer(event.nick)
          if (event._tag === "Transfer" && !taken && event.transfer.direction === "in" && isWanted(event.transfer.nick))
            yield* news.offer(event.transfer)
          yield* follower.handle(event)
        }),
      "incoming"
    )

    const answer = Effect.flatMap(callers.take, (peer) =>
      query(peer).pipe(
        Effect.catchAll(({ message }) => report.note(message)),
        Effect.asVoid
      )
    )

    const isAccepted = (offer: Transfer) => {
      const what = `${Sentence.peerOf(offer)} offers ${Sentence.title(offer)}${Sentence.brings(offer)}`
      return yes ? Effect.as(report.note(what), true) : Question.ask(`${what}: take it?`)
    }

    /** Writes it all to standard output: stored only when the last byte is where it is to stay. */
    const write = (offer: Transfer) => {
      let written = 0
      return client.files.acceptStream(offer.id).pipe(
        Stream.mapError(ofError),
        Stream.runForEach((bytes) => {
          written += bytes.length
          return terminal.writeBytes(bytes).pipe(
            Effect.zipRight(written === offer.size ? terminal.flush : Effect.void),
            Effect.tapError(() => Effect.ignore(client.files.cancel(offer.id, "Storage"))),
            Effect.mapError(({ message }) => new ProgramError({ message }))
          )
        })
      )
    }

    /** Asks for the answer to an offer; nothing when its sender has taken it back meanwhile. */
    const decide = (offer: Transfer) =>
      Effect.raceFirst(
        Effect.asSome(isAccepted(offer)),
        Effect.zipRight(
          Effect.exit(follower.ended),
          terminal.errorIsTty ? terminal.writeError("\n") : Effect.void
        ).pipe(Effect.as(Option.none<boolean>()))
      )

    /** Whether a transfer is with the one whose key is expected: what an earlier run began may be somebody else's. */
    const isTheirs = ({ nick }: Transfer) =>
      expect === undefined
        ? Effect.succeed(true)
        : Effect.match(client.key(nick), {
            onFailure: () => false,
            onSuccess: ({ fingerprint }) => isExpected(fingerprint)
          })

    const latest = (transfer: Transfer) =>
      Effect.map(client.files.list, (all) => all.find(({ id }) => id === transfer.id) ?? transfer)

    /** Takes an offer, or not; whether the errand is about this one. */
    const take = (offer: Transfer) =>
      Effect.gen(function* () {
        yield* follower.follow(offer)
        const accepted = yield* decide(offer)
        const now = yield* latest(offer)
        if (accepted._tag === "None" || now.state !== "offered") {
          yield* report.note(Sentence.news(offer, now, Sentence.title(now)) ?? `${Sentence.title(now)} is over`)
          return false
        }
        taken = true
        if (!accepted.value) yield* Effect.mapError(client.files.decline(offer.id), ofError)
        else if (isStream) yield* write(offer)
        else yield* Effect.mapError(client.files.accept(offer.id, to), ofError)
        return true
      })

    /**
     * Waits for what the errand is about: an offer, or what an earlier run was in the middle of, whichever moves first.
     * What has come to its end before is told, and costs the errand nothing.
     */
    const begin = Effect.gen(function* () {
      yield* register
      for (const transfer of yield* client.files.list)
        if (transfer.direction === "in" && isWanted(transfer.nick) && !isOver(transfer) && !isStream)
          yield* report.note(
            `${Sentence.title(transfer)} from last time goes on when ${Sentence.peerOf(transfer)} sends it`
          )
      yield* report.note(
        `waiting for ${from === undefined ? "somebody" : SafeText.line(from)} to send something to ${nick}`
      )
      while (!taken) {
        const before = yield* Effect.orDie(news.take)
        if (!(yield* isTheirs(before))) continue
        const transfer = yield* latest(before)
        if (transfer.state === "offered") yield* take(transfer)
        else if (!isStream && IS_OURS.has(transfer.state)) {
          taken = true
          yield* follower.follow(transfer)
        } else if (isOver(transfer))
          yield* report.note(Sentence.news(undefined, transfer, Sentence.title(transfer)) ?? "")
      }
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

/** What an earlier run had accepted, on its way again or there at last. */
const IS_OURS: ReadonlySet<Transfer["state"]> = new Set(["active", "finishing", "done"])

/** Callers and offers that wait to be looked at; one is enough for the errand. */
const MAX_CALLERS = 64
