import * as fc from "fast-check"
import { expect, it } from "vitest"
import { type HeapEntry, IndexedHeap } from "../../../src/core/support/IndexedHeap.js"

type Command =
  | { readonly push: number }
  | { readonly remove: number }
  | { readonly move: number; readonly to: number }
  | "pop"

const at = fc.integer({ min: 0, max: 20 })

const commands = fc.array(
  fc.oneof(
    fc.record({ push: at }),
    fc.record({ remove: fc.nat(50) }),
    fc.record({ move: fc.nat(50), to: at }),
    fc.constant<"pop">("pop")
  ),
  { maxLength: 200 }
)

it("gives entries by key, then by order, whatever is taken out or moved in between", () => {
  fc.assert(
    fc.property(commands, at, (script: ReadonlyArray<Command>, bound) => {
      const heap = new IndexedHeap<HeapEntry>()
      const all: Array<HeapEntry> = []
      let model: Array<HeapEntry> = []
      const inOrder = () => model.sort((a, b) => a.at - b.at || a.order - b.order)
      const any = (index: number) => all[index % Math.max(1, all.length)]
      for (const command of script) {
        if (command === "pop") expect(heap.pop()).toBe(inOrder().shift())
        else if ("push" in command) {
          const entry = { at: command.push, order: all.length, slot: -1 }
          heap.push(entry)
          all.push(entry)
          model.push(entry)
        } else if ("move" in command) {
          const entry = any(command.move)
          if (entry === undefined || entry.slot < 0) continue
          entry.at = command.to
          heap.moved(entry)
        } else {
          const entry = any(command.remove)
          if (entry !== undefined) heap.remove(entry)
          model = model.filter((each) => each !== entry)
        }
        expect(heap.size).toBe(model.length)
        expect(heap.peek()).toBe(inOrder()[0])
      }
      expect(new Set(heap.upTo(bound))).toEqual(new Set(model.filter((entry) => entry.at <= bound)))
    })
  )
})
