import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import { afterEach, describe, expect, it } from "vitest"
import type { Fingerprint } from "../../../src/domain/Fingerprint.js"
import * as Nickname from "../../../src/domain/Nickname.js"
import * as RedisAddress from "../../../src/domain/RedisAddress.js"
import type { Registration, SessionId } from "../../../src/domain/Registration.js"
import * as Crypto from "../../../src/layers/node/Crypto.js"
import * as RedisEngine from "../../../src/layers/redis/RedisEngine.js"
import * as SharedRegistry from "../../../src/server/SharedRegistry.js"
import { type EngineState, NameEngine } from "../../../src/services/NameEngine.js"
import { type ClaimAnswer, Registry, type RegistryEvent } from "../../../src/services/Registry.js"
import { full } from "../../support/Effort.js"
import { seeded } from "../../support/Entropy.js"
import { hasRedis, inPlaceOf, Redis } from "../../support/Redis.js"

const running: Array<Redis> = []
afterEach(async () => {
  for (const redis of running.splice(0)) await redis.stop()
})

const redisWith = async (...more: ReadonlyArray<string>): Promise<Redis> => {
  const redis = await Redis.start(...more)
  running.push(redis)
  return redis
}

describe.runIf(hasRedis())("the engine in Redis", () => {
  it("does not start where names would not be safe, and says why without the password", async () => {
    const evicting = await redisWith("--maxmemory", "10mb", "--maxmemory-policy", "allkeys-lru")
    expect(await faultOf(evicting.url)).toContain("maxmemory-policy is allkeys-lru")
    const replica = await redisWith("--replicaof", "127.0.0.1", String(evicting.port))
    expect(await faultOf(replica.url)).toContain("this is a replica")
    expect(await faultOf((await redisWith("--cluster-enabled", "yes")).url)).toContain("Redis Cluster")
    const guarded = await redisWith("--requirepass", "open sesame")
    expect(await faultOf(guarded.url)).toContain("NOAUTH")
    const wrong = await faultOf(`redis://:a%20guess@127.0.0.1:${guarded.port}`)
    expect(wrong).toContain("WRONGPASS")
    expect(wrong).not.toContain("guess")
    expect(await faultOf(`redis://:open%20sesame@127.0.0.1:${guarded.port}`)).toBeUndefined()
    await guarded.stop()
    expect(await faultOf(guarded.url)).toMatch(/^Redis at 127\.0\.0\.1:\d+: .*ECONNREFUSED/)
  })

  it("connects again, once, however the connection was lost", async () => {
    const redis = await redisWith()
    await inEngine(redis, (engine) =>
      Effect.gen(function* () {
        const states: Array<EngineState> = []
        yield* engine.watch((state) => states.push(state))
        const stop = engine.follow("0-0", () => {})
        for (const lose of [
          () => redis.kill().then(() => redis.run()),
          () => redis.command("CLIENT", "KILL", "TYPE", "normal")
        ]) {
          const before = states.length
          yield* Effect.promise(lose)
          yield* until(() => states.length >= before + 2)
          expect(states.slice(before).map(({ _tag }) => _tag)).toEqual(["Down", "Up"])
          // A second one would have come by the time at which the log has been read.
          const entries: Array<unknown> = []
          const follow = engine.follow("0-0", (more) => entries.push(...more))
          yield* Effect.async<void>((resume) => engine.call(ENTER, () => resume(Effect.void)))
          yield* until(() => entries.length > 0)
          follow()
          expect(states).toHaveLength(before + 2)
        }
        const [first, , second] = states
        expect(first?._tag === "Up" && second?._tag === "Up" && first.primary !== second.primary).toBe(true)
        stop()
      })
    )
  })

  it.runIf(full)("forgets nobody who is here when Redis starts anew with nothing", async () => {
    const redis = await redisWith()
    await inRegistry(redis, (a) =>
      inRegistryOf(redis, 2, (b) =>
        Effect.gen(function* () {
          const told: Array<RegistryEvent> = []
          yield* b.subscribe((event) => told.push(event))
          for (const name of NAMES) expect(yield* claim(a, `a.${name}`, name)).toMatchObject({ _tag: "Claimed" })
          yield* until(() => told.length === NAMES.length)
          yield* Effect.promise(() => redis.kill())
          yield* until(() => !a.reachable() && !b.reachable())
          expect(yield* claim(b, "b.1", "late")).toMatchObject({ _tag: "Unavailable" })
          // Whoever leaves now is not asserted again.
          a.release("a.alice" as SessionId, false)
          yield* Effect.promise(() => redis.run())
          yield* until(() => a.reachable() && b.reachable())
          yield* Effect.repeat(claim(b, "b.2", "alice"), { until: ({ _tag }) => _tag === "Claimed" })
          for (const name of NAMES.slice(1)) {
            expect(yield* claim(b, "b.3", name)).toMatchObject({ _tag: "Refused", refusal: { _tag: "NickTaken" } })
          }
          yield* until(() => a.names() === NAMES.length && b.names() === NAMES.length)
        })
      )
    )
  })

  it.runIf(full)("has one owner in the end, the later one, when a fail-over loses a claim", async () => {
    const primary = await redisWith()
    const replica = await redisWith("--replicaof", "127.0.0.1", String(primary.port))
    const [first, second] = [await inPlaceOf(primary), await inPlaceOf(replica)]
    try {
      await inRegistry(first, (a) =>
        Effect.gen(function* () {
          const gone: Array<string> = []
          yield* a.subscribe((event) => event._tag === "Replaced" && gone.push(event.session))
          // From here on the replica learns nothing.
          yield* Effect.promise(() => replica.command("REPLICAOF", "NO", "ONE"))
          expect(yield* claim(a, "a.1", "alice")).toMatchObject({ _tag: "Claimed" })
          yield* inRegistryOf(second, 2, (b) =>
            Effect.gen(function* () {
              // Two claims there, so that it has the higher epoch.
              yield* claim(b, "b.0", "bob")
              expect(yield* claim(b, "b.1", "alice")).toMatchObject({ _tag: "Claimed" })
              first.port = replica.port
              yield* Effect.promise(() => primary.kill())
              yield* until(() => gone.length > 0 && a.reachable())
              expect(gone).toEqual(["a.1"])
              expect(yield* claim(a, "a.2", "alice")).toMatchObject({ refusal: { _tag: "NickTaken" } })
            })
          )
        })
      )
    } finally {
      first.close()
      second.close()
    }
  })
})

