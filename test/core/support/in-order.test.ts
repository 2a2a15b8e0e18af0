import * as fc from "fast-check"
import { expect, it } from "vitest"
import { InOrder } from "../../../src/core/support/InOrder.js"

interface Thing {
  readonly id: string
}

/** Adds some, takes some from the front or one from anywhere, looks at what a place shows, and rarely takes all. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ _tag: fc.constant("Add" as const), count: fc.nat(900) }) },
  { weight: 4, arbitrary: fc.record({ _tag: fc.constant("TakeFirst" as const), count: fc.nat(900) }) },
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("TakeBehind" as const), count: fc.nat(900) }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Take" as const), at: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ _tag: fc.constant("Read" as const), count: fc.nat(900) }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Back" as const) }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Clear" as const) }) }
)

it("gives each thing that is asked for in any order, and shows the others in theirs", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const things = new InOrder<Thing>()
      const [place, idle] = [things.place(), things.place()]
      let model: Array<Thing> = []
      /** How many of them the place has passed. */
      let read = 0
      let next = 0
      const take = (at: number) => {
        const [thing] = model.splice(at, 1)
        if (thing !== undefined && at < read) read--
        expect(things.take(thing?.id ?? "none")?.id).toBe(thing?.id)
        if (thing !== undefined) expect(things.has(thing.id)).toBe(false)
      }
      for (const what of steps) {
        switch (what._tag) {
          case "Add":
            for (let i = 0; i < what.count; i++) {
              const id = String(next++)
              things.push({ id })
              model.push({ id })
            }
            break
          case "TakeFirst":
            for (let i = 0; i < what.count; i++) take(0)
            break
          case "TakeBehind":
            // The first stays, for whatever reason, however many are taken behind it.
            for (let i = 0; i < what.count; i++) take(1)
            break
          case "Take":
            take(what.at % (model.length + 1))
            break
          case "Read":
            for (let i = 0; i < what.count; i++) {
              expect(things.at(place)?.id).toBe(model[read]?.id)
              if (read === model.length) break
              read++
              place.index++
            }
            break
          case "Back":
            place.index = 0
            read = 0
            break
          case "Clear":
            things.clear()
            model = []
            read = 0
        }
        expect(things.size).toBe(model.length)
        expect(things.at(idle)?.id).toBe(model[0]?.id)
      }
      expect(Array.from(things, ({ id }) => id)).toEqual(model.map(({ id }) => id))
      for (const { id } of model) expect(things.has(id)).toBe(true)
    })
  )
})
