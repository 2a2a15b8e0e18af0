import { expect, test } from "vitest"
import { Counters } from "../../../src/server/Counters.js"
import type { Sheet } from "../../../src/server/status/Sheet.js"
import * as Site from "../../../src/server/status/Site.js"
import { parse } from "./PrometheusParser.js"

const counters = new Counters()
counters.refusals.token = 3
counters.errors.NickTaken = 4

const state: { unready: string | undefined } = { unready: undefined }

const answer = Site.answer({
  stats: () =>
    counters.with({
      connections: 7,
      watchers: 0,
      watched: 0,
      live: 5,
      names: 6,
      queued: 0,
      waiting: { turn: 1, proof: 0, presence: 0, goodbye: 0 }
    }),
  unready: () => state.unready,
  vitals: () => ({
    startedAt: 1_700_000_000_000,
    cpuSeconds: 1.5,
    residentBytes: 1024,
    heapBytes: 512,
    runtime: "v20",
    delay: { bounds: [0.01, 0.1], below: [8, 9], count: 10, sum: 0.5 }
  }),
  rows: () => [
    [1, 2],
    [3, 4]
  ],
  page: { body: "<!doctype html>", script: "1", policy: "default-src 'self'" },
  version: "1.2.3"
})

const shown = (name: string, labels: Readonly<Record<string, string>> = {}): number | undefined => {
  const families = [...parse(answer("/metrics")?.body ?? "").values()]
  const samples = families.flatMap(({ samples }) => samples)
  return samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
  )?.value
}

test("the metrics are of the server and of its process", () => {
  expect(shown("parley_server_connections")).toBe(7)
  expect(shown("parley_server_refusals_total", { reason: "token" })).toBe(3)
  expect(shown("parley_server_errors_total", { code: "NickTaken" })).toBe(4)
  expect(shown("parley_server_waiting", { for: "turn" })).toBe(1)
  expect(shown("parley_server_build_info", { version: "1.2.3", runtime: "v20" })).toBe(1)
  expect(shown("process_start_time_seconds")).toBe(1_700_000_000)
  expect(shown("parley_server_event_loop_delay_seconds_bucket", { le: "0.1" })).toBe(9)
  expect(shown("parley_server_event_loop_delay_seconds_bucket", { le: "+Inf" })).toBe(10)
})

test("a server that answers is healthy, and ready unless it says why not", () => {
  expect([answer("/healthz")?.body, answer("/readyz")?.body, shown("parley_server_ready")]).toEqual([
    "ok\n",
    "ready\n",
    1
  ])
  state.unready = "going down"
  expect(answer("/healthz")?.status).toBeUndefined()
  expect(answer("/readyz")).toMatchObject({ status: 503, body: "not ready: going down\n" })
  expect(shown("parley_server_ready")).toBe(0)
  state.unready = undefined
})

test("the page is shown with its policy, and reads what there was and what there is", () => {
  expect(answer("/")).toEqual({
    type: "text/html; charset=utf-8",
    body: "<!doctype html>",
    policy: "default-src 'self'"
  })
  expect(answer("/status.js")).toEqual({ type: "text/javascript; charset=utf-8", body: "1" })
  const sheet = (path: string): Sheet => JSON.parse(answer(path)?.body ?? "")
  expect(sheet("/status.json")).toMatchObject({
    version: "1.2.3",
    startedAt: 1_700_000_000_000,
    rows: [
      [1, 2],
      [3, 4]
    ],
    totals: { refusals: { token: 3 }, errors: { NickTaken: 4 } }
  })
  expect(sheet("/status/now.json").rows).toEqual([[3, 4]])
  expect(sheet("/status.json").unready).toBeUndefined()
  state.unready = "going down"
  expect(sheet("/status.json").unready).toBe("going down")
  state.unready = undefined
})

test("nothing else is here", () => {
  for (const path of ["", "/metrics/", "/../healthz", "/favicon.ico", "*"]) expect(answer(path)).toBeUndefined()
})
