import type { Figure, Histogram } from "../../services/Figures.js"
import type { VitalSigns } from "../../services/Vitals.js"
import type { Page } from "../../services/Web.js"
import type { ServerStats } from "../Counters.js"
import { figuresOf } from "../Metrics.js"
import * as PrometheusText from "./PrometheusText.js"
import type { Row, Sheet } from "./Sheet.js"

export interface Sources {
  readonly stats: () => ServerStats
  /** Why no client should be sent here now, if that is so. */
  readonly unready: () => string | undefined
  readonly vitals: () => VitalSigns
  /** What there was in the last minutes. */
  readonly rows: () => ReadonlyArray<Row>
  /** The page for people, its script, and what it may load and run. */
  readonly page: { readonly body: string; readonly script: string; readonly policy: string }
  /** Of this program. */
  readonly version: string
}

/** What a server shows of itself to those who run it, by path. Nobody's name or address is in it. */
export const answer =
  (sources: Sources) =>
  (path: string): Page | undefined => {
    const { page, rows, stats, unready, version, vitals } = sources
    switch (path) {
      case "/":
        return { type: "text/html; charset=utf-8", body: page.body, policy: page.policy }
      case "/status.js":
        return { type: "text/javascript; charset=utf-8", body: page.script }
      case "/status.json":
        return sheet(sources, rows())
      case "/status/now.json":
        return sheet(sources, rows().slice(-1))
      case "/metrics": {
        const signs = vitals()
        const figures = [...figuresOf(stats()), ...figuresOfProcess(signs, version, unready())]
        return { type: PrometheusText.TYPE, body: PrometheusText.of(figures, [delayOf(signs)]) }
      }
      case "/healthz":
        return { type: PLAIN, body: "ok\n" }
      case "/readyz": {
        const why = unready()
        return why === undefined
          ? { type: PLAIN, body: "ready\n" }
          : { status: 503, type: PLAIN, body: `not ready: ${why}\n` }
      }
      default:
        return undefined
    }
  }

const sheet = ({ stats, unready, version, vitals }: Sources, rows: ReadonlyArray<Row>): Page => {
  const { endings, errors, moods, refusals } = stats()
  const why = unready()
  const sheet: Sheet = {
    version,
    startedAt: Math.round(vitals().startedAt),
    ...(why === undefined ? {} : { unready: why }),
    rows,
    totals: { conversations: moods, refusals, errors, endings }
  }
  return { type: "application/json", body: JSON.stringify(sheet) }
}

/** Of the process, under the names that others have for them. */
export const figuresOfProcess = (
  { cpuSeconds, heapBytes, residentBytes, runtime, startedAt }: VitalSigns,
  version: string,
  unready: string | undefined
): ReadonlyArray<Figure> => [
  gauge("parley_server_build_info", "Always 1: which program this is, and what runs it", 1, { version, runtime }),
  gauge("parley_server_ready", "Whether clients may be sent here: 1, or 0", unready === undefined ? 1 : 0),
  {
    kind: "counter",
    name: "process_cpu_seconds",
    help: "Time of the processor, of all threads",
    value: cpuSeconds
  },
  gauge("process_resident_memory_bytes", "Memory of the process", residentBytes),
  gauge("process_heap_bytes", "Memory that JavaScript uses", heapBytes),
  gauge("process_start_time_seconds", "When the process started, seconds since 1970 UTC", startedAt / 1000)
]

const gauge = (name: string, help: string, value: number, labels?: Readonly<Record<string, string>>): Figure => ({
  kind: "gauge",
  name,
  help,
  value,
  ...(labels === undefined ? {} : { labels })
})

const delayOf = ({ delay }: VitalSigns): Histogram => ({
  name: "parley_server_event_loop_delay_seconds",
  help: "By how much a timer comes late, measured 20 times a second: as long waits whatever arrives",
  ...delay
})

const PLAIN = "text/plain; charset=utf-8"
