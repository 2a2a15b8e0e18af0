#!/usr/bin/env node
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Cli from "./cli/Cli.js"
import type { Host } from "./cli/commands/Subcommand.js"
import * as Terminal from "./layers/node/Terminal.js"

const host: Host = {
  env: process.env,
  machine: Effect.map(
    Effect.promise(() => import("./cli/LiveMachine.js")),
    ({ machine }) => machine
  ),
  setExitCode: (code) => {
    process.exitCode = code
  }
}

/** A second signal must not cut short the goodbye that the first one began, and a hang-up is a goodbye too. */
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    setTimeout(() => process.exit(1), HARD_DEADLINE).unref()
  })
process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"))

/** Milliseconds from a signal to the end at any price; the orderly end takes less than 2,000. */
const HARD_DEADLINE = 3_000

Cli.run(process.argv, host).pipe(
  Effect.tap((code) => Effect.sync(() => host.setExitCode(code))),
  Effect.provide(Layer.mergeAll(Terminal.layer, NodeFileSystem.layer, NodePath.layer, NodeTerminal.layer)),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (_, exit) => exit(Number(process.exitCode ?? 0))
  })
)