const NAMES = ["alice", "bob", "carol"]

const ENTER = {
  _tag: "Enter",
  node: "node",
  at: "",
  slot: 0,
  generation: "g",
  version: 0,
  epoch: 0,
  leaseMs: 10_000
} as const

const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

const engineAt = (url: string) =>
  Layer.provide(
    RedisEngine.layer({ address: Either.getOrThrow(RedisAddress.parse(url)), prefix: "engine" }),
    Layer.merge(seeded(1), quiet)
  )

const faultOf = (url: string): Promise<string | undefined> =>
  Effect.runPromise(
    Effect.scoped(Layer.build(engineAt(url))).pipe(
      Effect.match({ onFailure: ({ message }) => message, onSuccess: () => undefined })
    )
  )

const inEngine = (
  { url }: { readonly url: string },
  body: (engine: typeof NameEngine.Service) => Effect.Effect<void, never, Scope.Scope>
) => Effect.runPromise(Effect.scoped(Effect.flatMap(NameEngine, body)).pipe(Effect.provide(engineAt(url))))

type RegistryApi = typeof Registry.Service
type Identity = NonNullable<Registration["identity"]>

const identityOf = (letter: string): Identity => ({
  key: letter.repeat(43),
  fingerprint: "00000 00000 00000 00000 00000 00000" as Fingerprint,
  record: "AA"
})

const inRegistryOf = (
  { url }: { readonly url: string },
  seed: number,
  body: (registry: RegistryApi) => Effect.Effect<void, never, Scope.Scope>,
  keeps = false
) =>
  Effect.flatMap(Registry, body).pipe(
    Effect.provide(
      Layer.provide(
        SharedRegistry.layer({ graceMs: 60_000, maxNames: 100, reserved: [] }, "", keeps),
        Layer.mergeAll(engineAt(url), seeded(seed), Crypto.layer, quiet)
      )
    ),
    Effect.orDie
  )

