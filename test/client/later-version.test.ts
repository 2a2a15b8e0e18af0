import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { expect, it } from "vitest"
import type { Connection } from "../../src/services/Connection.js"
import { Dialer } from "../../src/services/Dialer.js"
import { Listener } from "../../src/services/Listener.js"
import * as Sim from "../../src/sim/Sim.js"
import { SERVER, world } from "./World.js"

const LATER = "203.0.113.77"

/** Speaks for our server as one of a later text would (docs/protocol.md §5): more keys, events and refusals. */
const laterServer = Effect.gen(function* () {
  const dialer = yield* Dialer
  const runtime = yield* Effect.runtime<never>()
  const scope = yield* Effect.scope
  yield* (yield* Listener).listen({ port: 9090 }, (client) => {
    let onward: Connection | undefined
    let rest = ""
    const early: Array<Uint8Array> = []
    const onData = (data: Uint8Array): void => {
      const lines = (rest + new TextDecoder().decode(data)).split("\n")
      rest = lines.pop()!
      for (const line of lines) for (const each of later(JSON.parse(line))) client.send(encode(each))
    }
    const dial = dialer.dial({ host: SERVER, port: 9090 }, (connection) => {
      onward = connection
      for (const data of early) connection.send(data)
      return { onData, onClose: () => client.end() }
    })
    Runtime.runFork(runtime)(Effect.ignore(dial.pipe(Effect.provideService(Scope.Scope, scope))))
    return {
      onData: (data) => void (onward?.send(data) ?? early.push(data)),
      onClose: () => onward?.end()
    }
  })
})

const encode = (message: unknown) => new TextEncoder().encode(`${JSON.stringify(message)}\n`)

const later = (message: Record<string, unknown>): ReadonlyArray<unknown> => {
  if (message._tag === "NoSuchPeer") return [{ ...message, _tag: "Elsewhere", server: "other.example:9090" }]
  return [{ _tag: "Weather", of: [message._tag] }, more(message), { _tag: "Advice", id: 9, about: {} }]
}

/** The same with a key more in each object. */
const more = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(more)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).map(([key, one]) => [key, more(one)])
  return { later: { than: ["now"] }, ...Object.fromEntries(entries) }
}

it("a client of today lives with a server of a later text of the same version", () =>
  world(function* (world) {
    yield* world.server({ names: [LATER] })
    const machine = Layer.provide(Sim.layer("later", { ipv4: LATER }), Layer.succeed(Sim.Sim, yield* Sim.Sim))
    yield* Effect.provide(laterServer, yield* Layer.build(machine))
    const there = { more: { server: { host: LATER, port: 9090 } } }
    const alice = yield* world.person("alice", there)
    const bob = yield* world.person("bob", there)
    expect((yield* alice.client.list).map(({ nick }) => nick)).toEqual(["alice", "bob"])
    // What it is refused with has another name than any that it knows, and words.
    expect(yield* Effect.flip(alice.client.query("carol"))).toMatchObject({
      message: "nobody here has that nickname"
    })
    yield* alice.client.query("bob")
    yield* bob.client.query("alice")
    yield* alice.client.send("bob", "hello")
    expect((yield* bob.next("Message")).text).toBe("hello")
    yield* bob.client.send("alice", "hello back")
    expect((yield* alice.next("Message")).text).toBe("hello back")
    yield* bob.client.exit()
    expect((yield* alice.next("Disconnected")).reason).toBe("left")
  }))
