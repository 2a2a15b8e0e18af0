import { parseArgs } from "node:util"
import { PARTS } from "./Parts.js"

export interface Options {
  readonly parts: ReadonlyArray<string>
  readonly runs: number
  readonly json: boolean
  readonly prof: string | undefined
  readonly help: boolean
  /**
   * `controllers` compares congestion controllers on simulated links instead; with part of a link's name to choose by.
   */
  readonly controllers: string | undefined
}

/** Throws an `Error` with a sentence for people. */
export const read = (args: ReadonlyArray<string>): Options => {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: "string", multiple: true, default: [] },
      runs: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      prof: { type: "string" },
      help: { type: "boolean", short: "h", default: false }
    }
  })
  const { help, json, only, prof, quick } = values
  const runs = Number(values.runs ?? (quick ? 1 : 3))
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs takes a number from 1 on, not "${values.runs}"`)
  if (prof !== undefined && prof !== "a" && prof !== "b") throw new Error(`--prof takes a or b, not "${prof}"`)
  if (positionals[0] === "controllers") return { parts: [], runs, json, prof, help, controllers: positionals[1] ?? "" }
  const parts = [...positionals, ...only].flatMap((names) => names.split(",")).flatMap(chosen)
  return { parts: parts.length > 0 ? parts : quick ? QUICK : DEFAULT, runs, json, prof, help, controllers: undefined }
}

export const HELP = `npm run bench -- [PART ..] [--only PART,..] [--runs 3] [--quick] [--json] [--prof a|b]
npm run bench -- controllers [LINK]

Figures of the peer link on this machine, two processes for each part, beside the floors that Node, the cipher, the
disk and the link set in the same run: medians of all rounds, with the least and the greatest. Each round runs all
parts, so that a busy moment of the machine meets all of them. "controllers" compares congestion controllers on
simulated links, the same on every machine.

  --only PART,..   these parts, as without the flag; "loopback" and "link" name all of their kind
  --runs N         rounds; 3 when left out
  --quick          one round of what tells most, in about a minute
  --json           one JSON object, to compare commits by
  --prof a|b       writes a CPU profile of that side of each part to the current folder

Parts with a link run between two network namespaces with an emulated link between them, where there is root and the
tool natlab (at ../shared/natlab/natlab, or where NATLAB says); elsewhere they are left out, and it is said why.

${PARTS.map(({ about, link, name, onRequest }) => `  ${name.padEnd(16)} ${about}${link ? " [link]" : ""}${onRequest ? ", only on request" : ""}`).join("\n")}`

const chosen = (name: string): ReadonlyArray<string> => {
  if (name === "loopback" || name === "link")
    return PARTS.filter(({ link, onRequest }) => !onRequest && (link !== undefined) === (name === "link")).map(
      ({ name }) => name
    )
  if (PARTS.some((part) => part.name === name)) return [name]
  throw new Error(`there is no part "${name}"; --help names them all`)
}

const DEFAULT = PARTS.flatMap(({ name, onRequest }) => (onRequest ? [] : [name]))
/** Messages and streams on loopback beside their floors, and whole clients. */
const QUICK = ["floor-ping", "floor-100", "open", "rtt", "messages", "stream", "client"]
