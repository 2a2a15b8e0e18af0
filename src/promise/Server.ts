import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"
import { layerMachine } from "../layers/node/Layers.js"
import * as Server from "../server/Server.js"
import type { PromiseServer, ServeOptions } from "./Api.js"
import { run } from "./Run.js"

/**
 * A rendezvous server by itself; `serverDefaults` are the options that are left out.
 *
 * @since 0.1.0
 */
export const serve = async ({ log, ...options }: ServeOptions = {}): Promise<PromiseServer> => {
  const logger = log === undefined ? Logger.none : loggerOf(log)
  const layer = Server.layerStandalone(options).pipe(
    Layer.provide(layerMachine),
    Layer.provide(Logger.replace(Logger.defaultLogger, logger))
  )
  const scope = Effect.runSync(Scope.make())
  const end = () => run(Scope.close(scope, Exit.void))
  try {
    const { local, stats } = Context.get(await run(Layer.buildWithScope(layer, scope)), Server.Server)
    let ending: Promise<void> | undefined
    const close = () => {
      ending ??= end()
      return ending
    }
    const { address, port } = local
    return { address, port, stats: () => run(stats), close, [Symbol.asyncDispose]: close }
  } catch (cause) {
    await end()
    throw cause
  }
}

const loggerOf = (log: NonNullable<ServeOptions["log"]>): Logger.Logger<unknown, void> =>
  Logger.make(({ annotations, logLevel, message }) =>
    log(
      LogLevel.greaterThanEqual(logLevel, LogLevel.Warning) ? "warning" : "info",
      Array.isArray(message) ? message.join(" ") : String(message),
      Object.fromEntries(HashMap.toEntries(annotations))
    )
  )
