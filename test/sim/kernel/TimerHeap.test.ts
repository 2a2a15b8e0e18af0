import * as fc from "fast-check"
import { expect, it } from "vitest"
import { type Timer, TimerHeap } from "../../../src/sim/kernel/TimerHeap.js"

type Command = { readonly push: number } | { readonly remove: number } | "pop"

const commands = fc.array(
  fc.oneof(
    fc.record({ push: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ remove: fc.nat(50) }),
    fc.constant<"pop">("pop")
  ),
  { maxLength: 200 }
)

it("gives timers by time, then by order of making, whatever is cancelled in between", () => {
  fc.assert(
    fc.property(commands, (script: ReadonlyArray<Command>) => {
      const heap = new TimerHeap()
      const all: Array<Timer> = []
      let model: Array<Timer> = []
      for (const command of script) {
        if (command === "pop") {
          model.sort((a, b) => a.at - b.at || a.order - b.order)
          expect(heap.pop()).toBe(model.shift())
        } else if ("push" in command) {
          const timer: Timer = {
            at: command.push,
            order: all.length,
            slot: -1,
            owner: undefined,
            localAt: 0,
            fire: () => {}
          }
          heap.push(timer)
          all.push(timer)
          model.push(timer)
        } else {
          const timer = all[command.remove % Math.max(1, all.length)]
          if (timer !== undefined) heap.remove(timer)
          model = model.filter((each) => each !== timer)
        }
        expect(heap.size).toBe(model.length)
      }
    })
  )
})
