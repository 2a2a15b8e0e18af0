import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import process from "node:process"
import { pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { Worker } from "node:worker_threads"
import * as Corpus from "./engine/Corpus.js"
import type { Job, Outcome } from "./engine/Worker.js"
import type { Target } from "./Target.js"

/** `npm run fuzz -- --help` tells what it does. Where things are is told by run.mjs, which bundles this. */
const HELP = `npm run fuzz [-- TARGET...] [--seconds N] [--seed N] [--keep] [--replay FILE]

Tries decoders and machines with inputs that go where none has gone before, until Ctrl-C.
  TARGET          only these (all of test/fuzz/targets otherwise, one after the other, again and again)
  --seconds N     for so long in all
  --seed N        what is drawn at random
  --keep          then adds what was found to the corpus in the tree, cut down to what reaches something
  --replay FILE   only tries this input, which was saved when it broke a law
`

interface Places {
  readonly targets: string
  readonly corpus: string
  /** What was found, from run to run; and inputs that broke a law. */
  readonly cache: string
}

export const main = async (places: Places): Promise<number> => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: "boolean" },
      keep: { type: "boolean" },
      replay: { type: "string" },
      seconds: { type: "string" },
      seed: { type: "string" }
    }
  })
  if (values.help === true) {
    process.stderr.write(HELP)
    return 0
  }
  const all = readdirSync(places.targets).map((file) => basename(file, ".mjs"))
  const names = positionals.length === 0 ? all : positionals
  const strange = names.find((name) => !all.includes(name))
  if (strange !== undefined) {
    process.stderr.write(`There is no target ${strange}. There are: ${all.join(", ")}\n`)
    return 2
  }
  if (values.replay !== undefined) return replay(places, names, values.replay)
  mkdirSync(join(places.cache, "broken"), { recursive: true })
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  const rounds = values.seconds === undefined ? Number.POSITIVE_INFINITY : 1
  const ms = values.seconds === undefined ? ROUND_MS : (Number(values.seconds) * 1000) / names.length
  let failed = 0
  let isStopping = false
  process.once("SIGINT", () => (isStopping = true))
  for (let round = 0; round < rounds && !isStopping; round++) {
    for (const name of names) if (!isStopping && !(await fuzz(places, name, ms, seed + round))) failed++
    if (failed > 0) break
  }
  if (values.keep === true) for (const name of names) await keep(places, name)
  process.stdout.write(`${names.length - failed} passed, ${failed} failed\n`)
  return failed === 0 ? 0 : 1
}

/** ms for each target in turn when there is no end. */
const ROUND_MS = 60_000

/** `false` when an input has broken a law. */
const fuzz = async (places: Places, name: string, ms: number, seed: number): Promise<boolean> => {
  const found = join(places.cache, `${name}.txt`)
  const corpus = [...Corpus.read(join(places.corpus, `${name}.txt`)), ...Corpus.read(found)]
  const outcome = await run({ url: urlOf(places, name), seed, ms, corpus })
  const { broken, covered, executions } = outcome
  if (outcome.corpus.length > 0) Corpus.write(found, outcome.corpus)
  const rate = Math.round(executions / (outcome.ms / 1000))
  const parts = covered.map(([file, part]) => `${basename(file)} ${Math.round(100 * part)} %`)
  process.stderr.write(
    `${name.padEnd(16)} ${executions} runs, ${rate}/s, corpus ${outcome.corpus.length}, seed ${seed}: ${parts.join(", ")}\n`
  )
  if (broken === undefined) return true
  const file = join(
    places.cache,
    "broken",
    `${name}-${createHash("sha256").update(broken.input).digest("hex").slice(0, 12)}`
  )
  writeFileSync(file, broken.input)
  process.stderr.write(
    `\n${name} is broken by ${file}:\n${broken.error}\n\nTry it again: npm run fuzz -- ${name} --replay ${file}\n` +
      `When it is mended, keep it: test/fuzz/corpus/${name}.txt gets the lines\n# what was wrong\n${Corpus.lineOf(broken.input)}\n\n`
  )
  return false
}

/** Adds to the corpus in the tree what reaches something that it does not reach yet. */
const keep = async (places: Places, name: string): Promise<void> => {
  const file = join(places.corpus, `${name}.txt`)
  const all = [...Corpus.read(file), ...Corpus.read(join(places.cache, `${name}.txt`))]
  const short = all.filter((input) => input.length <= MAX_KEPT)
  const { corpus } = await run({ url: urlOf(places, name), seed: 1, ms: 0, corpus: short })
  let room = MAX_CORPUS
  const kept: Array<Uint8Array> = []
  for (const input of corpus) {
    room -= Corpus.lineOf(input).length + 1
    if (room >= 0) kept.push(input)
  }
  Corpus.write(file, kept)
}

/** Bytes of an input that is kept, and of the text of all inputs of a target. */
const MAX_KEPT = 2_048
const MAX_CORPUS = 16 * 1024

const replay = async (places: Places, names: ReadonlyArray<string>, file: string): Promise<number> => {
  if (names.length !== 1 || !existsSync(file)) {
    process.stderr.write(`--replay needs one target, and a file that is there\n`)
    return 2
  }
  const { target } = (await import(urlOf(places, names[0]!))) as { readonly target: Target }
  const start = performance.now()
  target.run(new Uint8Array(readFileSync(file)))
  process.stderr.write(`no law is broken; it took ${Math.round(performance.now() - start)} ms\n`)
  return 0
}

const urlOf = (places: Places, name: string): string => pathToFileURL(join(places.targets, `${name}.mjs`)).href

/** One target in a thread. An input that does not end, or takes all memory, has broken a law as well. */
const run = (job: Omit<Job, "trying">): Promise<Outcome> =>
  new Promise((resolve) => {
    const trying = new SharedArrayBuffer(8 + MAX_INPUT)
    const head = new Int32Array(trying, 0, 2)
    const worker = new Worker(new URL("./Worker.mjs", import.meta.url), {
      workerData: { ...job, trying },
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB }
    })
    let last = -1
    const end = (outcome: Outcome) => {
      clearInterval(watch)
      resolve(outcome)
      void worker.terminate()
    }
    const fail = (error: string) => {
      const input = new Uint8Array(trying).slice(8, 8 + head[0]!)
      end({ executions: Math.max(0, head[1]!), ms: job.ms, corpus: [], broken: { input, error }, covered: [] })
    }
    const watch = setInterval(() => {
      if (head[1]! > 0 && head[1] === last) fail(`does not end within ${HANG_MS / 1000} s`)
      last = head[1]!
    }, HANG_MS)
    worker.once("message", end)
    worker.once("error", (error) => fail(error.stack ?? error.message))
  })

/** Bytes: longer inputs are only seen in part when they hang. */
const MAX_INPUT = 256 * 1024
/** MB: a target that keeps what it is fed with finds this end soon. */
const MAX_HEAP_MB = 1_024
const HANG_MS = 30_000
