import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { ClientServices } from "../../client/Client.js"
import { Terminal } from "../../services/Terminal.js"
import type { SendFileSettings } from "../commands/SendFile.js"
import { ExitCode } from "../ExitCode.js"
import * as FileUrl from "../files/FileUrl.js"
import * as Sentence from "../files/Sentence.js"
import { ProgramError } from "../ProgramError.js"
import * as Ending from "./Ending.js"
import * as Report from "./Report.js"
import * as Session from "./Session.js"
import * as TransferFollower from "./TransferFollower.js"

/**
 * `parley send-file`: offers files, folders or standard input, and succeeds when the other side has stored it. When
 * an earlier run was killed while it sent the same thing to the same peer, that transfer is gone on with.
 */
export const run = (settings: SendFileSettings): Effect.Effect<void, ProgramError, ClientServices | Terminal> =>
  Effect.gen(function* () {
    const report = yield* Report.make(settings.json)
    yield* Effect.scoped(deliver(settings, report)).pipe(Report.telling(report))
  })

const deliver = (settings: SendFileSettings, report: Report.Report) =>
  Effect.gen(function* () {
    const { keep, name, nick, sources, timeout, to } = settings
    const { input, inputIsTty } = yield* Terminal
    const isStream = sources.includes("-")
    if (isStream && sources.length > 1)
      return yield* new ProgramError({
        message: "standard input goes alone: give - or files, not both",
        code: "BadMessage",
        exitCode: ExitCode.usage
      })
    if (isStream && inputIsTty)
      return yield* new ProgramError({
        message: "standard input is the keyboard: give a file, or a pipe for -",
        code: "BadMessage",
        exitCode: ExitCode.usage
      })
    const paths = yield* Either.mapLeft(
      FileUrl.pathsOf(sources),
      (message) => new ProgramError({ message, code: "BadMessage", exitCode: ExitCode.usage })
    )
    const follower = yield* TransferFollower.make(report)
    const { client, fatal, query, register } = yield* Session.open(settings, follower.handle)

    yield* Effect.gen(function* () {
      yield* register
      yield* report.note(`calling ${to}`)
      yield* query(to)
      const offered = yield* Effect.mapError(
        isStream ? client.files.offerStream(to, name, input) : client.files.offer(to, paths),
        (error) => Session.ofError(error)
      )
      if (offered.state !== "preparing") yield* report.note(`going on with ${Sentence.title(offered)} from last time`)
      yield* follower.follow(offered)
      yield* follower.ended
    }).pipe(
      Effect.raceFirst(fatal),
      Effect.raceFirst(follower.stalled(timeout)),
      Ending.orderly({ client, report, follower, nick, keep: keep && !isStream })
    )
  })
