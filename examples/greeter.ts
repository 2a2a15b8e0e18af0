// Greets everybody who comes to the server, once in its life. They see that it asks for them, and its words when they
// ask back: nobody is written to unasked.
//
//   PARLEY_SERVER=chat.example.org node greeter.ts
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Client, layerClientConfig, layerNode, SafeText } from "parley-chat"
import { run } from "./run.ts"

export const greeter = (nick: string) =>
  Effect.gen(function* () {
    const client = yield* Client
    yield* client.register(nick)
    // Without a nickname: of everybody.
    yield* client.watch()
    const greet = (guest: string) =>
      Effect.gen(function* () {
        if (guest === nick) return
        const { peer, send } = yield* client.query(guest)
        // Those whose key is known were greeted before, by this process or an earlier one.
        if (peer.trust !== "new") return
        yield* send(`Welcome, ${guest}! Type /help to see what you can do here.`)
        yield* Effect.logInfo(`greeted ${SafeText.line(guest)}, whose key is ${peer.fingerprint}`)
      }).pipe(Effect.catchAll(({ message }) => Effect.logWarning(SafeText.line(message))))
    // Who was here already is not news.
    for (const { nick: guest } of yield* client.list) yield* greet(guest)
    yield* Stream.runForEach(client.events, (event) => (event._tag === "Joined" ? greet(event.nick) : Effect.void))
  })

await run(import.meta.url, Effect.provide(greeter("greeter"), Layer.provide(layerClientConfig(), layerNode())))
