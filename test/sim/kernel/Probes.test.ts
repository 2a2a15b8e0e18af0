import * as nodeCrypto from "node:crypto"
import { readFile } from "node:fs/promises"
import { setTimeout as nodeSetTimeout } from "node:timers"
import { setTimeout as sleepPromise } from "node:timers/promises"
import { Worker } from "node:worker_threads"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HashSet from "effect/HashSet"
import * as Random from "effect/Random"
import { describe, expect, it } from "vitest"
import { run } from "../../../src/sim/Run.js"

/**
 * Everything known to make one run differ from the next. Each must come out the same every time, or be reported:
 * `RealIo` and the resource where the program would have escaped.
 */
const probes: Record<string, readonly ["same" | `RealIo ${string}`, () => Effect.Effect<unknown>]> = {
  "5000 yields beside timers": [
    "same",
    () => beside(Effect.forEach(count(5000), () => Effect.yieldNow(), { discard: true }))
  ],
  "an async function": [
    "same",
    () =>
      beside(
        Effect.promise(async () => {
          for (let i = 0; i < 20; i++) await null
        })
      )
  ],
  "process.nextTick": ["same", () => beside(callback((done) => process.nextTick(done)))],
  queueMicrotask: ["same", () => beside(callback((done) => queueMicrotask(done)))],
  "setTimeout of the globals": ["same", () => beside(callback((done) => setTimeout(done, 3)))],
  "setTimeout of node:timers": ["same", () => beside(callback((done) => nodeSetTimeout(done, 3)))],
  "setTimeout of node:timers/promises": ["RealIo Timeout", () => Effect.promise(() => sleepPromise(1))],
  "setImmediate in turns": [
    "same",
    () =>
      beside(
        Effect.promise(async () => {
          for (let i = 0; i < 5; i++) await new Promise((r) => setImmediate(r))
        })
      )
  ],
  "Effect.runPromise inside": [
    "same",
    () => beside(Effect.promise(() => Effect.runPromise(Effect.zipRight(Effect.sleep(3), Clock.currentTimeNanos))))
  ],
  "Effect.runSync inside": [
    "same",
    () => Effect.sync(() => [Effect.runSync(Clock.currentTimeNanos), Effect.runSync(Random.next)])
  ],
  "WebCrypto digest": [
    "RealIo HASHREQUEST",
    () => Effect.promise(() => crypto.subtle.digest("SHA-256", new Uint8Array(9)))
  ],
  "eight WebCrypto digests": [
    "RealIo HASHREQUEST",
    () =>
      Effect.promise(() =>
        Promise.all(count(8).map((n) => crypto.subtle.digest("SHA-256", new Uint8Array(n * 50_000))))
      )
  ],
  "a synchronous hash": ["same", () => Effect.sync(() => nodeCrypto.createHash("sha256").update("x").digest("hex"))],
  "fs.readFile": ["RealIo FSREQPROMISE", () => Effect.promise(() => readFile("/etc/hostname"))],
  "a worker": ["RealIo WORKER", () => Effect.promise(async () => new Worker("0", { eval: true }).terminate())],
  MessageChannel: ["RealIo MESSAGEPORT", () => Effect.sync(() => new MessageChannel().port1.close())],
  "AbortSignal.timeout": [
    "RealIo Timeout",
    () => callback((done) => AbortSignal.timeout(5).addEventListener("abort", done))
  ],
  "Date.now, new Date, Date()": ["same", () => Effect.sync(() => [Date.now(), new Date().toISOString(), Date()])],
  "performance.now and timeOrigin": ["same", () => Effect.sync(() => [performance.now(), performance.timeOrigin])],
  "process.hrtime, bigint and uptime": [
    "same",
    () => Effect.sync(() => [process.hrtime(), String(process.hrtime.bigint()), process.uptime()])
  ],
  "Math.random": ["same", () => Effect.sync(() => [Math.random(), Math.random()])],
  "Effect's Random": ["same", () => Effect.all([Random.next, Random.nextInt, Random.shuffle([1, 2, 3, 4, 5])])],
  "crypto.getRandomValues": ["same", () => Effect.sync(() => crypto.getRandomValues(new Uint32Array(4)).join())],
  "crypto.randomUUID": ["same", () => Effect.sync(() => [crypto.randomUUID(), nodeCrypto.randomUUID()])],
  "node:crypto randomBytes": ["same", () => Effect.sync(() => nodeCrypto.randomBytes(8).toString("hex"))],
  "node:crypto randomBytes with a callback": [
    "RealIo RANDOMBYTESREQUEST",
    () => callback((done) => nodeCrypto.randomBytes(8, done))
  ],
  "node:crypto randomInt": ["same", () => Effect.sync(() => [nodeCrypto.randomInt(1e9), nodeCrypto.randomInt(5, 1e6)])],
  "node:crypto randomFillSync": [
    "same",
    () => Effect.sync(() => nodeCrypto.randomFillSync(Buffer.alloc(4)).toString("hex"))
  ],
  "node:crypto generateKeyPairSync": [
    "RealIo KEYPAIRGENREQUEST",
    () => Effect.sync(() => nodeCrypto.generateKeyPairSync("x25519"))
  ],
  "order of a HashSet of objects": [
    "same",
    () => Effect.sync(() => orderOf([1, 2, 3, 4, 5, 6].map((n) => new Item(n))))
  ],
  "order of a HashSet of objects that outlive the run": [
    "same",
    () => Effect.sync(() => [orderOf(outlive), Math.random()])
  ],
  "numbers of fibers": ["same", () => Effect.flatMap(Effect.fork(Effect.fiberId), Fiber.join)],
  "fifty equal sleeps": ["same", () => fifty],
  structuredClone: ["same", () => Effect.sync(() => structuredClone({ a: 1 }))]
}

