import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { afterEach, describe, expect, it } from "vitest"
import * as RedisAddress from "../../../src/domain/RedisAddress.js"
import type { SessionId } from "../../../src/domain/Registration.js"
import * as RedisEngine from "../../../src/layers/redis/RedisEngine.js"
import type { EngineAnswer, EngineCall } from "../../../src/protocol/SharedNames.js"
import { NameEngine } from "../../../src/services/NameEngine.js"
import * as Certificates from "../../support/Certificates.js"
import { full } from "../../support/Effort.js"
import { seeded } from "../../support/Entropy.js"
import { freePort } from "../../support/Ports.js"
import { hasRedis, Redis } from "../../support/Redis.js"

const running: Array<Redis> = []
afterEach(async () => {
  for (const redis of running.splice(0)) await redis.stop()
})
const started = async (redis: Promise<Redis>): Promise<Redis> => {
  running.push(await redis)
  return redis
}

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

describe.runIf(hasRedis())("Redis is reached", () => {
  it("with TLS, if authorities vouch for it that the operator names", async () => {
    const port = await freePort()
    const tls = [
      ["--tls-port", String(port)],
      ["--tls-cert-file", path("../../support/tls/signed.pem")],
      ["--tls-key-file", path("../../support/tls/signed.key")],
      ["--tls-ca-cert-file", path("../../support/tls/authority.pem")],
      ["--tls-auth-clients", "no"]
    ].flat()
    const redis = await started(Redis.start(...tls))
    const url = `rediss://127.0.0.1:${port}`
    expect(await said(url, [ENTER], Certificates.authority)).toMatchObject([{ _tag: "Entered" }])
    await expect(said(url, [ENTER])).rejects.toThrow(/verify|self[- ]signed/)
    await expect(said(url, [ENTER], Certificates.own.certificate)).rejects.toThrow(/verify|self[- ]signed/)
    await expect(said(`rediss://127.0.0.1:${redis.port}`, [ENTER], Certificates.authority)).rejects.toThrow()
  })

  it("as the user that the documentation tells to make, who may do all that is needed and no more", async () => {
    const docs = readFileSync(path("../../../docs/operating.md"), "utf8")
    const [, rules = "", script = ""] =
      /`ACL SETUSER parley on >PASSWORD (~[^`]*)`\s+and, as the script does everything,\s+`([^`]*)`/.exec(docs) ?? []
    const redis = await started(Redis.start())
    const words = `${rules} ${script}`.replaceAll("{parley}", "{reach}").split(" ")
    await redis.command("ACL", "SETUSER", "parley", "on", ">PASSWORD", ...words)
    const url = `redis://parley:PASSWORD@127.0.0.1:${redis.port}`
    const answers = await said(url, [ENTER, ...EVERYTHING])
    expect(answers.map((answer) => answer?._tag)).toEqual([
      "Entered",
      "Granted",
      "Granted",
      "Taken",
      "Done",
      "Found",
      "Asserted",
      "Done",
      "Granted",
      "Forgotten",
      "Reaped",
      "Names",
      "Done",
      "Reaped"
    ])
    await expect(said(`redis://parley:guess@127.0.0.1:${redis.port}`, [ENTER])).rejects.toThrow("WRONGPASS")
    await redis.command("SET", "{other}:key", "1")
    await redis.command("ACL", "SETUSER", "parley", ">PASSWORD", "-hgetall")
    expect(await said(url, [ENTER])).toEqual([undefined])
  })

  it.runIf(full)("through a Sentinel, also where another one is the primary since", async () => {
    const primary = await started(Redis.start())
    const replica = await started(Redis.start("--replicaof", "127.0.0.1", String(primary.port)))
    const sentinel = await started(Redis.sentinel(primary.port))
    await waitFor(async () => {
      const found = await sentinel.command("SENTINEL", "REPLICAS", "names")
      return Array.isArray(found) && found.length === 1
    })
    const nobody = await freePort()
    const url = `redis+sentinel://127.0.0.1:${nobody},127.0.0.1:${sentinel.port}/names`
    await inEngine(url, (engine) =>
      Effect.gen(function* () {
        expect(yield* ask(engine, ENTER)).toMatchObject({ _tag: "Entered" })
        expect(yield* ask(engine, claim("s.1", "alice", "a"))).toMatchObject({ _tag: "Granted" })
        yield* Effect.promise(() => waitFor(async () => (await replica.command("HLEN", "{reach}:names")) === 1))
        yield* Effect.promise(() => primary.kill())
        const again = Effect.repeat(Effect.delay(ask(engine, ENTER), 20), { until: (answer) => answer !== undefined })
        expect(yield* again, "the same names, the same lease").toMatchObject({
          _tag: "Entered",
          wasHere: true,
          names: 1
        })
        expect(yield* ask(engine, claim("s.2", "alice", "b"))).toEqual({ _tag: "Taken" })
        expect(yield* Effect.promise(() => replica.command("HLEN", "{reach}:names"))).toBe(1)
      })
    )
    await expect(said(`redis+sentinel://127.0.0.1:${sentinel.port}/others`, [ENTER])).rejects.toThrow("no primary")
  })
})

