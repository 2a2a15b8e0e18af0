import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as Message from "../../src/protocol/NodeMessage.js"
import * as Mesh from "../../src/server/Mesh.js"
import type { Connection, ConnectionHandler } from "../../src/services/Connection.js"
import { NodeLinks } from "../../src/services/NodeLinks.js"

interface Dialled {
  readonly said: Array<Message.NodeMessage>
  readonly handler: ConnectionHandler
}

/** A node with one other, whose end of the links is ours. */
const start = Effect.gen(function* () {
  const links: Array<Dialled> = []
  const dial = (_at: unknown, handlerOf: (connection: Connection) => ConnectionHandler) =>
    Effect.sync(() => {
      const said: Array<Message.NodeMessage> = []
      const connection = {
        send: (line: string) => said.push(Message.decode(line)!) > 0,
        destroy: () => {}
      } as unknown as Connection
      links.push({ said, handler: handlerOf(connection) })
      return connection
    })
  const nodes = () => new Map([["other", { id: "other", slot: 1, at: "192.0.2.1:1" }]])
  const mesh = yield* Mesh.make({ host: "192.0.2.2", port: 1, key: new Uint8Array(32), nodes }).pipe(
    Effect.provideService(NodeLinks, { listen: () => Effect.void, dial })
  )
  return { mesh, links }
})

const ENDED = { _tag: "Ended", end: 1 } as const

/** Answers all that was asked on this link. */
const answer = ({ handler, said }: Dialled): void => {
  for (const message of said.splice(0))
    if (message._tag === "Decided") handler.onData(Bytes.fromText(Message.encode({ _tag: "Noted", id: message.id })))
}

it.scoped("a link on which nothing arrives any more is given up, and the next things go over another one", () =>
  Effect.gen(function* () {
    const { links, mesh } = yield* start
    for (let second = 0; second < 10; second++) {
      mesh.send("other", ENDED)
      yield* TestClock.adjust("1 second")
      expect(links).toHaveLength(1)
      expect(links[0]!.said.filter(({ _tag }) => _tag === "Ended")).toHaveLength(1)
      answer(links[0]!)
    }
    // From now on what we say gets nowhere.
    for (let second = 0; second < 4; second++) {
      mesh.send("other", ENDED)
      yield* TestClock.adjust("1 second")
    }
    mesh.send("other", ENDED)
    yield* TestClock.adjust("1 millis")
    expect(links.length).toBeGreaterThan(1)
    expect(links.at(-1)!.said).toContainEqual(ENDED)
  })
)

it.scoped("a link on which nothing is said is left alone", () =>
  Effect.gen(function* () {
    const { links, mesh } = yield* start
    mesh.send("other", ENDED)
    yield* TestClock.adjust("1 millis")
    answer(links[0]!)
    yield* TestClock.adjust("1 hour")
    mesh.send("other", ENDED)
    yield* TestClock.adjust("1 millis")
    expect(links).toHaveLength(1)
  })
)

it.scoped("a question without an answer is answered in half a second, and what comes later is passed over", () =>
  Effect.gen(function* () {
    const { links, mesh } = yield* start
    const answers: Array<unknown> = []
    mesh.ask("other", { _tag: "Recall", after: { bans: 0, tokens: 0 } }, (given) => answers.push(given))
    mesh.ask("nobody", { _tag: "Recall", after: { bans: 0, tokens: 0 } }, (given) => answers.push(given))
    yield* TestClock.adjust("499 millis")
    expect(answers).toEqual([undefined])
    yield* TestClock.adjust("1 millis")
    expect(answers).toEqual([undefined, undefined])
    links[0]!.handler.onData(Bytes.fromText(Message.encode({ _tag: "NotHere", id: 1 })))
    yield* TestClock.adjust("10 seconds")
    expect(answers).toHaveLength(2)
    mesh.send("other", ENDED)
    yield* TestClock.adjust("1 millis")
    expect(links, "something came, if late").toHaveLength(1)
  })
)
