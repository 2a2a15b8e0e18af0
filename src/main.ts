#!/usr/bin/env node
import process from "node:process"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Cli from "./cli/Cli.js"
import { ExitCode } from "./cli/ExitCode.js"
import * as Terminal from "./layers/node/Terminal.js"

/** Everything but the command line is loaded when a command asks for it, so that `--help` answers at once. */
const live = Effect.promise(() => import("./live.js"))

/** What somebody ends who waits for its success has not succeeded. */
const errand = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.onInterrupt(program, () =>
    Effect.sync(() => {
      process.exitCode = ExitCode.interrupted
    })
  )

const programs: Cli.Programs = {
  client: (settings) => Effect.flatMap(live, ({ client }) => client(settings)),
  send: (settings) => errand(Effect.flatMap(live, ({ send }) => send(settings))),
  sendFile: (settings) => errand(Effect.flatMap(live, ({ sendFile }) => sendFile(settings))),
  receiveFile: (settings) => errand(Effect.flatMap(live, ({ receiveFile }) => receiveFile(settings))),
  server: (settings) => Effect.flatMap(live, ({ server }) => server(settings)),
  doctor: (settings) => Effect.flatMap(live, ({ doctor }) => doctor(settings)),
  demo: Effect.flatMap(live, ({ demo }) => demo),
  simulate: (settings) =>
    Effect.flatMap(
      Effect.promise(() => import("./simulate.js")),
      ({ simulate }) => simulate(settings)
    )
}

/** A second signal must not cut short the goodbye that the first one began, and a hang-up is a goodbye too. */
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    setTimeout(() => process.exit(1), HARD_DEADLINE).unref()
  })
process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"))

/** Milliseconds from a signal to the end at any price; the orderly end takes less than 2,000. */
const HARD_DEADLINE = 3_000

Cli.run(process.argv, process.env, programs).pipe(
  Effect.tap((code) =>
    Effect.sync(() => {
      process.exitCode = code
    })
  ),
  Effect.provide(Layer.mergeAll(Terminal.layer, NodeFileSystem.layer, NodePath.layer, NodeTerminal.layer)),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (_, exit) => exit(Number(process.exitCode ?? 0))
  })
)
