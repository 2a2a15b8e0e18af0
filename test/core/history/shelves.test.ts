import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  MAX_SEGMENTS,
  MAX_SEGMENTS_EACH,
  MIN_OF_STRANGERS,
  nameOf,
  Shelves
} from "../../../src/core/history/Shelves.js"

const shelfOf = (n: number): string => n.toString(16).padStart(32, "0")

describe("shelves", () => {
  it("are read from names, and leave strangers alone", () => {
    const names = [
      nameOf({ shelf: shelfOf(1), number: 5 }),
      nameOf({ shelf: shelfOf(1), number: 1_763_000_000_000 }),
      nameOf({ shelf: shelfOf(2), number: 0 }),
      "notes.txt",
      `${shelfOf(3)}/12`,
      `${shelfOf(3)}/0000000000000012.damaged`,
      `x/${shelfOf(3)}/0000000000000012`
    ]
    const shelves = new Shelves([...names, names[0]!])
    expect(shelves.all().flatMap((shelf) => shelves.of(shelf).map(nameOf))).toEqual(names.slice(0, 3))
    expect(shelves.newest(shelfOf(1))).toEqual({ shelf: shelfOf(1), number: 1_763_000_000_000 })
    expect(shelves.newest(shelfOf(3))).toBeUndefined()
  })

  it("number what follows by the time, and upwards whatever the clock does", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.double({ noNaN: true }), fc.nat()), { maxLength: 20 }), (clock) => {
        const shelves = new Shelves([])
        let last = -1
        for (const now of clock) {
          const next = shelves.next(shelfOf(1), now)
          expect(next.number).toBeGreaterThan(last)
          expect(nameOf(next)).toMatch(/^[0-9a-f]{32}\/\d{16}$/)
          last = next.number
          shelves.add(next)
        }
      })
    )
  })

  it("lose the oldest when there are too many, of one, of those asked for and of strangers, and keep every bound", () => {
    const asked = new Set(Array.from({ length: 30 }, (_, n) => shelfOf(n)))
    const isAsked = ({ shelf }: { shelf: string }) => asked.has(shelf)
    const step = fc.record({ shelf: fc.nat(59).map(shelfOf), many: fc.integer({ min: 1, max: 30 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
        const shelves = new Shelves([])
        let model: Array<{ shelf: string; number: number }> = []
        let now = 0
        for (const { many, shelf } of steps)
          for (let i = 0; i < many; i++) {
            const segment = shelves.next(shelf, now++)
            shelves.add(segment)
            model.push(segment)
            const own = model.filter((one) => one.shelf === shelf)
            if (own.length > MAX_SEGMENTS_EACH) model = model.filter((one) => one !== own[0])
            if (model.filter(isAsked).length > MAX_SEGMENTS) model.splice(model.findIndex(isAsked), 1)
            if (model.length > MAX_SEGMENTS + MIN_OF_STRANGERS)
              model.splice(
                model.findIndex((one) => !isAsked(one)),
                1
              )
            for (let one = shelves.surplus(() => asked); one !== undefined; one = shelves.surplus(() => asked))
              shelves.remove(one)
          }
        const all = shelves.all().flatMap((shelf) => shelves.of(shelf))
        const sorted = (segments: typeof model) => segments.map(nameOf).sort()
        expect(sorted([...all])).toEqual(sorted(model))
      }),
      { numRuns: 30 }
    )
  })
})
