import type { Figure, Histogram } from "../../services/Figures.js"

/** The type of what `of` gives. */
export const TYPE = "text/plain; version=0.0.4; charset=utf-8"

/**
 * Figures in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats). Counters get
 * the ending `_total`. Those of one name are brought together, below the help of the first.
 */
export const of = (figures: ReadonlyArray<Figure>, histograms: ReadonlyArray<Histogram> = []): string => {
  const families = new Map<string, string>()
  for (const { help, kind, labels = {}, name: of, value } of figures) {
    const name = kind === "counter" ? `${of}_total` : of
    const text = families.get(name) ?? head(name, help, kind)
    families.set(name, text + sample(name, labels, value))
  }
  return [...families.values(), ...histograms.map(ofHistogram)].join("")
}

const ofHistogram = ({ below, bounds, count, help, name, sum }: Histogram): string => {
  const buckets = bounds.map((bound, at) => sample(`${name}_bucket`, { le: String(bound) }, below[at] ?? 0))
  return [
    head(name, help, "histogram"),
    ...buckets,
    sample(`${name}_bucket`, { le: "+Inf" }, count),
    sample(`${name}_sum`, {}, sum),
    sample(`${name}_count`, {}, count)
  ].join("")
}

const head = (name: string, help: string, type: string): string =>
  `# HELP ${name} ${help.replace(/[\\\n]/g, escaped)}\n# TYPE ${name} ${type}\n`

const sample = (name: string, labels: Readonly<Record<string, string>>, value: number): string => {
  const pairs = Object.entries(labels).map(([key, of]) => `${key}="${of.replace(/[\\\n"]/g, escaped)}"`)
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${numberOf(value)}\n`
}

const escaped = (character: string): string => (character === "\n" ? "\\n" : `\\${character}`)

/** As Go reads it. */
const numberOf = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"
