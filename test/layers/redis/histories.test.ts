import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import type { Fingerprint } from "../../../src/domain/Fingerprint.js"
import * as Nickname from "../../../src/domain/Nickname.js"
import * as RedisAddress from "../../../src/domain/RedisAddress.js"
import type { SessionId } from "../../../src/domain/Registration.js"
import * as Crypto from "../../../src/layers/node/Crypto.js"
import * as RedisEngine from "../../../src/layers/redis/RedisEngine.js"
import * as SharedRegistry from "../../../src/server/SharedRegistry.js"
import { type ClaimAnswer, Registry } from "../../../src/services/Registry.js"
import { full } from "../../support/Effort.js"
import { seeded } from "../../support/Entropy.js"
import { hasRedis, Redis } from "../../support/Redis.js"
import { faultsIn, type Tried } from "./Histories.js"

describe("what is no history of one machine", () => {
  const one: Tried = { name: "n", session: "1", from: 0, to: 1, outcome: 1, released: 10 }
  const two: Tried = { name: "n", session: "2", from: 11, to: 12, outcome: 2, released: 20 }
  it("is found", () => {
    expect(faultsIn([one, two])).toEqual([])
    expect(faultsIn([one, { ...two, to: 9, from: 5 }]), "two owners").toHaveLength(1)
    expect(faultsIn([one, { ...two, outcome: 1 }]), "one epoch").toHaveLength(1)
    expect(faultsIn([{ ...one, name: "m", outcome: 3 }, two]), "out of order").toHaveLength(1)
    expect(faultsIn([{ ...one, outcome: "Taken" }]), "refused for nobody").toHaveLength(1)
    expect(
      faultsIn([
        { ...one, outcome: "Unknown" },
        { ...two, outcome: "Taken" }
      ])
    ).toEqual([])
  })
})

describe.runIf(full && hasRedis())("three nodes on a real Redis that everybody asks at once", () => {
  it("keep one order of claims while their connections are killed", () => history("killed connections"))
  it("keep it over restarts of Redis, which has written down what it has said", () => history("restarts"))
})

/** Each worker claims and releases as fast as it is answered, until so much was granted after the last trouble. */
const history = async (trouble: "killed connections" | "restarts"): Promise<void> => {
  const redis = await Redis.start("--appendonly", "yes", "--appendfsync", "always")
  const scope = Effect.runSync(Scope.make())
  try {
    const nodes = await Promise.all([1, 2, 3].map((seed) => node(redis, seed, scope)))
    const replaced: Array<string> = []
    for (const registry of nodes)
      await Effect.runPromise(
        Scope.extend(
          registry.subscribe((event) => event._tag === "Replaced" && replaced.push(event.session)),
          scope
        )
      )
    const tried: Array<Tried> = []
    let isOver = false
    const granted = () => tried.filter(({ outcome }) => typeof outcome === "number").length
    const worker = async (id: number): Promise<void> => {
      const registry = nodes[id % nodes.length]!
      for (let i = 0; !isOver; i++) {
        const session = `w${id}.${i}`
        const name = NAMES[(id + i) % NAMES.length]!
        const from = performance.now()
        const answer = await claim(registry, session, name)
        const to = performance.now()
        registry.release(session as SessionId, false)
        tried.push({ name, session, from, to, outcome: outcomeOf(answer), released: to })
        // An answer may come at once, most of all where Redis is away; the event loop is for others too.
        await new Promise((resolve) => setTimeout(resolve, answer._tag === "Unavailable" ? 10 : 0))
      }
    }
    const workers = Array.from({ length: 9 }, (_, id) => worker(id))
    for (let round = 0; round < 3; round++) {
      const before = granted()
      if (trouble === "killed connections") await redis.command("CLIENT", "KILL", "TYPE", "normal")
      else await redis.kill().then(() => redis.run())
      while (granted() < before + 150) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    isOver = true
    await Promise.all(workers)
    expect(faultsIn(tried)).toEqual([])
    expect(replaced).toEqual([])
    const outcomes = new Set(tried.map(({ outcome }) => (typeof outcome === "number" ? "Granted" : outcome)))
    expect([...outcomes].sort(), "all of it was met").toEqual(["Granted", "Taken", "Unknown"])
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await redis.stop()
  }
}

const NAMES = ["alice", "bob", "carol"]

const node = async (redis: Redis, seed: number, scope: Scope.Scope): Promise<typeof Registry.Service> => {
  const address = Either.getOrThrow(RedisAddress.parse(redis.url))
  const tools = Layer.merge(seeded(seed), Logger.replace(Logger.defaultLogger, Logger.none))
  const engine = Layer.provide(RedisEngine.layer({ address, prefix: "histories" }), tools)
  const layer = SharedRegistry.layer({ graceMs: 60_000, maxNames: 100, reserved: [] }).pipe(
    Layer.provide(Layer.mergeAll(engine, tools, Crypto.layer))
  )
  return Context.get(await Effect.runPromise(Layer.buildWithScope(layer, scope)), Registry)
}

const claim = (registry: typeof Registry.Service, session: string, nick: string): Promise<ClaimAnswer> =>
  new Promise((resolve) =>
    registry.claim(
      {
        session: session as SessionId,
        nickname: Either.getOrThrow(Nickname.parse(nick)),
        // Everybody is somebody else.
        identity: { key: session, fingerprint: "" as Fingerprint, record: "" },
        address: "192.0.2.1:1",
        endpoints: []
      },
      resolve
    )
  )

const outcomeOf = (answer: ClaimAnswer): Tried["outcome"] => {
  if (answer._tag === "Claimed") return answer.registration.epoch
  return answer._tag === "Refused" ? "Taken" : "Unknown"
}
