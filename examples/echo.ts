// Says what it hears: everybody who asks for it gets their own words back.
//
//   PARLEY_SERVER=chat.example.org node echo.ts            then, as somebody else: query echo
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Client, layerClientConfig, layerNode } from "parley-chat"
import { run } from "./run.ts"

export const echo = (nick: string) =>
  Effect.gen(function* () {
    const client = yield* Client
    yield* client.register(nick)
    yield* Stream.runForEach(client.events, (event) => {
      // What goes wrong with one of them is no reason to leave the others.
      if (event._tag === "Incoming") return Effect.ignore(client.query(event.nick))
      if (event._tag === "Message") return Effect.ignore(client.send(event.from, event.text))
      return Effect.void
    })
  })

await run(import.meta.url, Effect.provide(echo("echo"), Layer.provide(layerClientConfig(), layerNode())))
