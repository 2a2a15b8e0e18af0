import { type ChildProcess, fork } from "node:child_process"
import { existsSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { availableParallelism } from "node:os"
import { basename, dirname, join, resolve } from "node:path"
import process from "node:process"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Alive, Answer, Runs, Task } from "../../protocol/Simulation.js"
import { type Runner, Simulator, SimulatorError } from "../../services/Simulator.js"

/** Processes of Node beside this one, each with the simulated world in it. */
export const layer: Layer.Layer<Simulator> = Layer.sync(Simulator, () => ({
  parallelism: availableParallelism(),
  prepare
}))

const prepare: Simulator["Type"]["prepare"] = (file, patienceMs) =>
  Effect.gen(function* () {
    const path = resolve(file)
    if (!existsSync(path)) return yield* new SimulatorError({ message: `there is no file ${file}` })
    const module = yield* compiled(path)
    return start(pathToFileURL(module).href, basename(path), patienceMs)
  })

/**
 * JavaScript is taken as it is, and TypeScript goes through esbuild where that is installed, or else as far as Node can
 * itself.
 */
const compiled = (path: string): Effect.Effect<string, SimulatorError, Scope.Scope> => {
  const esbuild = /\.[mc]?ts$/.test(path) ? findEsbuild(path) : undefined
  if (esbuild === undefined)
    return /\.[mc]?ts$/.test(path) && !("typescript" in process.features)
      ? new SimulatorError({
          message: "for TypeScript, install esbuild beside it or use Node 22.18, or compile it first"
        })
      : Effect.succeed(path)
  // In the same folder, because that is from where its packages are found.
  const outfile = join(dirname(path), `.${basename(path)}.${process.pid}.mjs`)
  const compile = Effect.tryPromise({
    try: () => esbuild.build({ ...FOR_NODE, entryPoints: [path], outfile }),
    catch: (error) => new SimulatorError({ message: error instanceof Error ? error.message : String(error) })
  })
  return Effect.acquireRelease(compile, () => Effect.sync(() => rmSync(outfile, { force: true }))).pipe(
    Effect.as(outfile)
  )
}

const FOR_NODE = {
  bundle: true,
  // All of them must be the ones that the simulator has, whatever a tsconfig says of their names.
  packages: "external",
  external: ["parley-chat", "parley-chat/*", "effect", "effect/*"] as Array<string>,
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

const start = (module: string, name: string, patienceMs: number): Effect.Effect<Runner, SimulatorError, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(spawn, (child) => Effect.sync(() => child.kill("SIGKILL")))
    const ask = asking(child, patienceMs)
    yield* ask({ _tag: "Load", module, name })
    return {
      sweep: (first, count, onRuns) =>
        Effect.flatMap(ask({ _tag: "Sweep", first, count }, onRuns), (answer) =>
          answer._tag === "Swept" ? Effect.succeed(answer.failure) : confused
        ),
      replay: (seed, faults) =>
        Effect.flatMap(ask({ _tag: "Replay", seed, faults }), (answer) =>
          answer._tag === "Replayed" ? Effect.succeed(answer.replay) : confused
        )
    }
  })

const spawn = Effect.suspend(() => {
  // Beside the bundle, or one up from the chunk that this code may be in.
  const module = ["./sim/ScenarioWorker.js", "../sim/ScenarioWorker.js"]
    .map((name) => fileURLToPath(new URL(name, import.meta.url)))
    .find((path) => existsSync(path))
  if (module === undefined) return new SimulatorError({ message: "this installation has no simulator" })
  // Standard output belongs to the report; what scenarios print goes to standard error.
  return Effect.succeed(
    fork(module, [], { execArgv: ["--enable-source-maps", YOUNG_SPACE], stdio: ["ignore", 2, 2, "ipc"] })
  )
})

/**
 * MB in which a process makes its garbage before it looks for what is still in use; Node's own 16 are full twice in the
 * middle of a run, when the whole world is in use. A sixth of a sweep's time, for 100 MB of memory.
 */
const YOUNG_SPACE = "--max-semi-space-size=64"

type Done = Exclude<Answer, { readonly _tag: "Refused" }>

/** Gives a process a task and waits for its answer, as long as the process shows that it lives. */
const asking =
  (child: ChildProcess, patienceMs: number) =>
  (task: Task, onRuns: (runs: number, virtualMs: number) => void = () => {}): Effect.Effect<Done, SimulatorError> =>
    Effect.async<Done, SimulatorError>((resume) => {
      let ended = 0
      const onMessage = (message: Answer | Runs | Alive) => {
        patience.refresh()
        if (message._tag === "Alive") return
        if (message._tag === "Runs") {
          ended += message.runs
          return onRuns(message.runs, message.virtualMs)
        }
        stopListening()
        resume(message._tag === "Refused" ? new SimulatorError({ message: message.message }) : Effect.succeed(message))
      }
      const onExit = () => {
        stopListening()
        resume(new SimulatorError({ message: "a process with the scenario died; its last words are above" }))
      }
      const patience = setTimeout(() => {
        stopListening()
        child.kill("SIGKILL")
        const message = `${subject(task, ended)} kept its process busy for ${patienceMs / 1_000} s without a pause: does something in it never end?`
        resume(new SimulatorError({ message }))
      }, patienceMs)
      const stopListening = () => {
        clearTimeout(patience)
        child.off("message", onMessage)
        child.off("exit", onExit)
      }
      child.on("message", onMessage)
      child.on("exit", onExit)
      if (child.connected) child.send(task, (error) => error !== null && onExit())
      else onExit()
      return Effect.sync(stopListening)
    })

/** What a process is at, when so many of its runs have ended. */
const subject = (task: Task, ended: number): string => {
  switch (task._tag) {
    case "Load":
      return `loading ${task.name}`
    case "Sweep":
      return `seed ${task.first + ended}`
    case "Replay":
      return `seed ${task.seed}`
  }
}

const confused = Effect.die(new Error("a process gave the answer to another question"))
