import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import { Client, layerClientMetrics, layerServerMetrics, Server } from "parley-chat"
import { Counters, type ServerStats } from "../../src/server/Counters.js"
import { figuresOf } from "../../src/server/Metrics.js"
import * as FakeClient from "../cli/FakeClient.js"

const { endings, errors, moods, refusals } = new Counters()
/** Each number is another one. */
const STATS: ServerStats = {
  connections: 1,
  watchers: 2,
  watched: 3,
  live: 4,
  names: 5,
  accepted: 6,
  refused: 7,
  requests: 8,
  endings: { ...endings, exit: 9, lost: 10 },
  moods: { ...moods, direct: 11, relay: 12 },
  refusals: { ...refusals, token: 23, slow: 24 },
  errors: { ...errors, NickTaken: 25, Busy: 26 },
  registered: 27,
  queued: 28,
  waiting: { turn: 29, proof: 30, presence: 31, goodbye: 32 },
  registrations: 33,
  queries: 34,
  introductions: 35,
  relay: { packets: 13, bytes: 14, limited: 15, congested: 16, unknown: 17, channels: 18 },
  reflector: { answered: 19, refused: 20, limited: 21, ignored: 22 }
}

const numbersIn = (value: unknown): ReadonlyArray<number> =>
  typeof value === "number" ? [value] : Object.values(value as object).flatMap(numbersIn)

describe("metrics", () => {
  it("have every number of the statistics, each under a name of its own", () => {
    const figures = figuresOf(STATS)
    const values = figures.map(({ value }) => value)
    expect(values.toSorted((a, b) => a - b)).toEqual(numbersIn(STATS).toSorted((a, b) => a - b))
    const names = figures.map(({ labels = {}, name }) => [name, ...Object.values(labels)].join(" "))
    expect(new Set(names).size).toBe(names.length)
    for (const { labels = {}, name } of figures)
      expect([name, ...Object.keys(labels)].join("")).toMatch(/^parley_server_[a-z_]+$/)
  })

  it("leave out what a server does not have", () => {
    const { reflector, relay, ...rest } = STATS
    const left = figuresOf(rest).filter(({ name }) => /relay|stun/.test(name))
    expect([left, relay?.channels, reflector?.ignored]).toEqual([[], 18, 22])
  })

  it.scoped("of a server and a client are there as soon as their layers are", () =>
    Effect.gen(function* () {
      const server = {
        local: { family: "ipv4", address: "192.0.2.1", port: 1 } as const,
        stats: Effect.succeed(STATS),
        unready: Effect.succeed(undefined),
        change: () => Effect.void,
        drain: () => Effect.void,
        drained: Effect.never
      }
      const client = { ...(yield* FakeClient.make), told: Effect.succeed({ Message: 3 }) }
      yield* Layer.build(Layer.provide(layerServerMetrics(), Layer.succeed(Server, server)))
      yield* Layer.build(Layer.provide(layerClientMetrics("1 second"), Layer.succeed(Client, client)))
      const shown = Metric.unsafeSnapshot().map(({ metricKey }) =>
        [metricKey.name, ...metricKey.tags.map(({ key, value }) => `${key}=${value}`)].join(" ")
      )
      expect(shown).toEqual(
        expect.arrayContaining([
          "parley_server_relay_channels",
          "parley_server_endings reason=lost",
          "parley_client_events event=Message"
        ])
      )
    })
  )
})
