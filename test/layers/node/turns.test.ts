import { performance } from "node:perf_hooks"
import { describe, expect, it } from "vitest"
import { Bursts, ENOUGH } from "../../../src/layers/node/Bursts.js"
import { MAX_WAITING, Turns } from "../../../src/layers/node/Turns.js"

describe("what arrives faster than it can be worked on", () => {
  it("is worked on in pieces, in its order, and lets everything else that waits go first", async () => {
    const log: Array<string> = []
    const done = new Promise<void>((resolve) => {
      const turns = new Turns<number>({
        take: (arrived) => {
          log.push(`take ${arrived}`)
          work()
          if (arrived === 3) resolve()
        },
        idle: () => {
          log.push("idle")
          setImmediate(() => log.push("other"))
        }
      })
      for (const arrived of [1, 2, 3]) turns.add(arrived)
    })
    log.push("arrived")
    await done
    expect(log).toEqual(["arrived", "take 1", "idle", "other", "take 2", "idle", "other", "take 3", "idle"])
  })

  it("is one piece where it is little, with one answer to all of it", async () => {
    const log: Array<string> = []
    await new Promise<void>((resolve) => {
      const turns = new Turns<number>({
        take: (arrived) => void log.push(`take ${arrived}`),
        idle: () => {
          log.push("idle")
          // A machine that is that busy may have made two of it.
          if (log.includes("take 3")) resolve()
        }
      })
      for (const arrived of [1, 2, 3]) turns.add(arrived)
    })
    expect(log.filter((line) => line !== "idle")).toEqual(["take 1", "take 2", "take 3"])
    expect(log.at(-1)).toBe("idle")
  })

  it("waits in a bounded number", () => {
    const taken: Array<number> = []
    const turns = new Turns<number>({ take: (arrived) => void taken.push(arrived), idle: () => {} })
    for (let arrived = 0; arrived < 2000; arrived++) turns.add(arrived)
    expect(taken).toEqual(Array.from({ length: 2000 - MAX_WAITING }, (_, index) => index))
  })
})

describe("what comes alone again and again", () => {
  const watched = () => {
    const log: Array<string> = []
    const turns = new Turns<number>({
      take: (arrived) => void log.push(`take ${arrived}`),
      idle: () => void log.push("idle")
    })
    return { log, turns }
  }
  /** One each turn of the event loop. */
  const converse = async (turns: Turns<number>, count = ENOUGH) => {
    for (let said = 0; said < count; said++) {
      turns.add(said)
      await nextTurn()
    }
  }

  it("is answered where it arrives, and not before it is known to", async () => {
    const { log, turns } = watched()
    await converse(turns, ENOUGH - 1)
    log.length = 0
    turns.add(100)
    expect(log).toEqual([])
    await nextTurn()
    turns.add(101)
    expect(log).toEqual(["take 100", "idle", "take 101", "idle"])
    await nextTurn()
    expect(log).toEqual(["take 100", "idle", "take 101", "idle"])
  })

  it("has what follows in the same turn wait for the end of it, and the next one too", async () => {
    const { log, turns } = watched()
    await converse(turns)
    log.length = 0
    for (const arrived of [1, 2, 3]) turns.add(arrived)
    expect(log).toEqual(["take 1", "idle"])
    // A machine that is that busy may make two turns of it.
    while (log.at(-1) !== "idle" || !log.includes("take 3")) await nextTurn()
    expect(log.filter((line) => line !== "idle")).toEqual(["take 1", "take 2", "take 3"])
    turns.add(4)
    expect(log).not.toContain("take 4")
    await nextTurn()
    expect(log.slice(-2)).toEqual(["take 4", "idle"])
  })

  it("is what the next one is taken for after so many, until there are two", () => {
    const bursts = new Bursts()
    const alone = () =>
      Array.from({ length: ENOUGH }, () => {
        bursts.ended(1)
        return bursts.isNextAlone
      })
    const expected = [...Array.from({ length: ENOUGH - 1 }, () => false), true]
    expect(bursts.isNextAlone).toBe(false)
    expect(alone()).toEqual(expected)
    bursts.ended(1)
    expect(bursts.isNextAlone).toBe(true)
    bursts.ended(2)
    expect(bursts.isNextAlone).toBe(false)
    expect(alone()).toEqual(expected)
  })
})

/** Immediates run in the order in which they were asked for: this one after that of the turn. */
const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve))

/** Longer than one turn may last. */
const work = () => {
  const end = performance.now() + 5
  while (performance.now() < end);
}
