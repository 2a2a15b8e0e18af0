import process from "node:process"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Layer from "effect/Layer"
import * as Terminal from "./Terminal.js"

/** What the command line needs before it knows which command: the standard streams, and the library's own services. */
export const layer = Layer.mergeAll(Terminal.layer, NodeFileSystem.layer, NodePath.layer, NodeTerminal.layer)

/** Errors that nobody catches are told as safely as everything else; Node would print them as they are. */
export const guard = (): void => {
  process.on("uncaughtException", Terminal.crash)
}

export { runMain }
