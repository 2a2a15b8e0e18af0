import { type ChildProcess, fork } from "node:child_process"
import { existsSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { availableParallelism } from "node:os"
import { basename, dirname, join, resolve } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ProgramError } from "./cli/ProgramError.js"
import type { Answer, Runs, Task } from "./cli/simulate/Messages.js"
import * as Program from "./cli/simulate/Program.js"
import type { Runner, Simulator } from "./cli/simulate/Simulator.js"

/** `parley simulate`. The simulated world itself is loaded by the processes that run it, never by the program. */
export const simulate = (settings: Program.SimulateSettings) => Program.run(settings, simulator)

const prepare: Simulator["prepare"] = (file) =>
  Effect.gen(function* () {
    const path = resolve(file)
    if (!existsSync(path)) return yield* new ProgramError({ message: `there is no file ${file}` })
    const module = yield* compiled(path)
    return start(module, basename(path))
  })

/** JavaScript is taken as it is, and TypeScript goes through esbuild where that is installed, or else as far as Node can itself. */
const compiled = (path: string): Effect.Effect<string, ProgramError, Scope.Scope> => {
  const esbuild = /\.[mc]?ts$/.test(path) ? findEsbuild(path) : undefined
  if (esbuild === undefined)
    return /\.[mc]?ts$/.test(path) && !("typescript" in process.features)
      ? new ProgramError({
          message: "for TypeScript, install esbuild beside it or use Node 22.18, or compile it first"
        })
      : Effect.succeed(path)
  // In the same folder, because that is from where its packages are found.
  const outfile = join(dirname(path), `.${basename(path)}.${process.pid}.mjs`)
  const compile = Effect.tryPromise({
    try: () => esbuild.build({ ...FOR_NODE, entryPoints: [path], outfile }),
    catch: (error) => new ProgramError({ message: error instanceof Error ? error.message : String(error) })
  })
  return Effect.acquireRelease(compile, () => Effect.sync(() => rmSync(outfile, { force: true }))).pipe(
    Effect.as(outfile)
  )
}

const FOR_NODE = {
  bundle: true,
  // All of them must be the ones that the simulator has, whatever a tsconfig says of their names.
  packages: "external",
  external: ["parley", "parley/*", "effect", "effect/*"] as Array<string>,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: "inline",
  logLevel: "silent"
} as const

const findEsbuild = (path: string): typeof import("esbuild") | undefined => {
  for (const place of [path, import.meta.url]) {
    try {
      return createRequire(place)("esbuild")
    } catch {
      // Not installed there.
    }
  }
  return undefined
}

const start = (module: string, name: string): Effect.Effect<Runner, ProgramError, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(spawn, (child) => Effect.sync(() => child.kill("SIGKILL")))
    yield* ask(child, { _tag: "Load", module, name })
    return {
      sweep: (first, count, onRuns) =>
        Effect.flatMap(ask(child, { _tag: "Sweep", first, count }, onRuns), (answer) =>
          answer._tag === "Swept" ? Effect.succeed(answer.failure) : confused
        ),
      replay: (seed, faults) =>
        Effect.flatMap(ask(child, { _tag: "Replay", seed, faults }), (answer) =>
          answer._tag === "Replayed" ? Effect.succeed(answer.replay) : confused
        )
    }
  })

const simulator: Simulator = { parallelism: availableParallelism(), prepare }

const spawn = Effect.suspend(() => {
  // Beside the bundle, or one up from the chunk that this code may be in.
  const module = ["./simulator.js", "../simulator.js"]
    .map((name) => fileURLToPath(new URL(name, import.meta.url)))
    .find((path) => existsSync(path))
  if (module === undefined) return new ProgramError({ message: "this installation has no simulator" })
  // Standard output belongs to the report; what scenarios print goes to standard error.
  return Effect.succeed(fork(module, [], { execArgv: ["--enable-source-maps"], stdio: ["ignore", 2, 2, "ipc"] }))
})

type Done = Exclude<Answer, { readonly _tag: "Refused" }>

/** Gives a process a task and waits for its answer. */
const ask = (
  child: ChildProcess,
  task: Task,
  onRuns: (runs: number, virtualMs: number) => void = () => {}
): Effect.Effect<Done, ProgramError> =>
  Effect.async<Done, ProgramError>((resume) => {
    const onMessage = (message: Answer | Runs) => {
      if (message._tag === "Runs") return onRuns(message.runs, message.virtualMs)
      stopListening()
      resume(message._tag === "Refused" ? new ProgramError({ message: message.message }) : Effect.succeed(message))
    }
    const onExit = () => {
      stopListening()
      resume(new ProgramError({ message: "a process with the scenario died; its last words are above" }))
    }
    const stopListening = () => {
      child.off("message", onMessage)
      child.off("exit", onExit)
    }
    child.on("message", onMessage)
    child.on("exit", onExit)
    if (child.connected) child.send(task, (error) => error !== null && onExit())
    else onExit()
    return Effect.sync(stopListening)
  })

const confused = Effect.die(new Error("a process gave the answer to another question"))
