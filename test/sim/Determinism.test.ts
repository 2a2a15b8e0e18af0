import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { describe, expect, it } from "vitest"
import { echo } from "../../scenarios/support/Programs.js"
import { punch, rendezvous } from "../../scenarios/support/Punch.js"
import { Dialer } from "../../src/services/Dialer.js"
import { Entropy } from "../../src/services/Entropy.js"
import { Listener } from "../../src/services/Listener.js"
import { Store } from "../../src/services/Store.js"
import * as Nat from "../../src/sim/network/Nat.js"
import { type RunOptions, run } from "../../src/sim/Run.js"
import { sweep } from "../../src/sim/Seeds.js"
import { Sim } from "../../src/sim/Sim.js"
import { full, some } from "../support/Effort.js"

/** Everything at once: TCP, UDP through NATs, disks, entropy, promises, and whatever faults the seed draws. */
const busy = Effect.gen(function* () {
  const sim = yield* Sim
  const log: Array<string> = []
  const note = (text: string) => log.push(`${sim.now()} ${text}`)
  const server = Effect.gen(function* () {
    const listener = yield* Listener
    const store = yield* Store
    const journal = yield* store.journal("log")
    yield* listener.listen({ port: 9090 }, (connection) => ({
      onData: (data) => connection.send(data),
      onClose: (reason) => note(`server saw ${reason}`)
    }))
    yield* Effect.forever(
      Effect.zipRight(
        Effect.sync(() => journal.append(new Uint8Array(8))),
        Effect.sleep("1 second")
      )
    )
  }).pipe(Effect.scoped)
  const client = (name: string) =>
    Effect.gen(function* () {
      const dialer = yield* Dialer
      const entropy = yield* Entropy
      for (let round = 0; round < 6; round++) {
        yield* Effect.gen(function* () {
          const connection = yield* dialer.dial({ host: "server", port: 9090 }, () => ({
            onData: (data) => note(`${name} got ${data.join(",")}`),
            onClose: (reason) => note(`${name} saw ${reason}`)
          }))
          for (let i = 0; i < 5; i++) {
            connection.send(entropy.bytes(3))
            yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, Math.random() * 100)))
          }
        }).pipe(
          Effect.scoped,
          Effect.catchAll((error) => Effect.sync(() => note(`${name} ${error.reason}`)))
        )
        yield* Effect.sleep("500 millis")
      }
    })
  yield* sim.host("server", { clock: { driftPpm: 40 } }, server)
  const at = { family: "ipv4", address: "203.0.113.250", port: 3478 } as const
  yield* sim.host("rendezvous", { ipv4: at.address }, rendezvous)
  for (const name of ["a", "b"]) {
    yield* sim.host(name, { nat: Nat.portRestricted }, client(name))
    yield* sim.host(
      `${name}2`,
      { nat: Nat.restricted },
      punch({ name, server: at, giveUpMs: 8000, onOpen: () => note(name) })
    )
  }
  yield* sim.host("echo", {}, echo)
  yield* sim.swarm({ withinMs: 10_000 })
  yield* Effect.sleep("15 seconds")
  yield* sim.quiesce
  yield* Effect.sleep("15 seconds")
  return log.join("\n")
})

const result = async (options: RunOptions) => {
  const { exit, hash } = await run(options, busy)
  return `${hash}\n${Exit.isSuccess(exit) ? exit.value : String(exit)}`
}

describe("one seed", () => {
  for (const order of ["fifo", "random"] as const) {
    it(`gives one trace, however often it is run (${order} order)`, async () => {
      const results = new Set<string>()
      for (let i = 0; i < some(20, 5); i++) results.add(await result({ seed: 7, order }))
      expect(results.size).toBe(1)
      expect([...results][0]).toContain("got")
    })
  }

  it("gives the same trace after others have run in the same process", async () => {
    const first = await result({ seed: 1 })
    await result({ seed: 2 })
    expect(await result({ seed: 1 })).toBe(first)
  })

  it("is another schedule in another order", async () => {
    expect(await result({ seed: 7, order: "fifo" })).not.toBe(await result({ seed: 7, order: "random" }))
  })
})

it("each seed is a trace of its own, and the same twice", async () => {
  const seeds = some(100)
  const hashes = new Set<string>()
  const { failure, runs, hash } = await sweep({ seeds, twice: 1, onRun: (report) => hashes.add(report.hash) }, busy)
  expect(failure?.message).toBeUndefined()
  expect([runs, hashes.size]).toEqual([seeds, seeds])
  // Pinned: whoever changes what a run does changes this line too, knowingly.
  expect(hash).toBe(full ? "52610e79a536709f" : "47a78d2c3466dfb6")
})

it("a host more leaves the draws of the others where they were", async () => {
  const draws = async (names: ReadonlyArray<string>) => {
    const seen = new Map<string, string>()
    const draw = (name: string) =>
      Effect.gen(function* () {
        const bytes = (yield* Entropy).bytes(8)
        seen.set(name, `${bytes.join()} ${Math.random()}`)
      })
    await run(
      { seed: 3 },
      Effect.flatMap(Sim, (sim) =>
        Effect.zipRight(
          Effect.forEach(names, (name) => sim.host(name, {}, draw(name))),
          Effect.sleep(1)
        )
      )
    )
    return seen
  }
  const two = await draws(["a", "b"])
  const three = await draws(["intruder", "a", "b"])
  expect([three.get("a"), three.get("b")]).toEqual([two.get("a"), two.get("b")])
  expect(two.get("a")).not.toBe(two.get("b"))
})
