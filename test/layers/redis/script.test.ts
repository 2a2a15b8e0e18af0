import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { EngineModel } from "../../../scenarios/support/EngineModel.js"
import * as RedisAddress from "../../../src/domain/RedisAddress.js"
import type { SessionId } from "../../../src/domain/Registration.js"
import * as RedisEngine from "../../../src/layers/redis/RedisEngine.js"
import type { EngineAnswer, EngineCall, LogEntry, StoredName } from "../../../src/protocol/SharedNames.js"
import { NameEngine } from "../../../src/services/NameEngine.js"
import { Rng } from "../../../src/sim/kernel/Rng.js"
import { some } from "../../support/Effort.js"
import { seeded } from "../../support/Entropy.js"
import { hasRedis, Redis } from "../../support/Redis.js"

describe.runIf(hasRedis())("the script in Redis", () => {
  let redis: Redis
  beforeAll(async () => {
    redis = await Redis.start()
  })
  afterAll(() => redis.stop())

  for (let seed = 1; seed <= some(200, 3); seed++) {
    it.live(`does what the model does: seed ${seed}`, () =>
      run(redis, `seed${seed}`, (engine) => compare(engine, seed))
    )
  }
})

const run = (
  redis: Redis,
  prefix: string,
  body: (engine: typeof NameEngine.Service) => Effect.Effect<void>
): Effect.Effect<void, unknown> => {
  const address = Either.getOrThrow(RedisAddress.parse(redis.url))
  const layer = Layer.provide(RedisEngine.layer({ address, prefix }), seeded(1))
  return Effect.scoped(Effect.flatMap(NameEngine, body)).pipe(Effect.provide(layer))
}

const compare = (engine: typeof NameEngine.Service, seed: number) =>
  Effect.gen(function* () {
    const rng = new Rng(seed)
    const model = new EngineModel()
    const ask = (call: EngineCall) =>
      Effect.async<EngineAnswer | undefined>((resume) => engine.call(call, (answer) => resume(Effect.succeed(answer))))
    // Its own clock: nothing here depends on how much time passes.
    for (let step = 0; step < 150; step++) {
      const call = draw(rng, [...model.names.values()], step)
      const wanted = model.call(call, step)
      // Until all of it is done: how much at once is the engine's business.
      let answer = yield* ask(call)
      while (call._tag === "Reap" && answer?._tag === "Reaped" && answer.more && answer.cursor !== "") {
        answer = yield* ask({ ...call, cursor: answer.cursor })
      }
      expect(timeless(answer), `step ${step}: ${JSON.stringify(call)}`).toEqual(timeless(wanted))
    }
    const entries: Array<LogEntry> = []
    const stop = engine.follow("0-0", (more) => entries.push(...more))
    yield* Effect.repeat(Effect.sleep(2), { until: () => entries.length >= model.log.length })
    stop()
    expect(entries.map(({ n, version }) => [n, version])).toEqual(model.log.map(({ n, version }) => [n, version]))
    expect(inRuns(entries)).toEqual(inRuns(model.log))
  })

const draw = (rng: Rng, names: ReadonlyArray<StoredName>, step: number): EngineCall => {
  const node = `node${rng.below(3)}`
  const session = `${node}.${rng.below(4)}` as SessionId
  const of = rng.below(12)
  const key = `key${of}`
  const lookalike = `alike${Math.floor(of / 2)}`
  const identity = rng.pick(["", "", "a", "b"])
  const body = JSON.stringify({ nick: key, more: '\u00e9\\n"', step })
  const graceMs = rng.chance(0.3) ? 0 : 1_000_000
  const kind = rng.below(100)
  const shown = rng.chance(0.3) ? (rng.pick([...names, undefined])?.resume ?? "") : ""
  const resume = `resume${step}`
  const asked = { node, session, key, lookalike, identity, resume, body }
  if (step < 2 || kind < 8) {
    const seen = { version: rng.below(20), epoch: rng.below(20) }
    const at = rng.pick(["", "192.0.2.1:1"])
    return { _tag: "Enter", node, at, slot: rng.below(3), generation: `g${step}`, leaseMs: 1_000_000, ...seen }
  }
  if (kind < 50) return { _tag: "Claim", ...asked, shown, maxNames: 100, keeps: step > 50 && rng.chance(0.3) }
  if (kind < 55) return { _tag: "Forget", key, lookalike }
  if (kind < 65) return { _tag: "Release", session, hold: rng.chance(0.6), graceMs }
  if (kind < 72) return { _tag: "Update", session, body }
  if (kind < 78) return { _tag: "Find", key }
  if (kind < 88) {
    const known = names.filter(({ until }) => until === 0).slice(0, 2)
    const made = { ...asked, epoch: rng.below(30), since: 5, until: 0 }
    return { _tag: "Assert", node, names: rng.chance(0.5) ? [made] : [...known, made] }
  }
  if (kind < 92) return { _tag: "Leave", node }
  if (kind < 97) return { _tag: "Reap", cursor: "", graceMs }
  return { _tag: "Read", cursor: "" }
}

const timeless = (answer: EngineAnswer | undefined) => {
  if (answer?._tag === "Granted") return { ...answer, since: 0 }
  if (answer?._tag === "Found") return { ...answer, name: answer.name && timelessName(answer.name) }
  // One call of the engine may do less than one of the model.
  if (answer?._tag === "Reaped") return { _tag: answer._tag }
  if (answer?._tag !== "Names") return answer
  const { cursor, from, names, nodes } = answer
  return {
    cursor,
    n: from?.n,
    version: from?.version,
    names: names.map(timelessName).sort((a, b) => (a.key < b.key ? -1 : 1)),
    nodes: [...(nodes ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1))
  }
}

const timelessName = (name: StoredName) => ({ ...name, since: 0, until: Math.min(1, name.until) })

/** The changes; in which order names are held and freed of which several are due is the engine's business. */
const inRuns = (entries: ReadonlyArray<LogEntry>) => {
  const runs: Array<Array<LogEntry["change"]>> = []
  for (const { change } of entries) {
    const last = runs.at(-1)
    const isDue = change._tag === "Held" || change._tag === "Freed"
    if (isDue && last?.[0]?._tag === change._tag) last.push(change)
    else runs.push([change._tag === "Owned" ? { ...change, name: timelessName(change.name) } : change])
  }
  const key = (change: LogEntry["change"]) => ("key" in change ? change.key : "")
  return runs.map((run) => run.sort((a, b) => (key(a) < key(b) ? -1 : 1)))
}
