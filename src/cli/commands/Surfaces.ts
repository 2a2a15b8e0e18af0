import { SHELLS } from "../help/Request.js"
import type { OptionSurface, Surface } from "../help/Surface.js"
import { table } from "./Table.js"

/** What people see of the command line. */
export const of = (version: string): Surface => ({
  version,
  help: "Direct chat for terminals and programs: a small server introduces, UDP carries",
  commands: table.map(({ surface }) => surface),
  everywhere: EVERYWHERE,
  alone: ALONE
})

/** Words of the log's levels, from the most to the least that is written. */
export const LEVELS: ReadonlyArray<string> = ["all", "trace", "debug", "info", "warning", "error", "fatal", "none"]

const HELP = { flag: "--help", alias: "-h", help: "Print help and end", wants: "anything" } as const
const VERSION = { flag: "--version", alias: "-v", help: "Print the version and end", wants: "anything" } as const

const EVERYWHERE: ReadonlyArray<OptionSurface> = [
  {
    flag: "--log-level",
    placeholder: "LEVEL",
    help: `How much to log on standard error: ${LEVELS.join(", ")}`,
    wants: LEVELS
  },
  HELP,
  VERSION
]

const ALONE: ReadonlyArray<OptionSurface> = [
  {
    flag: "--completions",
    placeholder: "SHELL",
    help: `Print what makes a shell complete parley's command lines: ${SHELLS.join(", ")}`,
    wants: SHELLS
  },
  HELP,
  VERSION
]
