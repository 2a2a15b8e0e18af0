import { networkInterfaces } from "node:os"
import { performance } from "node:perf_hooks"
import { describe, expect, it } from "vitest"
import { Bursts, ENOUGH, SOON } from "../../../src/layers/node/Bursts.js"
import { OwnAddresses } from "../../../src/layers/node/OwnAddresses.js"
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
        },
        isNear: () => false
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
        },
        isNear: () => false
      })
      for (const arrived of [1, 2, 3]) turns.add(arrived)
    })
    expect(log.filter((line) => line !== "idle")).toEqual(["take 1", "take 2", "take 3"])
    expect(log.at(-1)).toBe("idle")
  })

  it("waits in a bounded number", () => {
    const taken: Array<number> = []
    const turns = new Turns<number>({
      take: (arrived) => void taken.push(arrived),
      idle: () => {},
      isNear: () => false
    })
    for (let arrived = 0; arrived < 2000; arrived++) turns.add(arrived)
    expect(taken).toEqual(Array.from({ length: 2000 - MAX_WAITING }, (_, index) => index))
  })
})

describe("what comes alone again and again", () => {
  const watched = () => {
    const log: Array<string> = []
    const turns = new Turns<number>({
      take: (arrived) => void log.push(`take ${arrived}`),
      idle: () => void log.push("idle"),
      isNear: () => false
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
        bursts.ended(1, false)
        return bursts.isNextAlone
      })
    const expected = [...Array.from({ length: ENOUGH - 1 }, () => false), true]
    expect(bursts.isNextAlone).toBe(false)
    expect(alone()).toEqual(expected)
    bursts.ended(1, false)
    expect(bursts.isNextAlone).toBe(true)
    bursts.ended(2, false)
    expect(bursts.isNextAlone).toBe(false)
    expect(alone()).toEqual(expected)
  })
})

describe("what comes soon again and again", () => {
  const QUICK = SOON / 4
  const watched = (isNear = true) => {
    const watch = { time: 0, reads: 0 }
    const turns = new Turns<number>({ take: () => {}, idle: () => {}, isNear: () => isNear }, () => {
      watch.reads++
      return watch.time
    })
    /** So many, one each turn of the event loop, each so long after the one before. */
    const converse = async (count: number, every: number) => {
      for (let said = 0; said < count; said++) {
        watch.time += every
        turns.add(said)
        await nextTurn()
      }
    }
    /** How often the clock is read in so many turns in which nothing comes. */
    const silence = async (count: number) => {
      const before = watch.reads
      for (let turn = 0; turn < count; turn++) await nextTurn()
      return watch.reads - before
    }
    return { watch, converse, silence }
  }

  it("is waited for without a pause, until it is late", async () => {
    const { watch, converse, silence } = watched()
    await converse(2 * ENOUGH, QUICK)
    expect(await silence(50)).toBe(50)
    watch.time += QUICK
    expect(await silence(50)).toBe(50)
    watch.time += SOON
    expect(await silence(50)).toBe(1)
  })

  it("is not waited for where it comes over a network, however soon", async () => {
    const { converse, silence } = watched(false)
    await converse(10 * ENOUGH, QUICK)
    expect(await silence(50)).toBe(0)
  })

  it("is not waited for before it is known to, nor where it comes late", async () => {
    const { converse, silence } = watched()
    await converse(ENOUGH, QUICK)
    expect(await silence(50)).toBe(0)
    await converse(10 * ENOUGH, 2 * SOON)
    expect(await silence(50)).toBe(0)
  })

  it("is known anew after one that came late, or with another", () => {
    for (const [size, isSoon] of [
      [1, false],
      [2, true]
    ] as const) {
      const bursts = new Bursts()
      for (let i = 0; i < 2 * ENOUGH; i++) bursts.ended(1, true)
      expect(bursts.isNextSoon).toBe(true)
      bursts.ended(size, isSoon)
      for (let i = 0; i < ENOUGH - 1; i++) bursts.ended(1, true)
      expect(bursts.isNextSoon).toBe(false)
      bursts.ended(1, true)
      expect(bursts.isNextSoon).toBe(true)
    }
  })

  it("is waited for again soon where one was late, and seldom where none ever comes", () => {
    const waits = (exchanges: number, isLate: (wait: number) => boolean) => {
      const bursts = new Bursts()
      let waited = 0
      for (let i = 0; i < exchanges; i++) {
        const isInVain = bursts.isNextSoon && isLate(waited++)
        if (isInVain) bursts.missed()
        bursts.ended(1, !isInVain)
      }
      return waited
    }
    expect(waits(100_000, (wait) => wait % 1_000 === 999)).toBeGreaterThan(98_000)
    // As where both sides share a processor: nothing comes while this one waits.
    expect(waits(100_000, () => true)).toBeLessThan(120)
    expect(waits(100_000, () => true)).toBeGreaterThan(90)
  })
})

describe("an address of this machine", () => {
  it("is known, also one that came later", () => {
    let time = 0
    const all = new Set(["192.0.2.1"])
    const reads: Array<number> = []
    const read = () => {
      reads.push(time)
      return new Set(all)
    }
    const own = new OwnAddresses(read, () => time)
    expect([own.has("127.0.0.1"), own.has("::1"), reads]).toEqual([true, true, []])
    expect([own.has("192.0.2.1"), own.has("192.0.2.2")]).toEqual([true, false])
    all.add("192.0.2.2")
    time = 9_999
    expect(own.has("192.0.2.2")).toBe(false)
    time = 10_000
    expect([own.has("192.0.2.2"), reads]).toEqual([true, [0, 10_000]])
  })

  it("is one that the system names", () => {
    const own = new OwnAddresses()
    for (const { address } of Object.values(networkInterfaces()).flatMap((all = []) => all))
      expect(own.has(address)).toBe(true)
    expect(own.has("198.51.100.1")).toBe(false)
  })
})

/** Immediates run in the order in which they were asked for: this one after that of the turn. */
const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve))

/** Longer than one turn may last. */
const work = () => {
  const end = performance.now() + 5
  while (performance.now() < end);
}
