import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as UserFolders from "../domain/UserFolders.js"
import * as Platform from "../layers/node/Platform.js"
import * as Cli from "./Cli.js"
import type { Host } from "./commands/Host.js"
import type { Run } from "./help/Request.js"

/** The process: what the command line gets of it, how signals end it, and its exit code. */
const host: Host = {
  env: process.env,
  folders: UserFolders.of(process.env, process.platform),
  machine: Effect.map(
    Effect.promise(() => import("./LiveMachine.js")),
    ({ machine }) => machine
  ),
  setExitCode: (code) => {
    process.exitCode = code
  },
  exposure: Platform.exposure,
  onHangUp: (run) =>
    Effect.gen(function* () {
      const fork = Runtime.runFork(yield* Effect.runtime<never>())
      // Whoever closes the window that a program runs in wants its end.
      const handle = () => void (Platform.hasLostTerminal() ? process.emit("SIGTERM", "SIGTERM") : fork(run))
      yield* Effect.acquireRelease(
        Effect.sync(() => process.on("SIGHUP", handle)),
        () => Effect.sync(() => process.off("SIGHUP", handle))
      )
    })
}

Platform.guard()

/**
 * A second signal must not cut short the goodbye that the first one began, and a hang-up is a goodbye too, unless a
 * program has a use for it. It is told and not sent on: on Windows, where a closed console is a hang-up, SIGTERM ends a
 * process on the spot.
 */
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    setTimeout(() => process.exit(1), HARD_DEADLINE).unref()
  })
process.on("SIGHUP", () => {
  if (process.listenerCount("SIGHUP") === 1) process.emit("SIGTERM", "SIGTERM")
})

/** Milliseconds from a signal to the end at any price; the orderly end takes less than 2,000. */
const HARD_DEADLINE = 3_000

/** Runs a command to its end. */
export const run = (request: Run): void =>
  Cli.run(request, host).pipe(
    Effect.tap((code) => Effect.sync(() => host.setExitCode(code))),
    Effect.provide(Platform.layer),
    Platform.runMain({
      disableErrorReporting: true,
      disablePrettyLogger: true,
      teardown: (_, exit) => exit(Number(process.exitCode ?? 0))
    })
  )
