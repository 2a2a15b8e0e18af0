import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { Client, layerClient, layerNode } from "../../src/index.js"

/** The floor: a client like the terminal's, with journal and history, that shows nothing. `Silent.mjs PORT HOME` */
const [port, home] = process.argv.slice(2)

process.on("disconnect", () => process.exit())
await Effect.gen(function* () {
  const self = yield* Client
  yield* self.register("silent")
  process.send!("here")
  yield* self.handleBatches((events) =>
    Effect.forEach(events, (event) => (event._tag === "Incoming" ? self.query(event.nick) : Effect.void))
  )
}).pipe(
  Effect.scoped,
  Effect.provide(layerClient({ server: { host: "127.0.0.1", port: Number(port) }, portMapping: false, history: true })),
  Effect.provide(layerNode({ home: home! })),
  Logger.withMinimumLogLevel(LogLevel.None),
  Effect.runPromise
)
