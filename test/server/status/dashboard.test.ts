import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { Counters } from "../../../src/server/Counters.js"
import * as Site from "../../../src/server/status/Site.js"
import { parse, type Sample } from "./PrometheusParser.js"

const none = { answered: 0, refused: 0, limited: 0, ignored: 0 }

/** Every sample that a server has which does everything. */
const samples: ReadonlyArray<Sample> = (() => {
  const answer = Site.answer({
    stats: () =>
      new Counters().with({
        connections: 0,
        watchers: 0,
        watched: 0,
        live: 0,
        names: 0,
        queued: 0,
        waiting: { turn: 0, proof: 0, presence: 0, goodbye: 0 },
        relay: { packets: 0, bytes: 0, limited: 0, congested: 0, unknown: 0, channels: 0 },
        reflector: none
      }),
    unready: () => undefined,
    vitals: () => ({
      startedAt: 0,
      cpuSeconds: 0,
      residentBytes: 0,
      heapBytes: 0,
      runtime: "v20",
      delay: { bounds: [1], below: [0], count: 0, sum: 0 }
    }),
    rows: () => [],
    page: { body: "", script: "", policy: "" },
    version: "0"
  })
  return [...parse(answer("/metrics")?.body ?? "").values()].flatMap(({ samples }) => samples)
})()

/** What is wrong with a query: a figure that no server has, or a label that it does not have. */
const faultsOf = (query: string): ReadonlyArray<string> => {
  const faults: Array<string> = []
  for (const [, name = "", selector = ""] of query.matchAll(/\b((?:parley|process)_[a-z_]+)(?:\{([^}]*)\})?/g)) {
    const own = samples.filter((sample) => sample.name === name)
    if (own.length === 0) faults.push(`${name} is no figure`)
    const wanted = [...selector.matchAll(/([a-z_]+)(=~?)"([^"]*)"/g)].filter(([, key]) => !ADDED.includes(key!))
    const labels = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, keys]) => keys!.split(/, */))
    for (const [, key, , value] of wanted)
      if (!own.some((sample) => sample.labels[key!] === value)) faults.push(`${name} has no ${key}="${value}"`)
    for (const key of labels)
      if (!ADDED.includes(key) && !own.some((sample) => key in sample.labels)) faults.push(`${name} has no ${key}`)
  }
  if (!/\b(?:parley|process)_|^up\{/.test(query)) faults.push(`asks for nothing of ours: ${query}`)
  return faults
}

/** Labels that Prometheus itself adds. */
const ADDED = ["instance", "job"]

interface Panel {
  readonly id: number
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets: ReadonlyArray<{ readonly expr: string; readonly legendFormat: string }>
}

const dashboard: {
  readonly panels: ReadonlyArray<Panel>
  readonly annotations: { readonly list: ReadonlyArray<{ readonly expr: string }> }
  readonly templating: { readonly list: ReadonlyArray<{ readonly query: unknown }> }
} = JSON.parse(readFileSync("deploy/grafana.json", "utf8"))

test("the dashboard asks for figures and labels that a server has, and shows all of them", () => {
  const queries = [
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...dashboard.annotations.list.map(({ expr }) => expr)
  ]
  expect(queries.length).toBeGreaterThan(25)
  expect(queries.flatMap(faultsOf)).toEqual([])
  expect(JSON.stringify(dashboard.templating)).toContain("label_values(parley_server_build_info, instance)")
  const asked = new Set(queries.flatMap((query) => query.match(/\b(?:parley|process)_[a-z_]+/g) ?? []))
  const left = new Set(samples.map(({ name }) => name).filter((name) => !asked.has(name)))
  // Each of the rest is part of what is shown, or of interest to few.
  expect([...left].sort()).toEqual([
    "parley_server_accepted_total",
    "parley_server_event_loop_delay_seconds_count",
    "parley_server_event_loop_delay_seconds_sum",
    "parley_server_refused_total",
    "parley_server_relay_channels",
    "parley_server_watched",
    "parley_server_watchers"
  ])
})

test("the dashboard names in its legends what the query groups by, and no panel covers another", () => {
  for (const { targets } of dashboard.panels)
    for (const { expr, legendFormat } of targets)
      for (const [, key] of legendFormat.matchAll(/\{\{([a-z]+)\}\}/g))
        expect(/\bby \(/.test(expr) ? expr : `by (${ADDED.join()})`).toMatch(new RegExp(`by \\([^)]*\\b${key}\\b`))
  const cells = dashboard.panels.flatMap(({ gridPos: { h, w, x, y } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`)
  )
  expect(new Set(cells).size).toBe(cells.length)
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
})

test("the alerts ask for figures that a server has", () => {
  const rules = [...readFileSync("deploy/alerts.yml", "utf8").matchAll(/^ +expr: (.*)$/gm)].map(([, expr]) => expr!)
  expect(rules.length).toBe(5)
  expect(rules.flatMap(faultsOf)).toEqual([])
  expect(faultsOf('parley_server_nothing{reason="x"}')).not.toEqual([])
  expect(faultsOf('parley_server_refusals_total{reason="nothing"}')).not.toEqual([])
})

test("the manual tells of every figure", () => {
  const manual = readFileSync("docs/operating.md", "utf8")
  const names = samples.map(({ name }) => name.replace(/^parley_server_/, "").replace(/_(bucket|sum|count)$/, ""))
  expect([...new Set(names)].filter((name) => !new RegExp(`\`${name}[{\`]`).test(manual))).toEqual([])
})
