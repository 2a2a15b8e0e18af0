import * as fc from "fast-check"
import { expect, test } from "vitest"
import { Counters } from "../../../src/server/Counters.js"
import { History, quantile } from "../../../src/server/status/History.js"
import { COLUMNS, type Column, MAX_ROWS } from "../../../src/server/status/Sheet.js"
import { some } from "../../support/Effort.js"

const BOUNDS = [0.001, 0.01, 0.1, 1]

/** As the process counts them. */
const delayOf = (values: ReadonlyArray<number>) => ({
  bounds: BOUNDS,
  below: BOUNDS.map((bound) => values.filter((value) => value <= bound).length),
  count: values.length,
  sum: values.reduce((sum, value) => sum + value, 0)
})

const signs = (values: ReadonlyArray<number>) => ({
  startedAt: 0,
  cpuSeconds: 2.5,
  residentBytes: 4096,
  heapBytes: 1024,
  runtime: "v20",
  delay: delayOf(values)
})

const counters = new Counters()
counters.refusals.token = 2
counters.refusals.full = 3
const stats = counters.with({
  connections: 9,
  watchers: 0,
  watched: 0,
  live: 5,
  names: 7,
  queued: 0,
  waiting: { turn: 4, proof: 0, presence: 0, goodbye: 0 },
  relay: { packets: 1, bytes: 2048, limited: 1, congested: 2, unknown: 3, channels: 6 }
})

test("a row has what the columns say, and the delay since the row before", () => {
  const history = new History()
  history.look(1000, stats, signs([0.5, 0.5]))
  history.look(3000, stats, signs([0.5, 0.5, 0.0005]))
  const inRow = (row: number, column: Column) => history.rows[row]?.[COLUMNS.indexOf(column)]
  expect(Object.fromEntries(COLUMNS.map((column, at) => [column, history.rows[1]?.[at]]))).toMatchObject({
    at: 3000,
    connections: 9,
    held: 2,
    relayPairs: 6,
    relayBytesTotal: 2048,
    relayDroppedTotal: 6,
    turnedAwayTotal: 5,
    waiting: 4,
    cpuTotal: 2.5,
    memory: 4096
  })
  expect(inRow(0, "delay")).toBeGreaterThan(100)
  expect(inRow(1, "delay")).toBeLessThanOrEqual(1)
})

test("only the last rows are kept", () => {
  const history = new History()
  for (let at = 0; at < MAX_ROWS + 10; at++) history.look(at, stats, signs([]))
  expect([history.rows.length, history.rows[0]?.[0]]).toEqual([MAX_ROWS, 10])
})

test("a quantile lies in the part in which the value does", () => {
  const values = fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 1, maxLength: 50 })
  const older = fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { maxLength: 50 })
  fc.assert(
    fc.property(older, values, fc.double({ min: 0.01, max: 1, noNaN: true }), (older, values, share) => {
      const found = quantile(share, delayOf([...older, ...values]), delayOf(older))
      const sorted = values.toSorted((left, right) => left - right)
      const exact = sorted[Math.ceil(share * sorted.length - 1e-9) - 1]!
      const above = BOUNDS.find((bound) => exact <= bound)
      if (above === undefined) expect(found).toBe(1)
      else {
        expect(found).toBeLessThanOrEqual(above)
        expect(found).toBeGreaterThanOrEqual(BOUNDS.findLast((bound) => bound < exact) ?? 0)
      }
    }),
    { numRuns: some(300) }
  )
  expect(quantile(0.99, delayOf([]))).toBe(0)
})
