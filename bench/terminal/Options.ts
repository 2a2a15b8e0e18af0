import { parseArgs } from "node:util"
import { PARTS } from "./Parts.js"

export interface Options {
  readonly parts: ReadonlyArray<string>
  readonly runs: number
  readonly quick: boolean
  readonly json: boolean
  readonly help: boolean
}

/** Throws an `Error` with a sentence for people. */
export const read = (args: ReadonlyArray<string>): Options => {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false }
    }
  })
  const { help, json, quick } = values
  const runs = Number(values.runs ?? (quick ? 1 : 3))
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs takes a number from 1 on, not "${values.runs}"`)
  const names = PARTS.map(({ name }) => name)
  for (const part of positionals)
    if (!names.includes(part)) throw new Error(`there is no part "${part}"; --help names them all`)
  return { parts: positionals.length > 0 ? positionals : names, runs, quick, json, help }
}

export const HELP = `npm run bench:terminal -- [PART ..] [--runs 3] [--quick] [--json]

Figures of the terminal, of the built program on a terminal of its own, beside floors of the same run: medians of all
rounds, with the least and the greatest. Needs Linux and script (util-linux).

  --runs N   rounds; 3 when left out
  --quick    one round with fewer tries and messages, in about a minute
  --json     one JSON object, to compare commits by

${PARTS.map(({ about, name }) => `  ${name.padEnd(12)} ${about}`).join("\n")}`
