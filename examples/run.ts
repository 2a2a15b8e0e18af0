import Process from "node:process"
import { pathToFileURL } from "node:url"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/**
 * Runs a program, if its file is the one that was started, until it ends or is told to (Ctrl-C): then everybody is said
 * goodbye to.
 */
export const run = async <E>(file: string, program: Effect.Effect<unknown, E>): Promise<void> => {
  const started = Process.argv[1]
  if (started === undefined || pathToFileURL(started).href !== file) return
  const stop = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) Process.once(signal, () => stop.abort())
  const exit = await Effect.runPromiseExit(program, { signal: stop.signal })
  if (Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)) return
  console.error(String(Cause.squash(exit.cause)))
  Process.exitCode = 1
}
