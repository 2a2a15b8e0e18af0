/** One sample: the name it stands under, its labels and its value. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: ReadonlyArray<Sample>
}

/**
 * Reads the text format of Prometheus as strictly as its own tools: each family is one block of HELP, TYPE and samples,
 * nothing comes twice, counters and histograms end as they have to, and buckets only rise. Throws at the first fault.
 */
export const parse = (text: string): ReadonlyMap<string, Family> => {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line has no end")
  const families = new Map<string, Family & { readonly samples: Array<Sample> }>()
  const blocks = text.split(/^(?=# HELP )/m).filter((block) => block !== "")
  for (const block of blocks) {
    const [help = "", type = "", ...lines] = block.trimEnd().split("\n")
    const [, name = "", told = ""] = /^# HELP ([a-z_]+) (\S.*)$/.exec(help) ?? fail(help)
    const [, typeName = "", kind = ""] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(type) ?? fail(type)
    if (typeName !== name || families.has(name)) fail(type)
    if ((kind === "counter") !== name.endsWith("_total")) fail(`${kind} ${name}`)
    const samples = lines.map(sampleOf)
    const endings = kind === "histogram" ? /^(_bucket|_sum|_count)$/ : /^$/
    const seen = new Set<string>()
    for (const [at, { labels, name: own }] of samples.entries()) {
      if (!own.startsWith(name) || !endings.test(own.slice(name.length))) fail(lines[at]!)
      const key = `${own} ${JSON.stringify(Object.entries(labels).sort())}`
      if (seen.has(key)) fail(`twice: ${key}`)
      seen.add(key)
    }
    if (kind === "histogram") checkBuckets(name, samples)
    families.set(name, { name, help: unescaped(told), type: kind, samples })
  }
  return families
}

const sampleOf = (line: string): Sample => {
  const [, name = "", inner, number = ""] =
    /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\[\\"n])*",?)+)\})? ([^ ]+)$/.exec(line) ?? fail(line)
  const pairs = [...(inner ?? "").matchAll(/([a-z_]+)="((?:[^"\\]|\\[\\"n])*)"(,|$)/g)]
  if (pairs.map(([all]) => all).join("") !== (inner ?? "") || inner?.endsWith(",")) fail(line)
  const value = number === "+Inf" ? Number.POSITIVE_INFINITY : number === "-Inf" ? -Infinity : Number(number)
  if (Number.isNaN(value) && number !== "NaN") fail(line)
  return { name, labels: Object.fromEntries(pairs.map(([, key, of = ""]) => [key, unescaped(of)])), value }
}

const checkBuckets = (name: string, samples: ReadonlyArray<Sample>): void => {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`)
  const bounds = buckets.map(({ labels }) =>
    labels["le"] === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels["le"])
  )
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value
  const isRising = (values: ReadonlyArray<number>) => values.every((value, at) => at === 0 || value >= values[at - 1]!)
  if (!isRising(bounds) || !isRising(buckets.map(({ value }) => value))) fail(`the buckets of ${name}`)
  if (bounds.at(-1) !== Number.POSITIVE_INFINITY || buckets.at(-1)?.value !== count) fail(`the count of ${name}`)
}

const unescaped = (text: string): string =>
  text.replace(/\\(.)/g, (_, character) => (character === "n" ? "\n" : character))

const fail = (what: string): never => {
  throw new Error(`not in the text format: ${what}`)
}
