import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Queue } from "../../src/promise/Queue.js"
import { some } from "../support/Effort.js"

/** A source that gives 0, 1, 2 … when it is told to, and the end after `length` of them. */
const source = (length: number) => {
  let given = 0
  let asked: (() => void) | undefined
  const pull = () =>
    new Promise<IteratorResult<number, undefined>>((resolve) => {
      asked = () => {
        asked = undefined
        resolve(given < length ? { done: false, value: given++ } : { done: true, value: undefined })
      }
    })
  return { pull, give: () => asked?.(), isAsked: () => asked !== undefined }
}

/** All that waits for nothing but its turn has had it. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe("a queue", () => {
  it("loses nothing and gives nothing twice, whoever waits, aborts, or leaves", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("next" as const), loop: fc.nat(2) }),
      fc.record({ kind: fc.constantFrom("abort" as const, "leave" as const), loop: fc.nat(2) }),
      fc.record({ kind: fc.constant("give" as const) })
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { give, pull } = source(1_000)
        const queue = new Queue(pull)
        const taken: Array<number> = []
        const loops = [0, 1, 2].map(() => start(queue))
        for (const one of steps) {
          if (one.kind === "give") give()
          else if (one.kind === "abort") loops[one.loop] = abort(queue, loops[one.loop]!)
          else if (one.kind === "leave" && loops[one.loop]!.waiting === 0) loops[one.loop] = start(queue)
          else if (one.kind === "next") next(loops[one.loop]!, taken)
          await settle()
        }
        for (const loop of loops) abort(queue, loop)
        const rest = start(queue)
        for (const _ of steps) {
          next(rest, taken)
          await settle()
          give()
          await settle()
        }
        expect(taken).toEqual(taken.map((_, index) => index))
      }),
      { numRuns: some(400) }
    )
  })

  it("asks its source for an element only when somebody waits for one", async () => {
    const { give, isAsked, pull } = source(10)
    const queue = new Queue(pull)
    const loop = queue.iterate()
    await settle()
    expect(isAsked()).toBe(false)
    const first = loop.next()
    await settle()
    expect(isAsked()).toBe(true)
    give()
    expect(await first).toEqual({ done: false, value: 0 })
    expect(isAsked()).toBe(false)
  })

  it("ends for everybody, also for those who come after the end", async () => {
    const { give, pull } = source(0)
    const queue = new Queue(pull)
    const both = [queue.iterate().next(), queue.iterate().next()]
    give()
    for (const one of [...both, queue.iterate().next()]) expect(await one).toEqual({ done: true, value: undefined })
  })

  it("throws what its source throws, and asks again for who comes then", async () => {
    let calls = 0
    const queue = new Queue<number>(() =>
      calls++ === 0 ? Promise.reject(new Error("no")) : Promise.resolve({ done: false, value: 7 })
    )
    await expect(queue.iterate().next()).rejects.toThrow("no")
    expect(await queue.iterate().next()).toEqual({ done: false, value: 7 })
  })

  it("throws the reason of a signal, also of one that is aborted already", async () => {
    const queue = new Queue(source(1).pull)
    const reason = new Error("enough")
    await expect(queue.iterate({ signal: AbortSignal.abort(reason) }).next()).rejects.toBe(reason)
    const control = new AbortController()
    const waits = queue.iterate({ signal: control.signal }).next()
    control.abort(reason)
    await expect(waits).rejects.toBe(reason)
  })
})

interface Loop {
  readonly control: AbortController
  readonly iterator: AsyncGenerator<number, undefined>
  waiting: number
}

const start = (queue: Queue<number>): Loop => {
  const control = new AbortController()
  return { control, iterator: queue.iterate({ signal: control.signal }), waiting: 0 }
}

const next = (loop: Loop, taken: Array<number>): void => {
  loop.waiting++
  loop.iterator.next().then(
    (result) => {
      loop.waiting--
      if (result.done !== true) taken.push(result.value)
    },
    () => loop.waiting--
  )
}

const abort = (queue: Queue<number>, loop: Loop): Loop => {
  loop.control.abort()
  return start(queue)
}
