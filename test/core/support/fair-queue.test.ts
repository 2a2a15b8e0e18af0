import * as fc from "fast-check"
import { expect, test } from "vitest"
import { FairQueue, type Origin } from "../../../src/core/support/FairQueue.js"
import { some } from "../../support/Effort.js"

const from = (crowd: string, key = crowd): Origin => ({ crowd, key })
const take = <Item>(queue: FairQueue<Item>, count: number) => Array.from({ length: count }, () => queue.take())

test("sources take turns, and what one of them has keeps its order", () => {
  const queue = new FairQueue<string>()
  for (let i = 0; i < 1_000; i++) for (const source of ["a", "b", "c"]) queue.add(from(source), `${source}${i}`)
  queue.add(from("d"), "d0")
  queue.add(from("d"), "d0")
  expect(take(queue, 5)).toEqual(["a0", "b0", "c0", "d0", "a1"])
  queue.delete("b1")
  expect(take(queue, 2)).toEqual(["b2", "c1"])
  expect(queue.size).toBe(3 * 1_000 - 7)
  while (queue.take() !== undefined);
  expect(queue.size).toBe(0)
})

test("whoever has one request goes before those who always have some, from however many addresses of a network", () => {
  const queue = new FairQueue<string>()
  let next = 0
  const flood = () => {
    for (; next % 1_000 !== 999; next++) queue.add(from("crowd", `address-${next % 1_000}`), `flood-${next}`)
    next++
  }
  flood()
  take(queue, 100)
  for (let round = 0; round < 50; round++) {
    flood()
    queue.add(from("home"), `honest-${round}`)
    expect(take(queue, 3)).toContain(`honest-${round}`)
  }
})

test("ever new sources do not keep those waiting who have waited for longer", () => {
  const queue = new FairQueue<string>()
  for (let i = 0; i < 100; i++) queue.add(from("old"), `old-${i}`)
  let served = 0
  for (let i = 0; i < 500; i++) {
    for (let more = 0; more < 10; more++) queue.add(from(`new-${i}-${more}`), `new-${i}-${more}`)
    if (queue.take()?.startsWith("old") === true) served++
  }
  expect(served).toBeGreaterThanOrEqual(90)
})

test("every item comes out once, unless it was deleted, and none that was not put in", () => {
  const step = fc.oneof(
    fc.record({ _tag: fc.constant("Add" as const), crowd: fc.nat(2), key: fc.nat(2), item: fc.nat(20) }),
    fc.record({ _tag: fc.constant("Delete" as const), item: fc.nat(20) }),
    fc.constant({ _tag: "Take" as const })
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new FairQueue<number>()
      const inside = new Set<number>()
      for (const one of steps) {
        if (one._tag === "Add") {
          queue.add(from(`c${one.crowd}`, `k${one.key}`), one.item)
          inside.add(one.item)
        } else if (one._tag === "Delete") {
          queue.delete(one.item)
          inside.delete(one.item)
        } else {
          const taken = queue.take()
          if (taken === undefined) expect(inside.size).toBe(0)
          else expect(inside.delete(taken)).toBe(true)
        }
        expect(queue.size).toBe(inside.size)
      }
      const rest = take(queue, inside.size)
      expect(new Set(rest)).toEqual(inside)
    }),
    { numRuns: some(1_000) }
  )
})
