import uPlot from "uplot"
import {
  COLUMNS,
  type Column,
  EVERY_MS,
  MAX_ROWS,
  type Row,
  type Sheet,
  type Total
} from "../src/server/status/Sheet.js"

// Shows what `/status.json` tells, as long as somebody looks. Nothing is asked of anybody but the server itself.

const rows: Array<Row> = []

const of = (row: Row | undefined, column: Column): number => row?.[COLUMNS.indexOf(column)] ?? 0

/** What has been added since the row before, a second. */
const rateAt = (column: Column, at: number): number | null => {
  const [before, now] = [rows[at - 1], rows[at]]
  if (before === undefined || now === undefined) return null
  const grown = of(now, column) - of(before, column)
  return grown < 0 ? null : (grown * 1000) / (of(now, "at") - of(before, "at"))
}

/** The same over the last half minute, so that a lone event does not flicker. */
const smooth = (column: Column, at: number, over = 15): number | null => {
  const from = Math.max(1, at - over + 1)
  if (at < 1) return null
  const some = rows.slice(from, at + 1).map((_, index) => rateAt(column, from + index) ?? 0)
  return some.reduce((sum, one) => sum + one, 0) / some.length
}

const level = (column: Column) => (at: number) => of(rows[at], column)

const minutely = (column: Column) => (at: number) => {
  const rate = smooth(column, at)
  return rate === null ? null : rate * 60
}

// Words ---------------------------------------------------------------------------------------------------------------

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 })
const numberOf = (value: number): string => (value < 100 ? short : whole).format(value)

const bytesOf = (value: number): readonly [string, string] => {
  const units = ["B", "KiB", "MiB", "GiB"]
  let [left, unit] = [value, 0]
  for (; left >= 1000 && unit < units.length - 1; unit++) left /= 1024
  return [numberOf(left), units[unit]!]
}

const spanOf = (ms: number): string => {
  const minutes = Math.floor(ms / 60_000)
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24]
  if (days > 0) return `${days} d ${hours} h`
  return hours > 0 ? `${hours} h ${minutes % 60} min` : minutes > 0 ? `${minutes} min` : `${Math.floor(ms / 1000)} s`
}

// Tiles ---------------------------------------------------------------------------------------------------------------

type Values = (at: number) => number | null

interface Tile {
  readonly id: string
  /** What is drawn: the main line and, where there is one, a thinner second. */
  readonly lines: ReadonlyArray<Values>
  /** The least that the plot reaches up to. */
  readonly top: number
  readonly axis: (value: number) => string
  /** Steps between the lines of the axis, where tens do not suit. */
  readonly steps?: Array<number>
  /** The big number with its unit, and what stands below. `key`: what the second line is, before the rest. */
  readonly says: (now: number) => {
    readonly number: string
    readonly unit?: string
    readonly key?: string
    readonly more: string
  }
}

const TILES: ReadonlyArray<Tile> = [
  {
    id: "people",
    lines: [level("registered"), level("connections")],
    top: 4,
    axis: numberOf,
    says: (now) => {
      const [registered, connections, held] = [level("registered")(now), level("connections")(now), level("held")(now)]
      const key = `${whole.format(connections)} ${connections === 1 ? "connection" : "connections"}`
      return { number: whole.format(registered), key, more: `, ${whole.format(held)} names held` }
    }
  },
  {
    id: "introductions",
    lines: [minutely("introductionsTotal"), minutely("registrationsTotal")],
    top: 4,
    axis: numberOf,
    says: (now) => ({
      number: numberOf(minutely("introductionsTotal")(now) ?? 0),
      key: `${numberOf(minutely("registrationsTotal")(now) ?? 0)} registrations`,
      more: " a minute"
    })
  },
  {
    id: "relay",
    lines: [(at) => smooth("relayBytesTotal", at, 3)],
    top: 1024,
    axis: (value) => bytesOf(value).join(" "),
    steps: Array.from({ length: 40 }, (_, power) => 2 ** power),
    says: (now) => {
      const [amount, unit] = bytesOf(smooth("relayBytesTotal", now, 3) ?? 0)
      const dropped = smooth("relayDroppedTotal", now) ?? 0
      const pairs = level("relayPairs")(now)
      const drops = dropped === 0 ? "nothing dropped" : `${numberOf(dropped)} packets/s dropped`
      const more = `${whole.format(pairs)} ${pairs === 1 ? "pair" : "pairs"}, ${drops}`
      return { number: amount, unit: `${unit}/s`, more }
    }
  },
  {
    id: "away",
    lines: [minutely("turnedAwayTotal")],
    top: 4,
    axis: numberOf,
    says: (now) => ({
      number: numberOf(minutely("turnedAwayTotal")(now) ?? 0),
      more: `${whole.format(level("waiting")(now))} waiting for their turn`
    })
  },
  {
    id: "delay",
    lines: [level("delay")],
    top: 10,
    axis: (value) => `${numberOf(value)} ms`,
    says: (now) => ({ number: numberOf(level("delay")(now)), unit: "ms", more: "one in 100 that arrive waits longer" })
  },
  {
    id: "process",
    lines: [(at) => percent(smooth("cpuTotal", at, 3))],
    top: 10,
    axis: (value) => `${numberOf(value)} %`,
    says: (now) => {
      const memory = bytesOf(level("memory")(now)).join(" ")
      const share = percent(smooth("cpuTotal", now, 3)) ?? 0
      return { number: numberOf(share), unit: "% of a core", more: `${memory} of memory` }
    }
  }
]

const percent = (value: number | null): number | null => (value === null ? null : value * 100)

