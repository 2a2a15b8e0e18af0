import fc from "fast-check"
import stringWidth from "string-width"
import { describe, expect, it } from "vitest"
import * as Bar from "../../../src/cli/files/Bar.js"
import * as Format from "../../../src/cli/files/Format.js"
import type { TransferState } from "../../../src/core/client/Transfer.js"
import { transfer } from "../FakeClient.js"

describe("Format", () => {
  it("tells sizes in three digits at most", () => {
    const shown = [0, 999, 1_000, 9_949, 9_960, 999_499, 999_500, 1_234_567, 45e6, 2e9, 1e12, 3e15].map(Format.size)
    expect(shown).toEqual([
      ..."0 B|999 B|1.0 kB|9.9 kB|10 kB|999 kB|1.0 MB|1.2 MB|45 MB|2.0 GB|1.0 TB|3.0 PB".split("|")
    ])
  })

  it("tells the time left while there is a forecast", () => {
    const left = [
      [0, 10],
      [59, 1],
      [61, 1],
      [3_600, 1],
      [40_000, 1],
      [1, 0],
      [1e12, 1]
    ].map(([bytes, rate]) => Format.timeLeft(bytes!, rate!))
    expect(left).toEqual(["0:00", "0:59", "1:01", "1:00:00", "11:06:40", "", ""])
  })

  it("cuts to the width, never a wide character in half", () => {
    expect(Format.fit("漢字漢字", 5)).toBe("漢字…")
    expect(Format.fit("abc", 3)).toBe("abc")
    expect(Format.fit("abc", 0)).toBe("")
  })
})

describe("Bar", () => {
  it("shows how far a transfer is, how fast it goes and how long it takes", () => {
    const active = transfer({ state: "active", transferred: 600_000, rate: 100_000, direction: "out" })
    expect(Bar.line(active, Bar.label(active), 70)).toBe("report.pdf → bob ██████████░░░░░░░░░░  50 %  100 kB/s  0:06")
    expect(Bar.line({ ...active, state: "paused", rate: 0 }, "x", 40)).toBe("x ██████████░░░░░░░░░░  50 %  paused")
  })

  it("never is wider than the screen, and shows nothing that a terminal would obey", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.string({ unit: "binary" }),
        fc.nat(1_000),
        fc.nat(1_000),
        fc.constantFrom<TransferState>("active", "preparing", "waiting", "finishing", "paused"),
        (columns, name, size, rate, state) => {
          const shown = transfer({ name, nick: name, size, transferred: Math.floor(size / 3), rate, state })
          const line = Bar.line(shown, Bar.label(shown), columns)
          expect(stringWidth(line)).toBeLessThanOrEqual(columns)
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u)
        }
      )
    )
  })
})
