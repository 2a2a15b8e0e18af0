import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { sorted, UNITS } from "../../../src/core/support/Slices.js"
import { slicesOf, whole } from "../../support/slices.js"

describe("sorting in slices", () => {
  const item = fc.record({ key: fc.nat(50), name: fc.nat() })
  const byKey = (one: { readonly key: number }, other: { readonly key: number }) => one.key - other.key

  it("gives what sorting at once does, with what compares as equal in the order in which it was", () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 1_000, size: "max" }), (items) => {
        const before = [...items]
        expect(whole(sorted(items, byKey, 1))).toEqual(items.toSorted(byKey))
        expect(items).toEqual(before)
      })
    )
  })

  it("never compares more in one slice than a slice may take", () => {
    let compared = 0
    const items = Array.from({ length: 65_536 }, (_, index) => (index * 40_503) % 65_536)
    const work = sorted(
      items,
      (one, other) => {
        compared++
        return one - other
      },
      1
    )
    let most = 0
    for (let done: boolean | undefined = false; !done; compared = 0) {
      done = work.next().done
      most = Math.max(most, compared)
    }
    expect(most).toBeLessThanOrEqual(UNITS + 1_024)
    expect(slicesOf(sorted(items, (one, other) => one - other, 4))).toBeGreaterThan(4 * 300)
  })
})
