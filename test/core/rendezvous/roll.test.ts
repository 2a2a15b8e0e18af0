import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Entry, MAX_LOOKED, Roll, type RollPage } from "../../../src/core/rendezvous/Roll.js"
import type { Registration } from "../../../src/domain/Registration.js"
import { some } from "../../support/Effort.js"

/** What is shown of an entry, and how often it was asked for. */
class Shop {
  asked = 0
  readonly roll = new Roll((registration) => {
    this.asked++
    const json = JSON.stringify({ nick: registration.nickname.text, since: registration.since })
    return { json, bytes: json.length + 1 }
  })
}

const entryOf = (lower: string, since = 0): Entry => ({
  lower,
  registration: { nickname: { text: lower }, since } as unknown as Registration,
  shown: undefined
})

const nameOf = (number: number): string => `n-${String(number).padStart(5, "0")}`

const read = (roll: Roll, page: Partial<RollPage> = {}) => {
  const { pieces, ...rest } = roll.page({ match: undefined, after: undefined, limit: 1000, ...page })
  const shown: ReadonlyArray<{ nick: string; since: number }> = JSON.parse(`[${pieces.join(",")}]`)
  return { shown, nicks: shown.map(({ nick }) => nick), ...rest }
}

const readAll = (roll: Roll, match?: string, limit = 1000) => {
  const all: Array<{ nick: string; since: number }> = []
  let after: string | undefined
  do {
    const { next, shown } = read(roll, { after, match, limit })
    all.push(...shown)
    after = next
  } while (after !== undefined)
  return all
}

describe("the roll", () => {
  test("is what a sorted array is, whoever comes, goes and moves", () => {
    const step = fc.tuple(fc.constantFrom("come", "come", "go", "move"), fc.nat(150))
    const ask = fc.record({ limit: fc.integer({ min: 1, max: 60 }), match: fc.constantFrom(undefined, "1", "00") })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), ask, fc.nat(150), (steps, { limit, match }, from) => {
        const { roll } = new Shop()
        const model = new Map<string, Entry>()
        for (const [at, [what, number]] of steps.entries()) {
          const name = nameOf(number)
          const known = model.get(name)
          if (what === "come" && known === undefined) {
            const entry = entryOf(name)
            model.set(name, entry)
            roll.insert(entry)
          } else if (what === "go" && known !== undefined) {
            model.delete(name)
            roll.delete(known)
          } else if (what === "move" && known !== undefined) {
            known.registration = { ...known.registration, since: at }
            roll.changed(known)
          }
          // So that something has been put together that has to be forgotten.
          if (at % 16 === 0) readAll(roll)
        }
        const expected = [...model.values()]
          .sort((a, b) => (a.lower < b.lower ? -1 : 1))
          .map(({ lower, registration }) => ({ nick: lower, since: registration.since }))
        expect(roll.size).toBe(model.size)
        expect(readAll(roll)).toEqual(expected)
        const matching = expected.filter(({ nick }) => match === undefined || nick.includes(match))
        expect(readAll(roll, match, limit)).toEqual(matching)
        // Behind any name, whether or not somebody has it.
        const rest = matching.filter(({ nick }) => nick > nameOf(from)).slice(0, limit)
        expect(read(roll, { after: nameOf(from), match, limit }).shown).toEqual(rest)
      }),
      { numRuns: some(60) }
    )
  })

  test("puts together again only what has changed", () => {
    const shop = new Shop()
    const entries = Array.from({ length: 5_000 }, (_, number) => entryOf(nameOf(number)))
    for (const entry of entries) shop.roll.insert(entry)
    readAll(shop.roll)
    expect(shop.asked).toBe(5_000)
    readAll(shop.roll)
    expect(shop.asked).toBe(5_000)
    shop.roll.changed(entries[2_500]!)
    expect(readAll(shop.roll)).toHaveLength(5_000)
    expect(shop.asked).toBe(5_001)
    const pieces = shop.roll.page({ match: undefined, after: entries[7]!.lower, limit: 1000 }).pieces
    expect(pieces.length).toBeLessThan(read(shop.roll, { after: entries[7]!.lower }).nicks.length / 2)
  })

  test("looks at no more than it says, in long pages too", () => {
    const { roll } = new Shop()
    for (let number = 0; number < 3_000; number++) roll.insert(entryOf(nameOf(number)))
    expect(read(roll, { match: "nobody" })).toEqual({
      shown: [],
      nicks: [],
      next: nameOf(MAX_LOOKED - 1),
      looked: MAX_LOOKED
    })
    expect(read(roll, { limit: 3 })).toMatchObject({ next: nameOf(2), looked: 3 })
  })

  test("finds a place in as many steps as there are digits, and moves as many entries among many as among few", () => {
    /** Looks at a name, for one who comes and one who goes, on average. */
    const cost = (size: number): number => {
      let looks = 0
      const counted = (number: number): Entry => {
        const entry = entryOf(nameOf(number))
        return Object.defineProperty({ ...entry }, "lower", {
          get: () => {
            looks++
            return entry.lower
          }
        })
      }
      const { roll } = new Shop()
      const entries = Array.from({ length: size }, (_, number) => counted((number * 7_919) % 100_000))
      for (const entry of entries) roll.insert(entry)
      looks = 0
      for (const entry of entries.slice(0, 200)) {
        roll.delete(entry)
        roll.insert(entry)
      }
      return looks / 200
    }
    const [few, many] = [cost(1_000), cost(32_000)]
    expect(few).toBeGreaterThan(10)
    // Five more halvings, for each of the two.
    expect(many).toBeLessThan(few + 2 * 5 + 6)
  })
})
