#!/usr/bin/env node
import process from "node:process"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Cli from "./cli/Cli.js"
import * as Terminal from "./layers/node/Terminal.js"

const programs: Cli.Programs<never> = {
  server: () => Effect.void,
  client: () => Effect.void,
  demo: Effect.void
}

const platform = Layer.mergeAll(Terminal.layer, NodeFileSystem.layer, NodePath.layer, NodeTerminal.layer)

Cli.run(process.argv, process.env, programs).pipe(
  Effect.tap((code) =>
    Effect.sync(() => {
      process.exitCode = code
    })
  ),
  Effect.provide(platform),
  NodeRuntime.runMain({ disableErrorReporting: true, disablePrettyLogger: true })
)
