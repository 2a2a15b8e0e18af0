import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { run, type Scenario } from "parley-chat/sim"
import { describe, expect, it } from "vitest"
import { CHANGES, type Change, speakAfter, undergo } from "../../../scenarios/grid/Changes.js"
import { MAX_GONE, MAX_KEEPALIVES, MAX_MOVED, MAX_STALL } from "../../../scenarios/grid/Goals.js"
import { idle } from "../../../scenarios/grid/Idle.js"
import * as Network from "../../../scenarios/grid/Network.js"
import { between, kindOf } from "../../../scenarios/grid/Places.js"
import { maxTime } from "../../../scenarios/product/Seeds.js"
import { full, some } from "../../support/Effort.js"

const value = async <A, E>(seed: number, scenario: Scenario<A, E>): Promise<A> => {
  const { exit } = await run({ seed, maxTime, link: Network.link(0) }, scenario)
  if (Exit.isFailure(exit)) throw new Error(`seed ${seed}: ${Cause.pretty(exit.cause)}`)
  return exit.value
}

describe("a path change", () => {
  it.each(
    (full ? CHANGES : CHANGES.filter((_, index) => index % 3 === 0)).map((change) => [change.name, change] as const)
  )("goes unnoticed: %s", async (_, change) => {
    for (const seed of [1, 2].slice(0, some(2, 1))) {
      const { messages, slowestMs, way } = await value(seed, undergo(change))
      expect(slowestMs).toBeLessThan(MAX_STALL)
      expect(messages).toBe(320)
      if (change.goesOn !== undefined) expect(way).toBe(change.goesOn)
    }
  })
})

describe("a server that is gone without a word", () => {
  it("is dialled anew as soon as its relay's port is silent, for whoever talks through it", async () => {
    const hard = kindOf("symmetric, random ports")
    const gone: Change = {
      name: "server moves while relayed",
      where: between(hard, hard),
      goesOn: "relay",
      happen: (sim) => sim.begin({ kind: "address-change", host: "server" })
    }
    for (const seed of [1, 2, 3].slice(0, some(3, 1))) {
      const { messages, slowestMs, way } = await value(seed, undergo(gone))
      expect(slowestMs).toBeLessThan(MAX_GONE)
      expect([messages, way]).toEqual([320, "relay"])
    }
  })
})

describe("a move", () => {
  it("is hardly felt, because the relay carries on for whoever the server has not missed yet", async () => {
    const move = CHANGES.find(({ name }) => name === "machine moves, the peer is behind a router")!
    for (const seed of [1, 2, 3].slice(0, some(3, 1))) {
      const { slowestMs } = await value(seed, undergo(move))
      expect(slowestMs).toBeLessThan(MAX_MOVED / 2)
    }
  })
})

describe("after a change of network", () => {
  const moves = CHANGES.filter(({ name }) => name.startsWith("machine"))
  it.each(moves.flatMap((change) => (["alice", "bob"] as const).map((who) => [change.name, who, change] as const)))(
    "talk is back within a second: %s, and only %s says something",
    async (_, who, change) => {
      for (const seed of [1, 2, 3].slice(0, some(3, 1)))
        expect(await value(seed, speakAfter(change, who))).toBeLessThan(MAX_MOVED)
    }
  )
})

describe("a silent conversation", () => {
  it.each(["port-restricted", "symmetric, random ports", "UDP blocked"])("costs little: %s", async (name) => {
    const { changes, nextMs, packetsPerMinute } = await value(1, idle(between(kindOf(name), kindOf(name))))
    expect(packetsPerMinute).toBeLessThan(MAX_KEEPALIVES)
    expect(packetsPerMinute).toBeGreaterThan(0)
    expect(changes).toBe(0)
    expect(nextMs).toBeLessThan(MAX_STALL)
  })
})
