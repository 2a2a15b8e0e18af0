// Takes files of some people into a folder, and hears nobody else. Their keys are whole fingerprints, as `parley key`
// prints them.
//
//   PARLEY_SERVER=chat.example.org DROP_KEYS="07774 35001 …,45120 …" DROP_FOLDER=/srv/drop node file-drop.ts
//   parley send-file --nick alice --to drop report.pdf
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Client, clientConfig, isOver, layerClientConfig, layerNode, SafeText } from "parley-chat"
import { run } from "./run.ts"

/** Whose key is named is known: answered, and taken files of. Calls of others are not even told. */
export const dropConfig = Config.map(
  Config.all({
    client: clientConfig,
    known: Config.array(Config.string(), "DROP_KEYS"),
    downloads: Config.withDefault(Config.string("DROP_FOLDER"), ".")
  }),
  ({ client, downloads, known }) =>
    ({ ...client, known, downloads, accept: "known", acceptCalls: "known", answer: "known" }) as const
)

export const fileDrop = (nick: string) =>
  Effect.gen(function* () {
    const client = yield* Client
    const { fingerprint } = yield* client.register(nick)
    yield* Effect.logInfo(`send files to ${nick}, whose key is ${fingerprint}`)
    yield* Stream.runForEach(client.events, (event) => {
      if (event._tag !== "Transfer" || !isOver(event.transfer)) return Effect.void
      const { fingerprint, message, name, path, state } = event.transfer
      return Effect.logInfo(
        `${state}: ${SafeText.line(name)} of ${fingerprint}, ${path ?? message ?? "nothing is kept"}`
      )
    })
  })

await run(import.meta.url, Effect.provide(fileDrop("drop"), Layer.provide(layerClientConfig(dropConfig), layerNode())))