const element = (id: string): HTMLElement => document.getElementById(id)!
const within = (id: string, selector: string): HTMLElement => element(id).querySelector<HTMLElement>(selector)!

const plots = new Map<string, uPlot>()

const dataOf = ({ lines }: Tile): uPlot.AlignedData => [
  rows.map((row) => of(row, "at") / 1000),
  ...lines.map((values) => rows.map((_, at) => values(at)))
]

const draw = (tile: Tile): void => {
  const place = within(tile.id, ".plot")
  plots.get(tile.id)?.destroy()
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const [first, second] = [colour("--first"), colour("--second")]
  const axis = {
    stroke: colour("--soft"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false }
  }
  const options: uPlot.Options = {
    width: place.clientWidth,
    height: place.clientHeight,
    legend: { show: false },
    cursor: { show: false },
    padding: [6, 6, 0, 0],
    scales: {
      x: { range: (_, __, max) => [max - (MAX_ROWS * EVERY_MS) / 1000, max] },
      y: { range: (_, __, max) => [0, Math.max(tile.top, max * 1.1)] }
    },
    axes: [
      { ...axis, size: 20, gap: 2, space: 70, grid: { show: false }, values: (_, at) => at.map(timeOf) },
      {
        ...axis,
        size: 54,
        gap: 4,
        space: 30,
        values: (_, at) => at.map(tile.axis),
        ...(tile.steps === undefined ? {} : { incrs: tile.steps })
      }
    ],
    series: [
      {},
      { stroke: first, width: 2, fill: `${first}1c`, points: { show: false } },
      ...tile.lines.slice(1).map(() => ({ stroke: second, width: 1, points: { show: false } }))
    ]
  }
  plots.set(tile.id, new uPlot(options, dataOf(tile), place))
}

const timeOf = (seconds: number): string => new Date(seconds * 1000).toTimeString().slice(0, 5)

// Tables --------------------------------------------------------------------------------------------------------------

const WORDS: Readonly<Record<string, string>> = {
  direct: "direct",
  lan: "on one network",
  relay: "over the relay",
  failed: "never came about",
  connections: "too many from there",
  full: "server full",
  token: "no access token",
  proof: "proof of identity wrong",
  server: "for another server",
  malformed: "unreadable",
  unregistered: "did not register",
  slow: "read too slowly",
  proxy: "proxy that says not whose",
  exit: "said goodbye",
  lost: "connection broke",
  idle: "fell silent",
  replaced: "came back elsewhere",
  evicted: "made room",
  restarting: "server went down"
}

const table = (id: Total, counts: Readonly<Record<string, number>>): void => {
  const some = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, left], [, right]) => right - left)
  const most = some[0]?.[1] ?? 1
  const list = document.createElement("dl")
  for (const [kind, count] of some) {
    const [bar, fill] = [made("div", ""), made("i", "")]
    bar.className = "bar"
    fill.style.transform = `scaleX(${count / most})`
    bar.append(fill)
    list.append(made("dt", WORDS[kind] ?? kind), made("dd", whole.format(count)), bar)
  }
  const note = made("p", "none since the start")
  note.className = "note"
  element(id).replaceChildren(some.length === 0 ? note : list)
}

const made = (name: string, text: string): HTMLElement => {
  const element = document.createElement(name)
  element.textContent = text
  return element
}

// The whole -----------------------------------------------------------------------------------------------------------

const state = (name: "ready" | "unready" | "gone", text: string): void => {
  element("state").dataset["state"] = name
  element("state").textContent = text
  document.body.classList.toggle("gone", name === "gone")
}

const show = ({ startedAt, totals, unready, version }: Sheet): void => {
  if (unready === undefined) state("ready", "ready")
  else state("unready", `not ready: ${unready}`)
  const now = rows.length - 1
  element("about").textContent = `version ${version}, up for ${spanOf(of(rows[now], "at") - startedAt)}`
  for (const tile of TILES) {
    const { key, more, number, unit = "" } = tile.says(now)
    within(tile.id, ".number").replaceChildren(number, made("small", unit))
    within(tile.id, ".more").replaceChildren(...(key === undefined ? [] : [made("b", key)]), more)
    const plot = plots.get(tile.id)
    if (plot === undefined) draw(tile)
    else plot.setData(dataOf(tile))
  }
  for (const [id, counts] of Object.entries(totals)) table(id as Total, counts)
}

/** Adds what is new; whether nothing is missing between. */
const take = (fresh: ReadonlyArray<Row>): boolean => {
  const last = of(rows.at(-1), "at")
  const later = fresh.filter((row) => of(row, "at") > last)
  const isWhole = rows.length === 0 || fresh.length > 1 || later.every((row) => of(row, "at") - last < 2 * EVERY_MS)
  if (isWhole) rows.push(...later)
  rows.splice(0, rows.length - MAX_ROWS)
  return isWhole
}

const read = async (path: string): Promise<Sheet> => {
  const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(5 * EVERY_MS) })
  if (!response.ok) throw new Error(`status ${response.status}`)
  return response.json()
}

const look = async (): Promise<void> => {
  try {
    let sheet = await read(rows.length === 0 ? "/status.json" : "/status/now.json")
    if (!take(sheet.rows)) {
      sheet = await read("/status.json")
      take(sheet.rows)
    }
    show(sheet)
  } catch {
    state("gone", "no answer")
  }
}

const goOn = async (): Promise<void> => {
  if (!document.hidden) await look()
  setTimeout(goOn, EVERY_MS)
}

const redraw = (): void => {
  if (rows.length > 0) for (const tile of TILES) draw(tile)
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw)
addEventListener("resize", redraw)
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void look()
})
void goOn()
