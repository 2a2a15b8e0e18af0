import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Crypto from "../../src/layers/node/Crypto.js"
import * as Datagrams from "../../src/layers/node/Datagrams.js"
import * as Entropy from "../../src/layers/node/Entropy.js"
import * as Listener from "../../src/layers/node/Listener.js"
import * as Server from "../../src/server/Server.js"
import type { ServerOptions } from "../../src/server/ServerOptions.js"

/** What a server needs of the real world, without its log. */
export const platform = Layer.mergeAll(
  Listener.layer,
  Datagrams.layer,
  Entropy.layer,
  Crypto.layer,
  Logger.replace(Logger.defaultLogger, Logger.none)
)

/** Runs `body` beside a server on a free loopback port. The server has stopped when this resolves. */
export const serving = (
  options: Partial<ServerOptions>,
  body: (port: number, server: Server.ServerApi) => Promise<void>
): Promise<void> =>
  Layer.build(Layer.provide(Server.layerStandalone({ host: "127.0.0.1", port: 0, ...options }), platform)).pipe(
    Effect.map((context) => Context.get(context, Server.Server)),
    Effect.flatMap((server) => Effect.promise(() => body(server.local.port, server))),
    Effect.scoped,
    Effect.runPromise
  )
