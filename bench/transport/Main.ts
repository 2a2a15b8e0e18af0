import { fork } from "node:child_process"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { main as compareControllers } from "./Controllers.js"
import { collect, type Figures, type Summary, show } from "./Figures.js"

/** Runs each part several times, interleaved so that a busy moment of the machine hits all of them, and prints medians and ratios. */
const ALL = ["floor-ping", "floor-100", "floor-1200", "open", "rtt", "messages", "stream"]

/** Figures beside their floors: which by which. */
const RATIOS: ReadonlyArray<readonly [string, string]> = [
  ["round trip 100 B p50 µs", "sealed ping-pong p50 µs"],
  ["messages 100 B one way /s", "sealed flood 100 B packets/s"],
  ["stream MB/s", "sealed flood 1171 B MB/s"]
]

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    prof: { type: "string" }
  }
})
if (positionals[0] === "controllers") {
  compareControllers(positionals[1])
  process.exit()
}
const parts = positionals.length === 0 ? ALL : positionals

const here = dirname(fileURLToPath(import.meta.url))

const run = (part: string): Promise<Figures> =>
  new Promise((resolve, reject) => {
    const figures: Record<string, number> = {}
    const sides = ["a", "b"].map((side) =>
      fork(join(here, "Side.mjs"), [part, side], {
        execArgv: values.prof === side ? ["--cpu-prof", `--cpu-prof-name=${part}-${side}.cpuprofile`] : []
      })
    )
    let open = sides.length
    sides.forEach((side, index) => {
      side.on("message", (message: Message) => {
        if (message._tag === "Relay") sides[1 - index]!.send(message.value)
        else Object.assign(figures, message.figures)
      })
      side.on("exit", (code) => {
        if (code !== 0) reject(new Error(`side ${index} of ${part} ended with ${code}`))
        else if (--open === 0) resolve(figures)
      })
    })
  })

type Message =
  | { readonly _tag: "Relay"; readonly value: never }
  | { readonly _tag: "Figures"; readonly figures: Figures }

const results = new Map<string, Array<Figures>>(parts.map((part) => [part, []]))
for (let i = 0; i < Number(values.runs); i++) for (const part of parts) results.get(part)!.push(await run(part))

const summaries: Record<string, Summary> = Object.assign({}, ...[...results.values()].map(collect))
const ratios = RATIOS.flatMap(([figure, floor]) =>
  figure in summaries && floor in summaries
    ? [[`${figure} / floor`, summaries[figure]!.median / summaries[floor]!.median] as const]
    : []
)
if (values.json) console.log(JSON.stringify({ figures: summaries, ratios: Object.fromEntries(ratios) }))
else {
  for (const [name, summary] of Object.entries(summaries)) console.log(show(name, summary))
  for (const [name, ratio] of ratios) console.log(`${name.padEnd(34)} ${ratio.toFixed(2).padStart(12)}`)
}
