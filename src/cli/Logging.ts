import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as Cidr from "../domain/Cidr.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as SafeText from "../domain/SafeText.js"
import { Terminal } from "../services/Terminal.js"

/** How an entry of the log is written: both have the same keys. */
export type Format = (typeof FORMATS)[number]
export const FORMATS = ["logfmt", "json"] as const

/**
 * An entry of the log is one line, whatever it tells of, on standard error: standard output is the conversation's.
 */
export const loggerOf = (format: Format, write: (line: string) => Effect.Effect<void>): Logger.Logger<unknown, void> =>
  Logger.map(format === "json" ? json : Logger.logfmtLogger, (entry) => {
    Effect.runFork(write(`${SafeText.line(entry, SafeText.MAX_TEXT)}\n`))
  })

/** One object a line: what the entry tells, and `timestamp`, `level` and `message`. */
const json = Logger.map(Logger.structuredLogger, ({ annotations, cause, logLevel, message, timestamp }) =>
  JSON.stringify(
    { timestamp, level: logLevel, message, ...annotations, ...(cause === undefined ? {} : { cause }) },
    (_, value) => (typeof value === "string" ? SafeText.line(value) : value)
  )
)

/**
 * Runs a program of operators whose log is written so. Unless it may be personal, it has no names (`nick`, `holder`),
 * and in place of an address (`from`) the network that it is one of many in (`network`).
 */
export const provide =
  (format: Format, isPersonal: boolean) =>
  <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Terminal> =>
    Effect.flatMap(Terminal, ({ writeError }) => {
      const logger = loggerOf(format, writeError)
      return Effect.locally(
        program,
        FiberRef.currentLoggers,
        HashSet.make(isPersonal ? logger : Logger.mapInputOptions(logger, impersonal))
      )
    })

const impersonal = (options: Logger.Logger.Options<unknown>): Logger.Logger.Options<unknown> => {
  const { annotations } = options
  const from = HashMap.get(annotations, "from")
  const rest = HashMap.removeMany(annotations, ["from", "nick", "holder"])
  return {
    ...options,
    annotations: from._tag === "None" ? rest : HashMap.set(rest, "network", networkOf(String(from.value)))
  }
}

/** The IPv4 /24 or IPv6 /48 of an address, which has many people in it; nothing of what is no address. */
const networkOf = (address: string): string => {
  const endpoint = Endpoint.make(address, 0)
  return endpoint === undefined ? "-" : Cidr.around(endpoint, endpoint.family === "ipv4" ? 24 : 48)
}
