import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { afterAll, beforeAll, describe } from "vitest"
import * as RedisAddress from "../../../src/domain/RedisAddress.js"
import * as Crypto from "../../../src/layers/node/Crypto.js"
import * as RedisEngine from "../../../src/layers/redis/RedisEngine.js"
import * as SharedRegistry from "../../../src/server/SharedRegistry.js"
import { seeded } from "../../support/Entropy.js"
import { hasRedis, Redis } from "../../support/Redis.js"
import * as Conformance from "../conformance/Registry.js"
import { live } from "../conformance/Suite.js"

const setup = { graceMs: 3_000, maxNames: 6, reserved: "server" }

describe.runIf(hasRedis())("names in Redis", () => {
  let redis: Redis
  let runs = 0
  beforeAll(async () => {
    redis = await Redis.start()
  })
  afterAll(() => redis.stop())

  Conformance.suite("a real Redis", setup, {
    run: (test) => {
      const address = Either.getOrThrow(RedisAddress.parse(redis.url))
      const engine = RedisEngine.layer({ address, prefix: `run${runs++}` })
      const registry = SharedRegistry.layer({ ...setup, reserved: [setup.reserved] })
      const layer = Layer.provide(registry, Layer.provideMerge(engine, Layer.merge(seeded(runs), Crypto.layer)))
      return live(layer).run(test)
    }
  })
})
