import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { expect, it } from "vitest"
import { sink } from "../../../scenarios/support/Programs.js"
import { Dialer } from "../../../src/services/Dialer.js"
import { run } from "../../../src/sim/Run.js"
import { Sim } from "../../../src/sim/Sim.js"

/** Dials the server at once and stays connected. */
const caller = Effect.gen(function* () {
  const dialer = yield* Dialer
  yield* dialer.dial({ host: "server", port: 80, timeoutMs: 60_000 }, () => ({ onData: () => {}, onClose: () => {} }))
  yield* Effect.never
}).pipe(Effect.scoped)

it("ends with a connection that the system had accepted and the program had not", async () => {
  const scenario = Effect.gen(function* () {
    const sim = yield* Sim
    const server = yield* sim.host(
      "server",
      {},
      sink(() => {})
    )
    yield* sim.host("early", {}, caller)
    yield* Effect.sleep("1 second")
    yield* server.pause
    yield* sim.host("late", {}, caller)
    yield* Effect.sleep("1 second")
    const stopping = yield* Effect.fork(server.stop)
    yield* Effect.sleep("1 second")
    yield* server.resume
    yield* Effect.timeout(stopping.await, "5 seconds")
    yield* Effect.sleep("2 minutes")
    return server.machine.host.connections.size
  })
  for (const order of ["fifo", "random"] as const) {
    const { exit } = await run({ seed: 1, order }, scenario)
    expect(exit).toEqual(Exit.succeed(0))
  }
})

it("ends a connection that was broken off before a program that stood still took it", async () => {
  const scenario = Effect.gen(function* () {
    const sim = yield* Sim
    const server = yield* sim.host(
      "server",
      {},
      sink(() => {})
    )
    yield* Effect.sleep("1 second")
    yield* server.pause
    const hasty = Effect.gen(function* () {
      const { dial } = yield* Dialer
      const connection = yield* dial({ host: "server", port: 80 }, () => ({ onData: () => {}, onClose: () => {} }))
      connection.send("a word that nobody has acknowledged")
      connection.destroy()
    }).pipe(Effect.scoped)
    const caller = yield* sim.host("caller", {}, hasty)
    yield* caller.exit
    yield* Effect.sleep("1 second")
    expect(server.machine.host.connections.size).toBe(0)
    yield* server.resume
    yield* Effect.sleep("1 second")
    yield* Effect.timeout(server.stop, "5 seconds")
  })
  for (const order of ["fifo", "random"] as const) {
    const { exit } = await run({ seed: 1, order }, scenario)
    expect(exit).toEqual(Exit.succeed(undefined))
  }
})

it("forgets a handshake that never ends, once the listener is closed", async () => {
  const scenario = Effect.gen(function* () {
    const sim = yield* Sim
    const server = yield* sim.host(
      "server",
      {},
      sink(() => {})
    )
    yield* sim.begin({ kind: "block", from: "server", to: "caller" })
    yield* sim.host("caller", {}, caller)
    yield* Effect.sleep("1 second")
    expect(server.machine.host.connections.size).toBe(1)
    yield* server.stop
    return server.machine.host.connections.size
  })
  const { exit } = await run({ seed: 1 }, scenario)
  expect(exit).toEqual(Exit.succeed(0))
})
