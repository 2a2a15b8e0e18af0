import { parseArgs } from "node:util"
import { ATTACKS } from "./attacks/Catalog.js"
import { PARTS } from "./Parts.js"
import type { Size } from "./Stage.js"

export interface Options {
  readonly parts: ReadonlyArray<string>
  readonly attacks: ReadonlyArray<string>
  readonly runs: number
  readonly size: Size
  readonly json: boolean
  readonly help: boolean
}

/** Throws an `Error` with a sentence for people. */
export const read = (args: ReadonlyArray<string>): Options => {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      runs: { type: "string" },
      clients: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false }
    }
  })
  const { help, json, quick } = values
  const names = positionals.flatMap((name) => name.split(","))
  const chosen = names.length > 0 ? names : ["parts", "attacks"]
  const parts = PARTS.filter(({ name }) => chosen.includes(name) || chosen.includes("parts"))
  const attacks = ATTACKS.filter(
    ({ name, quick: short }) => chosen.includes(name) || (chosen.includes("attacks") && (!quick || short === true))
  )
  const known = new Set(["parts", "attacks", ...PARTS.map(({ name }) => name), ...ATTACKS.map(({ name }) => name)])
  const unknown = names.find((name) => !known.has(name))
  if (unknown !== undefined) throw new Error(`there is no part and no attack "${unknown}"; --help names them all`)
  return {
    parts: parts.map(({ name }) => name),
    attacks: attacks.map(({ name }) => name),
    runs: count("--runs", values.runs, quick ? 1 : 3),
    size: {
      clients: count("--clients", values.clients, quick ? 2_000 : 10_000),
      times: quick ? 2_000 : 4_000,
      ms: quick ? 3_000 : 6_000
    },
    json,
    help
  }
}

export const HELP = `npm run bench:server -- [PART|ATTACK ..] [--quick] [--runs 3] [--clients 10000] [--json]

What the rendezvous server costs on this machine, in µs of its processor beside a bare server of node:net that says as
much, and what honest people feel while others attack it. The server, the floor and their clients are processes of their
own; everything happens in a network namespace that goes with the bench. Linux.

  --quick       a round of short parts, 2,000 clients, the worst attacks for 3 s each
  --runs N      rounds of all parts; attacks run once
  --clients N   where their number is the point; the system has to allow twice as many open files
  --json        one JSON object, to compare commits by

PROGRAM=/other/tree/dist/main.js measures the program of another tree; PROFILE=FOLDER writes CPU profiles of the servers
there.

${PARTS.map(({ about, name }) => `  ${name.padEnd(20)} ${about}`).join("\n")}

${ATTACKS.map(({ about, name }) => `  ${name.padEnd(20)} ${about}`).join("\n")}`

const count = (flag: string, value: string | undefined, otherwise: number): number => {
  const number = value === undefined ? otherwise : Number(value)
  if (!Number.isInteger(number) || number < 1) throw new Error(`${flag} takes a number from 1 on, not "${value}"`)
  return number
}
