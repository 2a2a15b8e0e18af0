import { describe, expect, test } from "vitest"
import { Turns } from "../../src/server/Turns.js"

/** Turns of an event loop that goes round when it is told to, and of a clock that stands still in between. */
class Loop {
  now = 0
  #soon: Array<() => void> = []
  readonly turns = new Turns({ monotonic: () => this.now, wall: () => this.now }, (run) => {
    this.#soon.push(run)
  })

  round(): void {
    for (const run of this.#soon.splice(0)) run()
  }
}

const origin = { key: "192.0.2.1", crowd: "192.0.2" }
const waiting = () => ({
  turns: 0,
  work() {
    this.turns++
  }
})

describe("turns", () => {
  test("are at once for a little work in each turn of the loop, also beyond half of the time, if nobody waits", () => {
    const busy = new Loop()
    busy.turns.spent(100_000)
    const first = waiting()
    expect(busy.turns.mayGoOn(origin, first)).toBe(false)
    busy.round()
    expect(first.turns).toBe(1)
    for (let work = 0; work < 150; work += 10) {
      expect(busy.turns.mayGoOn(origin, waiting())).toBe(true)
      busy.turns.spent(10)
    }
    expect(busy.turns.mayGoOn(origin, waiting())).toBe(false)
  })

  test("come one after the other once somebody waits, whoever comes then", () => {
    const busy = new Loop()
    busy.turns.spent(100_000)
    const first = waiting()
    expect(busy.turns.mayGoOn(origin, first)).toBe(false)
    const second = waiting()
    busy.now += 60_000
    expect(busy.turns.mayGoOn(origin, second)).toBe(false)
    busy.round()
    expect([first.turns, second.turns]).toEqual([1, 1])
    expect(busy.turns.mayGoOn(origin, waiting())).toBe(true)
  })
})
