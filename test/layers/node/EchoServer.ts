import * as Effect from "effect/Effect"
import * as NodeListener from "../../../src/layers/node/Listener.js"
import { Listener } from "../../../src/services/Listener.js"

/** Prints its port and what trouble the system makes, and echoes; to be run in a process of its own. */
Effect.flatMap(Listener, (listener) =>
  listener.listen(
    { host: "127.0.0.1", port: 0, onTrouble: (message) => process.stdout.write(`${message}\n`) },
    (connection) => ({
      onData: (data) => connection.send(data),
      onClose: () => {}
    })
  )
).pipe(
  Effect.tap(({ local }) => Effect.sync(() => process.stdout.write(`${local.port}\n`))),
  Effect.zipRight(Effect.never),
  Effect.scoped,
  Effect.provide(NodeListener.layer),
  Effect.runFork
)
