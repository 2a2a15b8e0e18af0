import * as fc from "fast-check"
import { expect, it } from "vitest"
import { ClientClock } from "../../../src/core/client/ClientClock.js"

const TRUE = Date.UTC(2026, 10, 28, 12)
const MINUTE = 60_000
const DAY = 86_400_000

/** A machine whose clock is wrong by `error`, as true time passes. */
const machine = (error: number) => {
  const state = { error, time: TRUE }
  const clock = new ClientClock(() => state.time + state.error)
  const readings = (now: number) => [clock.at(now), clock.earliest(now), clock.latest(now)].map((at) => at - state.time)
  return { clock, state, readings }
}

it("says nothing, and changes nothing, where the clocks agree or nobody tells", () => {
  for (const error of [0, 90_000, -90_000]) {
    const { clock, readings } = machine(error)
    expect(readings(0)).toEqual([error, error, error])
    expect(clock.greeted(TRUE, 0)).toBeUndefined()
    expect(readings(5)).toEqual([error, error, error])
  }
})

it("goes by the server where they differ, and says who differs, by how much, and what to do", () => {
  const told = (error: number, server = TRUE) => machine(error).clock.greeted(server, 0)
  expect(told(-3 * MINUTE)).toBe(
    "this machine's clock is 3 minutes behind the server's: set the one that is wrong (until then parley goes by the server's)"
  )
  expect(told(400 * DAY)).toBe(
    "this machine's clock is 400 days ahead of the server's: set the one that is wrong (until then parley goes by the server's)"
  )
  expect(told(-TRUE + DAY)).toBe(
    "this machine's clock is 57 years behind the server's, and cannot be right: set it (until then parley goes by the server's)"
  )
  expect(told(0, 5 * DAY)).toBe(
    "this machine's clock is 57 years ahead of the server's, and the server's cannot be right: tell whoever runs it"
  )
  const board = machine(-TRUE)
  board.clock.greeted(TRUE, 0)
  expect(board.readings(0)).toEqual([0, -TRUE, 0])
  const ahead = machine(400 * DAY)
  ahead.clock.greeted(TRUE, 0)
  expect(ahead.readings(0)).toEqual([0, 0, 400 * DAY])
})

it("doubts a time that cannot be, once, where nobody tells a better one", () => {
  const board = machine(-TRUE + DAY).clock
  expect(board.unaided()).toBe("this machine's clock says that it is 1970-01-02, which cannot be right: set it")
  expect(board.unaided()).toBeUndefined()
  expect(machine(400 * DAY).clock.unaided()).toBeUndefined()
})

it("tells once, and again when the difference has changed", () => {
  const { clock, state } = machine(-DAY)
  expect(clock.greeted(TRUE, 0)).toContain("24 hours behind")
  expect(clock.greeted(TRUE + MINUTE, 0)).toBeUndefined()
  state.error = -3 * DAY
  expect(clock.greeted(TRUE, 0)).toContain("3 days behind")
  state.error = 0
  expect(clock.greeted(TRUE, 0)).toBeUndefined()
  state.error = -3 * DAY
  expect(clock.greeted(TRUE, 0)).toContain("3 days behind")
})

it("believes a clock again that was set right, and one that slept stays what it was", () => {
  const board = machine(-TRUE)
  board.clock.greeted(TRUE, 1_000)
  board.state.time += 60_000
  expect(board.readings(61_000)[0]).toBe(0)
  board.state.error = 0
  expect(board.readings(61_000)).toEqual([0, 0, 0])
  const sleeper = machine(-3 * DAY)
  sleeper.clock.greeted(TRUE, 1_000)
  // The monotonic clock stands still meanwhile.
  sleeper.state.time += 10 * DAY
  expect(sleeper.readings(1_000)[0]).toBe(0)
})

it("lets no server make a record invalid that our own clock finds valid, nor name a time that is none", () => {
  const times = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.NaN, 8.64e15, -1, 1e308, TRUE + 10 * DAY))
  fc.assert(
    fc.property(times, (server) => {
      const { clock } = machine(0)
      const told = clock.greeted(server, 0) ?? ""
      expect(told).not.toMatch(/NaN|Infinity|undefined/)
      expect(clock.earliest(0)).toBeLessThanOrEqual(TRUE)
      expect(clock.latest(0)).toBeGreaterThanOrEqual(TRUE)
      expect(clock.latest(0)).toBeLessThanOrEqual(Date.UTC(2100, 0))
    })
  )
})

it("goes on from the greeting when a clock that runs is set back, whether or not it was right", () => {
  for (const error of [0, -35 * DAY, 3 * DAY]) {
    const { clock, readings, state } = machine(error)
    clock.greeted(TRUE, 1_000)
    state.time += MINUTE
    state.error = error - 400 * DAY
    expect(readings(1_000 + MINUTE)[0]).toBe(0)
    expect(clock.latest(1_000 + MINUTE)).toBe(state.time)
    state.error = 0
    expect(readings(1_000 + MINUTE)).toEqual([0, 0, 0])
  }
})
