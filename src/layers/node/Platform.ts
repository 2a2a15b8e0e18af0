import { closeSync } from "node:fs"
import * as Fs from "node:fs/promises"
import { dirname, resolve } from "node:path"
import process from "node:process"
import { isatty } from "node:tty"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Exposure from "./Exposure.js"
import * as Terminal from "./Terminal.js"

/** What the command line needs before it knows which command: the standard streams, and the library's own services. */
export const layer = Layer.mergeAll(Terminal.layer, NodeFileSystem.layer, NodePath.layer, NodeTerminal.layer)

/**
 * Errors that nobody catches are told as safely as everything else; Node would print them as they are. It also aborts
 * at the end where a terminal that it wants to set back has gone: it is not to find that one.
 */
export const guard = (): void => {
  process.on("uncaughtException", Terminal.crash)
  process.on("exit", () => {
    for (const fd of terminals) if (!isatty(fd)) closeSync(fd)
  })
}

/** Standard streams that were terminals at the start. */
const terminals = [0, 1, 2].filter((fd) => isatty(fd))

/** Whether a terminal that the program was started in has gone. */
export const hasLostTerminal = (): boolean => terminals.some((fd) => !isatty(fd))

/** What other users of the machine can do to a file, secret or not; a sentence, or nothing (`Exposure`). */
export const exposure = (path: string, secret: boolean): Effect.Effect<string | undefined> =>
  Effect.promise(async () => {
    const at = resolve(path)
    const stat = await Fs.stat(at).catch(() => undefined)
    if (stat === undefined || !stat.isFile()) return undefined
    const own = secret ? Exposure.ofSecret(at, stat) : Exposure.ofTrusted(at, stat)
    return own ?? (await Exposure.ofFolders(at, dirname(at)))
  })

export { runMain }
