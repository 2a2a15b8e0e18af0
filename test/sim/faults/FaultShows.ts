import { expect, it } from "vitest"
import type { FaultKind } from "../../../src/sim/faults/Fault.js"

/** The kinds that have a test. */
export const shown = new Set<FaultKind>()

/**
 * A test that a fault does what it says, and that the test notices when it does nothing: `observe` must give `true`
 * with the fault, and must not when faults of this kind are without effect.
 */
export const faultShows = (kind: FaultKind, observe: (without: ReadonlyArray<FaultKind>) => Promise<boolean>): void => {
  shown.add(kind)
  it(`${kind}: shows, and would be missed`, async () => {
    expect(await observe([])).toBe(true)
    expect(await observe([kind])).toBe(false)
  })
}
