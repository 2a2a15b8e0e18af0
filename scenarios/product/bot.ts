import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Client } from "parley-chat"

/** Answers everybody who asks for it with what they said. */
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
