import { CHANGES } from "../../scenarios/grid/Changes.js"
import * as Goals from "../../scenarios/grid/Goals.js"
import { GUESSED } from "../../scenarios/grid/Guessing.js"
import { ROUND_TRIP } from "../../scenarios/grid/Network.js"
import type { Way } from "../../scenarios/grid/Places.js"
import { ARRANGEMENTS, IDLERS, type Result, type Task } from "./Task.js"

export interface Percentiles {
  readonly runs: number
  readonly median: number
  readonly p99: number
  readonly max: number
}

export interface Goal {
  readonly name: string
  readonly measured: number
  readonly limit: number
  readonly unit: string
  readonly met: boolean
}

/** All that was measured. Times in ms of virtual time. */
export interface Report {
  readonly roundTripMs: number
  readonly runs: number
  readonly routes: ReadonlyArray<{
    readonly name: string
    readonly theory: Way
    /** Of all conversations, those that took another way or broke off. */
    readonly unlike: number
    readonly firstMs: Percentiles | undefined
    readonly directMs: Percentiles | undefined
  }>
  readonly times: ReadonlyArray<{
    readonly loss: number
    readonly firstMs: Percentiles | undefined
    readonly directMs: Percentiles | undefined
  }>
  readonly changes: ReadonlyArray<{
    readonly name: string
    /** The slowest message of each conversation, without loss and with it. */
    readonly slowestMs: ReadonlyArray<Percentiles | undefined>
    readonly unlike: number
  }>
  readonly silence: ReadonlyArray<{
    readonly name: string
    readonly packetsPerMinute: number
    readonly nextMs: number
    readonly changes: number
  }>
  readonly searches: ReadonlyArray<{
    readonly name: string
    readonly found: number
    readonly runs: number
    readonly directMs: Percentiles | undefined
    readonly inVain: Percentiles | undefined
  }>
  readonly goals: ReadonlyArray<Goal>
  readonly failures: ReadonlyArray<string>
}

export interface Run {
  readonly task: Task
  readonly result: Result
}

export const LOSSES = [0, 0.05]

export const make = (runs: ReadonlyArray<Run>): Report => {
  const meetings = runs.flatMap(({ result, task }) =>
    result._tag === "Meeting" ? [{ ...result.value, index: task.index, loss: task.loss }] : []
  )
  const outcomes = runs.flatMap(({ result, task }) =>
    result._tag === "Change" ? [{ ...result.value, index: task.index, loss: task.loss }] : []
  )
  const silences = runs.flatMap(({ result, task }) =>
    result._tag === "Idle" ? [{ ...result.value, index: task.index }] : []
  )
  const timesOf = (some: typeof meetings) => ({
    firstMs: percentiles(some.map(({ firstMs }) => firstMs)),
    directMs: percentiles(some.flatMap(({ directMs }) => directMs ?? []))
  })
  const failed = (what: Task["what"], index: number) =>
    runs.filter(({ result, task }) => result._tag === "Failed" && task.what === what && task.index === index).length

  const routes = ARRANGEMENTS.map(({ name, theory }, index) => {
    const mine = meetings.filter((meeting) => meeting.index === index)
    const unlike = mine.filter(({ ways }) => ways.some((way) => way !== theory)).length + failed("meeting", index)
    return { name, theory, unlike, ...timesOf(mine) }
  })
  const times = LOSSES.map((loss) => ({ loss, ...timesOf(meetings.filter((meeting) => meeting.loss === loss)) }))
  const changes = CHANGES.map(({ goesOn, name }, index) => {
    const mine = outcomes.filter((outcome) => outcome.index === index)
    const slowestMs = LOSSES.map((loss) =>
      percentiles(mine.filter((outcome) => outcome.loss === loss).map((outcome) => outcome.slowestMs))
    )
    const unlike = mine.filter(({ loss, way }) => loss === 0 && goesOn !== undefined && way !== goesOn).length
    return { name, slowestMs, unlike: unlike + failed("change", index) }
  })
  const silence = IDLERS.map(({ name }, index) => {
    const mine = silences.filter((each) => each.index === index)
    return {
      name,
      packetsPerMinute: Math.max(...mine.map(({ packetsPerMinute }) => packetsPerMinute)),
      nextMs: Math.max(...mine.map(({ nextMs }) => nextMs)),
      changes: Math.max(...mine.map((each) => each.changes))
    }
  })
  const searches = GUESSED.map(({ name }, index) => {
    const mine = runs.flatMap(({ result, task }) =>
      result._tag === "Search" && task.index === index ? [result.value] : []
    )
    const found = mine.flatMap(({ directMs }) => directMs ?? [])
    return {
      name,
      found: found.length,
      runs: mine.length + failed("search", index),
      directMs: percentiles(found),
      inVain: percentiles(mine.map(({ inVain }) => inVain))
    }
  })
  const failures = runs.flatMap(({ result, task }) =>
    result._tag === "Failed"
      ? [`${task.what} ${task.index}, loss ${task.loss}, seed ${result.seed}: ${result.message}`]
      : []
  )
  const goals = [
    goal("ways unlike theory", sum([...routes, ...changes].map(({ unlike }) => unlike)), 0, ""),
    goal("direct path, median, no loss", times[0]?.directMs?.median, Goals.MAX_DIRECT_MEDIAN, " ms"),
    goal("direct path, median, 5 % loss", times[1]?.directMs?.median, Goals.MAX_DIRECT_MEDIAN, " ms"),
    goal("direct path, p99, 5 % loss", times[1]?.directMs?.p99, Goals.MAX_DIRECT_P99, " ms"),
    goal(
      "first message, slowest, no loss",
      times[0]?.firstMs?.max,
      Goals.MAX_FIRST_ROUND_TRIPS * 2 * ROUND_TRIP,
      " ms"
    ),
    goal(
      "stall in a path change, slowest, no loss",
      max(changes.map(({ slowestMs }) => slowestMs[0]?.max)),
      Goals.MAX_STALL,
      " ms"
    ),
    goal(
      "packets a minute in silence",
      max(silence.map(({ packetsPerMinute }) => packetsPerMinute)),
      Goals.MAX_KEEPALIVES,
      ""
    ),
    goal(
      "searches for a port that find none",
      100 * (1 - sum(searches.map(({ found }) => found)) / sum(searches.map(({ runs }) => runs))),
      Goals.MAX_IN_VAIN,
      " %"
    )
  ]
  return { roundTripMs: ROUND_TRIP, runs: runs.length, routes, times, changes, silence, searches, goals, failures }
}

const goal = (name: string, measured = Number.POSITIVE_INFINITY, limit: number, unit: string): Goal => ({
  name,
  measured,
  limit,
  unit,
  met: measured <= limit
})

const percentiles = (values: ReadonlyArray<number>): Percentiles | undefined => {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const at = (part: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!)
  return { runs: sorted.length, median: at(0.5), p99: at(0.99), max: at(1) }
}

const sum = (values: ReadonlyArray<number>): number => values.reduce((a, b) => a + b, 0)
const max = (values: ReadonlyArray<number | undefined>): number =>
  Math.max(...values.map((each) => each ?? Number.POSITIVE_INFINITY))
