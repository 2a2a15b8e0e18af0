import { performance } from "node:perf_hooks"
import { describe, expect, it } from "vitest"
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

/** Longer than one turn may last. */
const work = () => {
  const end = performance.now() + 5
  while (performance.now() < end);
}
