// `node run.mjs --help` tells what it measures. Each side is a process of its own; rounds go through all in turn.
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { cpus, loadavg } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { bundle } from "../bundle.mjs"

const here = dirname(fileURLToPath(import.meta.url))

const HELP = `node bench/peers/run.mjs [NAME..] [--quick] [--rounds 3] [--json] [--link]

The same things with parley and with others that connect two programs, in turn, on this machine: the time to the first
echo, a round trip, messages of 100 bytes one way, and bulk. Medians, with the least and the greatest.

  --quick      one round of short tests, about a minute
  --rounds N   rounds through all
  --link       instead: how late messages are on a link of 25 ms that loses 1 and 5 % (root, natlab)
  --json       one object

Wants \`npm install\` in bench/peers once. Names: NAMES.`

const NAMES = ["parley-link", "parley-client", "hyperdht", "libp2p", "datachannel", "tls"]
/** ms for all tests of one side. */
const LIMIT_MS = 120_000

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    json: { type: "boolean", default: false },
    link: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false }
  }
})

const testsFor = (name) => {
  if (values.link) return values.quick ? ["paced:300"] : ["paced:1500", "lone:30"]
  // Files are what whole clients have for bulk: bench/transport measures those.
  const bulk = name === "parley-client" ? [] : [values.quick ? "bulk:60" : "bulk:300"]
  return values.quick
    ? ["connect:5", "roundtrip:800", "messages:800", ...bulk]
    : ["connect:15", "roundtrip:4000", "messages:2000", ...bulk]
}

const running = new Set()

const start = (words, link, side) => {
  const pin = link === undefined && canPin ? ["taskset", "-c", side === "b" ? "0" : "1"] : []
  const [command, ...rest] = [...pin, ...(link?.within(side) ?? []), process.execPath, join(here, "side.mjs"), ...words]
  const child = spawn(command, rest, { stdio: ["pipe", "pipe", process.env.LOUD ? "inherit" : "ignore"] })
  running.add(child)
  child.once("exit", () => running.delete(child))
  return child
}

const canPin = cpus().length > 1 && spawnSync("taskset", ["-c", "1", "true"]).status === 0

/** Figures by name; what failed is in `failures`. */
const runOne = async (name, link) => {
  const [serving, asking] = link === undefined ? ["127.0.0.1", "127.0.0.1"] : [link.address("b"), link.address("a")]
  const server = start([name, "server", serving], link, "b")
  const figures = {}
  const failures = []
  const expired = setTimeout(() => stop(), LIMIT_MS)
  let client
  const stop = () => {
    for (const child of [server, client]) child?.kill("SIGKILL")
  }
  try {
    const [line] = await Promise.race([once(server.stdout, "data"), once(server, "exit").then(() => [undefined])])
    if (typeof line !== "object") return { figures, failures: ["it does not start"] }
    const { address } = JSON.parse(String(line).trim().split("\n").at(-1))
    client = start([name, "client", asking, JSON.stringify(address), ...testsFor(name)], link, "a")
    let out = ""
    client.stdout.on("data", (data) => {
      out += data
    })
    await once(client, "close")
    const lines = out.split("\n").filter((text) => text.startsWith('{"test"'))
    for (const text of lines) {
      const { failed, test, ...seen } = JSON.parse(text)
      if (failed === undefined) Object.assign(figures, seen)
      else failures.push(`${test}: ${failed}`)
    }
    if (lines.length < testsFor(name).length) failures.push("it ended, or was ended, before all was measured")
    return { figures, failures }
  } finally {
    clearTimeout(expired)
    stop()
  }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
const round = (value) => Number(value.toPrecision(3)).toLocaleString("en")
const shown = (numbers) =>
  numbers === undefined
    ? "–"
    : numbers.length === 1
      ? round(numbers[0])
      : `${round(median(numbers))} (${round(Math.min(...numbers))} .. ${round(Math.max(...numbers))})`

const table = (all, abouts) => {
  const columns = [...new Set([...all.values()].flatMap((figures) => [...figures.keys()]))]
  const rows = [...all].map(([name, figures]) => [
    abouts.get(name) ?? name,
    ...columns.map((column) => shown(figures.get(column)))
  ])
  return [["", ...columns], ["---", ...columns.map(() => "---:")], ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n")
}

const main = async () => {
  const chosen = positionals.length === 0 ? NAMES : positionals
  const unknown = chosen.find((name) => !NAMES.includes(name))
  if (unknown !== undefined) throw new Error(`there is no "${unknown}"; there are ${NAMES.join(", ")}`)
  const entries = { Link: "own/Link.ts", Client: "own/Client.ts", Emulated: "../transport/Link.ts" }
  await bundle(
    Object.entries(entries).map(([out, name]) => ({ in: join(here, name), out })),
    join(here, "node_modules", ".own")
  )
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  const links = values.link ? [1, 5] : [undefined]
  const all = new Map()
  const failed = new Map()
  const abouts = new Map()
  const before = loadavg()[0].toFixed(1)
  for (const loss of links) {
    const link = loss === undefined ? undefined : await openLink(loss)
    for (let number = 0; number < rounds; number++) {
      for (const name of chosen) {
        process.stderr.write(
          `round ${number + 1} of ${rounds}: ${name}${loss === undefined ? "" : `, ${loss} % lost`}\n`
        )
        const { failures, figures } = await runOne(name, link)
        const own = all.get(name) ?? new Map()
        all.set(name, own)
        for (const [figure, value] of Object.entries(figures)) {
          const column = loss === undefined ? figure : `${figure}, ${loss} %`
          own.set(column, [...(own.get(column) ?? []), value])
        }
        for (const failure of failures) failed.set(`${name}: ${failure}`, true)
        abouts.set(name, name)
      }
    }
    await link?.close()
  }
  const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0].model.split(" ").slice(0, 2).join(" ")}`
  const heading = `${machine}; load ${before} before, ${loadavg()[0].toFixed(1)} after; ${rounds} rounds`
  if (values.json) {
    const figures = Object.fromEntries([...all].map(([name, own]) => [name, Object.fromEntries(own)]))
    console.log(JSON.stringify({ heading, figures, failed: [...failed.keys()] }))
  } else console.log([heading, "", table(all, abouts), "", ...failed.keys()].join("\n"))
  return failed.size === 0 ? 0 : 1
}

const openLink = async (loss) => {
  const { Link } = await import("./node_modules/.own/Emulated.mjs")
  const tool = process.env.NATLAB ?? join(here, "..", "..", "..", "shared", "natlab", "natlab")
  return Link.open(tool, { delay: 25, loss }, loss)
}

const stopped = () => {
  for (const child of running) child.kill("SIGKILL")
  process.exit(130)
}
process.once("SIGINT", stopped)
process.once("SIGTERM", stopped)

try {
  if (values.help) console.log(HELP.replace("NAMES", NAMES.join(", ")))
  else process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