const inRegistry = (
  at: { readonly url: string },
  body: (registry: RegistryApi) => Effect.Effect<void, never, Scope.Scope>
) => Effect.runPromise(Effect.scoped(inRegistryOf(at, 1, body)))

const claim = (registry: RegistryApi, session: string, nick: string, identity?: Identity): Effect.Effect<ClaimAnswer> =>
  Effect.async((resume) =>
    registry.claim(
      {
        session: session as SessionId,
        nickname: Either.getOrThrow(Nickname.parse(nick)),
        ...(identity === undefined ? {} : { identity }),
        address: "192.0.2.1:1",
        endpoints: []
      },
      (answer) => resume(Effect.succeed(answer))
    )
  )

const until = (condition: () => boolean) => Effect.repeat(Effect.sleep(5), { until: condition })

describe.runIf(hasRedis())("nicknames that are kept in Redis", () => {
  const [alice, eve] = [identityOf("A"), identityOf("E")]
  const nickname = (text: string) => Either.getOrThrow(Nickname.parse(text))
  const comes = (nick: string, identity?: Identity) => (registry: RegistryApi) =>
    Effect.map(claim(registry, "s.1", nick, identity), ({ _tag }) => _tag)
  let seed = 0
  /** What is answered on a node that has just been started, and ends afterwards. */
  const onNode = <A>(redis: Redis, ask: (registry: RegistryApi) => Effect.Effect<A>, keeps = true): Promise<A> => {
    let found: A | undefined
    const body = (registry: RegistryApi) =>
      Effect.gen(function* () {
        found = yield* ask(registry)
        registry.release("s.1" as SessionId, false)
      })
    return Effect.runPromise(Effect.scoped(inRegistryOf(redis, ++seed, body, keeps))).then(() => found!)
  }
  const forget = (nick: string) => (registry: RegistryApi) =>
    Effect.async<unknown>((resume) => registry.forget(nickname(nick), (answer) => resume(Effect.succeed(answer))))

  it("stay with their identity when all nodes and Redis have ended, until the operator or time frees them", async () => {
    const redis = await redisWith("--appendonly", "yes", "--appendfsync", "always")
    expect(await onNode(redis, comes("alice", alice))).toBe("Claimed")
    await redis.kill()
    await redis.run()
    for (const nick of ["alice", "AIice"]) {
      expect(await onNode(redis, comes(nick, eve)), nick).toBe("Refused")
      expect(await onNode(redis, comes(nick), false), "nor on a node that keeps none itself").toBe("Refused")
    }
    expect(await onNode(redis, comes("alice", alice))).toBe("Claimed")
    expect(await onNode(redis, forget("alice"))).toBe(true)
    expect(await onNode(redis, forget("alice"))).toBe(false)
    expect(await onNode(redis, comes("alice", eve))).toBe("Claimed")
    const day = 86_400_000
    const { key, lookalike } = nickname("alice")
    const seen = (ago: number, days: number) =>
      redis.command("HSET", "{engine}:kept", key, [lookalike, eve.key, Date.now() - ago * day, days].join("\n"))
    await seen(181, 3)
    expect(await onNode(redis, comes("alice", alice))).toBe("Refused")
    expect(await onNode(redis, comes("alice", eve))).toBe("Claimed")
    expect(await redis.command("HGET", "{engine}:kept", key), "seen today, on a fourth day").toMatch(/\n4$/)
    await seen(183, 4)
    expect(await onNode(redis, comes("alice", alice))).toBe("Claimed")
  })

  it("are four for one identity, and nobody's where nodes keep none", async () => {
    const redis = await redisWith()
    for (const nick of ["ann", "bert", "carl", "dora", "emil"]) await onNode(redis, comes(nick, alice))
    expect(await onNode(redis, comes("ann", eve), false)).toBe("Claimed")
    expect(await onNode(redis, comes("bert", eve), false)).toBe("Refused")
    expect(await onNode(redis, comes("fritz", alice), false)).toBe("Claimed")
    expect(await onNode(redis, comes("fritz", eve), false)).toBe("Claimed")
  })
})