const ENTER: EngineCall = {
  _tag: "Enter",
  node: "s",
  at: "",
  slot: 0,
  generation: "g",
  version: 0,
  epoch: 0,
  leaseMs: 60_000
}

const claim = (session: string, key: string, identity: string): EngineCall => ({
  _tag: "Claim",
  node: "s",
  session: session as SessionId,
  key,
  lookalike: key,
  identity,
  shown: "",
  resume: "",
  maxNames: 10,
  keeps: true,
  body: "{}"
})

const EVERYTHING: ReadonlyArray<EngineCall> = [
  claim("s.1", "alice", "a"),
  claim("s.2", "bob", ""),
  claim("s.3", "alice", "b"),
  { _tag: "Update", session: "s.1" as SessionId, body: "{}" },
  { _tag: "Find", key: "alice" },
  { _tag: "Assert", node: "s", names: [] },
  { _tag: "Release", session: "s.2" as SessionId, hold: true, graceMs: 0 },
  claim("s.1", "alice", "a"),
  { _tag: "Forget", key: "alice", lookalike: "alice" },
  { _tag: "Reap", cursor: "", graceMs: 0 },
  { _tag: "Read", cursor: "" },
  { _tag: "Leave", node: "s" },
  // Holds the names of the node that has left.
  { _tag: "Reap", cursor: "", graceMs: 0 }
]

const engineAt = (url: string, authorities?: string) => {
  const address = Either.getOrThrow(RedisAddress.parse(url))
  const known = authorities === undefined ? address : { ...address, authorities }
  return Layer.provide(
    RedisEngine.layer({ address: known, prefix: "reach" }),
    Layer.merge(seeded(1), Logger.replace(Logger.defaultLogger, Logger.none))
  )
}

const inEngine = <A>(url: string, body: (engine: typeof NameEngine.Service) => Effect.Effect<A>, ca?: string) =>
  Effect.runPromise(Effect.flatMap(NameEngine, body).pipe(Effect.provide(engineAt(url, ca))))

const ask = (engine: typeof NameEngine.Service, call: EngineCall) =>
  Effect.async<EngineAnswer | undefined>((resume) => engine.call(call, (answer) => resume(Effect.succeed(answer))))

/** The answers to these, one after the other; rejects where Redis cannot be used. */
const said = (url: string, calls: ReadonlyArray<EngineCall>, authorities?: string) =>
  inEngine(url, (engine) => Effect.forEach(calls, (call) => ask(engine, call)), authorities)

const waitFor = (condition: () => Promise<boolean>) =>
  Effect.runPromise(Effect.repeat(Effect.delay(Effect.promise(condition), 10), { until: (is) => is }))