describe("everything that could make two runs differ", () => {
  for (const [name, [expected, probe]] of Object.entries(probes)) {
    it(`${name}: ${expected}`, async () => {
      const results = new Set<string>()
      for (let i = 0; i < RUNS; i++) {
        const { exit, hash } = await run({ seed: 1 }, probe())
        results.add(Exit.isSuccess(exit) ? `${hash} ${show(exit.value)}` : describeFailure(exit.cause))
      }
      expect(results.size).toBe(1)
      if (expected !== "same") expect([...results][0]).toBe(expected)
      else expect([...results][0]).toMatch(/^[0-9a-f]{16} /)
    })
  }

  it("depends on the seed where it should", async () => {
    for (const name of ["Math.random", "Effect's Random", "crypto.randomUUID", "node:crypto randomBytes"]) {
      const [, probe] = probes[name]!
      const values = new Set<string>()
      for (let seed = 0; seed < RUNS; seed++) values.add(show((await run({ seed }, probe())).exit))
      expect(values.size).toBe(RUNS)
    }
  })
})

class Item {
  constructor(readonly n: number) {}
}

const RUNS = 5

const outlive = [1, 2, 3, 4, 5, 6].map((n) => new Item(n))

const count = (n: number): ReadonlyArray<number> => Array.from({ length: n }, (_, i) => i)

const orderOf = (items: ReadonlyArray<Item>) => [...HashSet.fromIterable(items)].map(({ n }) => n).join()

const callback = (start: (done: () => void) => void): Effect.Effect<void> =>
  Effect.async<void>((resume) => start(() => resume(Effect.void)))

/**
 * Runs something beside a ticking timer and tells how many ticks it took: time that leaks shows as a different number.
 */
const beside = (body: Effect.Effect<unknown>): Effect.Effect<unknown> =>
  Effect.gen(function* () {
    const log: Array<string> = []
    const ticking = yield* Effect.fork(
      Effect.forEach(count(400), (n) =>
        Effect.sleep(10).pipe(Effect.zipRight(Effect.sync(() => log.push(`tick ${n}`))))
      )
    )
    yield* body.pipe(
      Effect.timeout("2 seconds"),
      Effect.tap(() => Effect.sync(() => log.push("done")))
    )
    yield* Fiber.interrupt(ticking)
    return [yield* Clock.currentTimeMillis, log]
  }).pipe(Effect.orDie)

const fifty = Effect.gen(function* () {
  const order: Array<number> = []
  yield* Effect.forEach(count(50), (n) => Effect.sleep(5).pipe(Effect.zipRight(Effect.sync(() => order.push(n)))), {
    concurrency: "unbounded"
  })
  return order
})

const show = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (typeof each === "bigint" ? String(each) : each)) ?? "undefined"

const describeFailure = (cause: Cause.Cause<unknown>): string => {
  const failure = Cause.squash(cause) as { readonly _tag?: string; readonly resource?: string }
  return `${failure._tag} ${failure.resource}`
}
