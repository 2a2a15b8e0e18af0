import * as Effect from "effect/Effect"
import type { ClientApi } from "../../client/Client.js"
import type { CancelReason } from "../../client/files/Api.js"
import { isOver } from "../../core/client/Transfer.js"
import { Terminal } from "../../services/Terminal.js"
import { LAST_WORDS, unhurried } from "../ClientLifetime.js"
import * as Complaint from "../Complaint.js"
import { ExitCode } from "../ExitCode.js"
import { ProgramError } from "../ProgramError.js"
import type { Report } from "./Report.js"
import type { TransferFollower } from "./TransferFollower.js"

/**
 * Ends a file errand in order, however it ends: an unfinished transfer is cancelled, unless it is kept for a later run.
 */
export const orderly =
  (options: {
    readonly client: ClientApi
    readonly report: Report
    readonly follower: TransferFollower
    readonly nick: string
    readonly keep: boolean
  }) =>
  <A, R>(program: Effect.Effect<A, ProgramError, R>): Effect.Effect<void, ProgramError, R | Terminal> => {
    const { client, follower, keep, nick, report } = options

    /** Half a sentence about what becomes of the transfer. */
    const fate = (reason: CancelReason) =>
      Effect.gen(function* () {
        const ids = follower.ids()
        const open = (yield* client.files.list).filter((one) => ids.includes(one.id) && !isOver(one))
        if (!keep) yield* Effect.forEach(open, ({ id }) => Effect.ignore(client.files.cancel(id, reason)))
        yield* client.exit(LAST_WORDS)
        if (!open.some(({ id }) => id === ids.at(-1))) return ""
        return keep ? `; it is kept and goes on when parley runs again as ${nick}` : "; the transfer was cancelled"
      })

    return program.pipe(
      Effect.zipRight(client.exit(LAST_WORDS)),
      Effect.catchAll((error) =>
        Effect.flatMap(
          fate(REASONS[error.code ?? ""] ?? "Cancelled"),
          (text) => new ProgramError({ ...error, message: `${error.message}${text}` })
        )
      ),
      Effect.onInterrupt(() =>
        unhurried(
          Effect.gen(function* () {
            const message = `interrupted${yield* fate("Cancelled")}`
            yield* report.json({ event: "error", code: "Interrupted", message, exitCode: ExitCode.interrupted })
            yield* Complaint.tell(yield* Terminal, message)
          })
        )
      )
    )
  }

/** What the other side is told when the errand fails like this. */
const REASONS: Readonly<Record<string, CancelReason>> = { Timeout: "TimedOut", File: "Storage" }
