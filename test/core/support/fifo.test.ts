import * as fc from "fast-check"
import { expect, it } from "vitest"
import { Fifo } from "../../../src/core/support/Fifo.js"

it("a queue gives what it was given, in that order", () => {
  const step = fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 99 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new Fifo<number>()
      const model: Array<number> = []
      let next = 0
      for (const count of steps) {
        if (count === undefined) expect(queue.shift()).toBe(model.shift())
        for (let i = 0; i < (count ?? 0); i++) {
          queue.push(next)
          model.push(next++)
        }
        expect(queue.length).toBe(model.length)
      }
      while (model.length > 0) expect(queue.shift()).toBe(model.shift())
      expect(queue.shift()).toBeUndefined()
    })
  )
})
