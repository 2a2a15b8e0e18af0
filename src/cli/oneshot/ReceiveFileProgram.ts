import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { ClientServices } from "../../client/Client.js"
import type { ClientEvent } from "../../core/client/Events.js"
import { isOver, type Transfer } from "../../core/client/Transfer.js"
import type { TransferId } from "../../core/files/Content.js"
import * as Nickname from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import { Terminal } from "../../services/Terminal.js"
import type { ReceiveFileSettings } from "../commands/ReceiveFile.js"
import { ExitCode } from "../ExitCode.js"
import * as Folders from "../files/Folders.js"
import * as Sentence from "../files/Sentence.js"
import { ProgramError } from "../ProgramError.js"
import * as Ending from "./Ending.js"
import * as Offers from "./Offers.js"
import * as Question from "./Question.js"
import * as Report from "./Report.js"
import * as Session from "./Session.js"
import * as ToOutput from "./ToOutput.js"
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
    const isWanted = (peer: string) => from === undefined || Nickname.key(peer) === Nickname.key(from)
    const offers = yield* Offers.make(({ nick }) => isWanted(nick))

    const isExpected = (fingerprint: string) => expect === undefined || fingerprint === expect

    const { client, fatal, query, register } = yield* Session.open(
      settings,
      (event: ClientEvent) =>
        Effect.gen(function* () {
          if (event._tag === "Incoming" && isWanted(event.nick) && isExpected(event.fingerprint))
            yield* callers.offer(event.nick)
          if (event._tag === "Transfer") yield* offers.handle(event.transfer)
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
      const what = `${Sentence.peerOf(offer)} offers ${Sentence.title(offer)}${Sentence.brings(offer)}${Sentence.relayed(offer)}`
      return yes ? Effect.as(report.note(what), true) : Question.ask(`${what}: take it?`)
    }

    const latest = (transfer: Transfer) =>
      Effect.map(client.files.list, (all) => all.find(({ id }) => id === transfer.id) ?? transfer)

    const output = yield* ToOutput.make(client.files, terminal)

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
        if (!accepted.value) yield* Effect.mapError(client.files.decline(offer.id), ofError)
        else if (isStream) yield* output.take(offer)
        else yield* Effect.mapError(client.files.accept(offer.id, to), ofError)
        return true
      })

    /** Makes it what the errand is about: an offer that is taken, or what was taken already; whether it is. */
    const turnTo = (before: Transfer) =>
      Effect.gen(function* () {
        if (!(yield* isTheirs(before))) return false
        const transfer = yield* latest(before)
        if (transfer.state === "offered") return yield* take(transfer)
        if (!isStream && IS_OURS.has(transfer.state)) {
          yield* follower.follow(transfer)
          return true
        }
        if (isOver(transfer)) yield* report.note(Sentence.news(undefined, transfer, Sentence.title(transfer)) ?? "")
        return false
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
      for (;;) {
        const next = yield* offers.next
        // What was taken back before it was decided on is told already.
        if (follower.ids().includes(next.id)) continue
        if (yield* turnTo(next)) return next
      }
    })

    /**
     * Waits for the end of what was taken. A sender whose program was killed may come back with something else, be it
     * another version of the same: that takes its place, and what is there stays for a later run, unless its sender has
     * ended it. Not once some of it went to standard output.
     */
    const finish = (taken: Transfer): Effect.Effect<unknown, ProgramError, Scope.Scope | Terminal> =>
      Effect.gen(function* () {
        const refused = new Set<TransferId>()
        const another = Effect.suspend(() => (output.isUsed() ? Effect.never : offers.instead(taken.id, refused)))
        for (;;) {
          const ended = yield* Effect.raceFirst(
            Effect.either(Effect.asVoid(follower.ended)),
            another.pipe(Effect.zipRight(Effect.sleep(GRACE)), Effect.zipRight(another))
          )
          const isEnd = Either.isEither(ended)
          if (isEnd && Either.isRight(ended)) return
          const next = isEnd
            ? yield* offers.isIdle(taken.id) ? Effect.timeoutOption(another, GRACE) : Effect.succeedNone
            : Option.some(ended)
          if (Option.isNone(next)) return yield* follower.ended
          yield* output.stop
          if (yield* turnTo(next.value)) return yield* finish(next.value)
          refused.add(next.value.id)
          yield* follower.follow(yield* latest(taken))
        }
      })

    yield* Effect.flatMap(begin, finish).pipe(
      Effect.raceFirst(fatal),
      Effect.raceFirst(output.broken),
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

/** What a sender who is back needs to go on with what was taken, or to come with something else: some round trips. */
const GRACE = "3 seconds"

/** Callers that wait to be asked back; one is enough for the errand. */
const MAX_CALLERS = 64
