import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type { ClientEvent } from "../../core/client/Events.js"
import { isOver, type Transfer } from "../../core/client/Transfer.js"
import type { TransferId } from "../../core/files/Content.js"
import * as SafeText from "../../domain/SafeText.js"
import type { Terminal } from "../../services/Terminal.js"
import * as Time from "../../services/Time.js"
import { ExitCode } from "../ExitCode.js"
import * as Sentence from "../files/Sentence.js"
import * as FromClient from "../json/FromClient.js"
import { ProgramError } from "../ProgramError.js"
import * as Progress from "./Progress.js"
import * as Report from "./Report.js"

/** One transfer from its first sign to its end, as `send-file` and `receive-file` follow it. */
export interface TransferFollower {
  /** Takes note of an event, shows progress, and tells it in JSON. */
  readonly handle: (event: ClientEvent) => Effect.Effect<void>
  /** This is the transfer that it is all about from now on. */
  readonly follow: (transfer: Transfer) => Effect.Effect<void>
  /** What it was about so far, oldest first; the last of them is what it is about now. */
  readonly ids: () => ReadonlyArray<TransferId>
  /** Waits for the end: succeeds when all was stored at its place and confirmed. */
  readonly ended: Effect.Effect<Transfer, ProgramError>
  /** Fails when nothing has moved for `timeout` ms. */
  readonly stalled: (timeout: number | undefined) => Effect.Effect<never, ProgramError>
}

export const make = (report: Report.Report): Effect.Effect<TransferFollower, never, Terminal> =>
  Effect.gen(function* () {
    const progress = yield* Progress.make
    const { monotonic } = yield* Time.make
    let ended = yield* Deferred.make<Transfer, ProgramError>()
    let followed: TransferId | undefined
    const all = new Set<TransferId>()
    let latest: Transfer | undefined
    let movedAt = monotonic()

    /** What is not as it was at the source is told whether or not somebody watches. */
    const tell = ({ direction, renamed = 0, skipped = 0, state }: Transfer) =>
      (direction === "out" ? state === "offered" && skipped > 0 : renamed > 0) ? report.warn : report.note

    const see = (transfer: Transfer) =>
      Effect.gen(function* () {
        const before = latest
        if (before !== undefined && isOver(before)) return
        latest = transfer
        yield* report.json(FromClient.fromEvent({ _tag: "Transfer", transfer }))
        if (before?.state !== transfer.state || before.transferred !== transfer.transferred) movedAt = monotonic()
        if (isPastOffer(before, transfer)) {
          const offered: Transfer = { ...transfer, state: "offered" }
          const missed = Sentence.news(before, offered, Sentence.title(offered))
          if (missed !== undefined) yield* Effect.zipRight(progress.clear, tell(offered)(missed))
        }
        const said = Sentence.news(before, transfer, Sentence.title(transfer))
        if (said !== undefined && !isOver(transfer)) yield* Effect.zipRight(progress.clear, tell(transfer)(said))
        yield* progress.draw(transfer)
        if (!isOver(transfer)) return
        yield* progress.clear
        if (said !== undefined && transfer.state === "done") yield* tell(transfer)(said)
        yield* transfer.state === "done" ? Deferred.succeed(ended, transfer) : Deferred.fail(ended, failure(transfer))
      })

    return {
      ids: () => [...all],
      follow: (transfer) =>
        Effect.suspend(() => {
          if (followed !== transfer.id) {
            latest = undefined
            ended = Deferred.unsafeMake(FiberId.none)
          }
          followed = transfer.id
          all.delete(followed)
          all.add(followed)
          return see(transfer)
        }),
      handle: (event) => {
        if (event._tag === "Failed" && event.code === "Clock") return report.warn(event.message)
        return event._tag === "Transfer" && event.transfer.id === followed ? see(event.transfer) : Effect.void
      },
      ended: Effect.suspend(() => Deferred.await(ended)),
      stalled: (timeout) =>
        timeout === undefined
          ? Effect.never
          : Effect.gen(function* () {
              while (true) {
                const left = movedAt + timeout - monotonic()
                if (left <= 0) return yield* stalled(latest, timeout)
                yield* Effect.sleep(Duration.millis(left))
              }
            })
    }
  })

/** Only the latest news of a transfer waits for us: somebody who accepts at once leaves nothing of the offer to see. */
const isPastOffer = (before: Transfer | undefined, { direction, state }: Transfer): boolean =>
  direction === "out" && before?.state === "preparing" && !BEFORE_OFFER.has(state)

const BEFORE_OFFER: ReadonlySet<Transfer["state"]> = new Set(["preparing", "offered", "failed"])

const failure = (transfer: Transfer): ProgramError => {
  const name = Sentence.title(transfer)
  const isRefused = transfer.state !== "failed"
  const message = transfer.message === undefined ? undefined : SafeText.line(transfer.message)
  return new ProgramError({
    code: isRefused ? "Refused" : "File",
    message: isRefused ? (Sentence.news(undefined, transfer, name) ?? name) : `${name}: ${message ?? "it failed"}`,
    exitCode: isRefused ? ExitCode.refused : ExitCode.failure
  })
}

const stalled = (latest: Transfer | undefined, timeout: number): ProgramError => {
  const what =
    latest === undefined
      ? "nobody came"
      : latest.state === "offered"
        ? `${Sentence.title(latest)} was not accepted`
        : `${Sentence.title(latest)} did not move on`
  return new ProgramError({
    code: "Timeout",
    message: `${what} within ${Report.span(timeout)}`,
    exitCode: ExitCode.timeout
  })
}
