import { writeFileSync } from "node:fs"
import * as ServerName from "../../src/domain/ServerName.js"
import { type Check, waits } from "./Check.js"
import { clientChecks, type Extent } from "./client/Checks.js"
import { PARTS, type Part } from "./client/Context.js"
import type { Subject } from "./client/Subject.js"
import { junit, line, type Result, runAll, summary } from "./Report.js"
import { serverChecks } from "./server/Checks.js"
import type { Target } from "./server/Session.js"

const HELP = `npm run conformance -- server HOST:PORT [--name HOST:PORT] [options]
npm run conformance -- client 'COMMAND ...' [--wire] [options]

Tries whether a server or a client does what docs/protocol.md says. Each line names the rule that was tried.

  server   a server that listens there; --name is what it is called in proofs of identity, HOST:PORT when left out
  client   a program that is started for each check, with {host}, {port}, {nick} and {home} in the command replaced:
           the server that it is to register at, under which nickname, and an empty folder of its own. It reads commands
           and writes events, as docs/json.md says; with --wire it does neither, and only answers on the wire

  --without PART the client has no files (§3.6, §3.8), is not on the local network (lan, §4), or asks the server
                 nothing by UDP (udp, §2); may be given several times
  --slow         also what takes minutes, such as keys that are made anew
  --only TEXT    the checks whose rule begins with TEXT, or that have it in their description
  --patience S   the seconds that an answer may take (10)
  --silence S    the seconds after which what must not come has not come (0.4)
  --json         one JSON array instead of the table
  --junit FILE   JUnit's XML, for CI

Ends with 0 when all hold, 1 when one does not, 2 when one could not be tried.
`

/** What the command line asks for. Gives the exit code. */
export const main = async (args: ReadonlyArray<string>): Promise<number> => {
  const options = read(args)
  if (typeof options === "string") {
    const asked = options === ""
    ;(asked ? process.stdout : process.stderr).write(asked ? HELP : `${options}\n\n${HELP}`)
    return asked ? 0 : 2
  }
  Object.assign(waits, options.waits)
  const tell = (result: Result) => {
    if (!options.json) process.stdout.write(`${line(result)}\n`)
  }
  const results =
    options.what === "server"
      ? await runAll(only(serverChecks, options.only), serverOf(options), tell)
      : await runAll(only(clientChecks(options), options.only), subjectOf(options), tell)
  process.stdout.write(options.json ? `${JSON.stringify(results, null, 2)}\n` : `\n${summary(results)}\n`)
  if (options.junit !== undefined) writeFileSync(options.junit, junit(`parley ${options.what}`, results))
  if (results.some(({ outcome }) => outcome === "failed") || results.length === 0) return 2
  return results.every(({ outcome }) => outcome === "holds") ? 0 : 1
}

interface Options extends Extent {
  readonly what: "server" | "client"
  readonly subject: string
  readonly name: string | undefined
  readonly only: string
  readonly waits: Partial<typeof waits>
  readonly json: boolean
  readonly junit: string | undefined
}

/** The options, or what is wrong with them; nothing is wrong with "" but that help was asked for. */
const read = (args: ReadonlyArray<string>): Options | string => {
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) return ""
  const values = new Map<string, string>()
  const flags = new Set<string>()
  const without: Array<Part> = []
  const words: Array<string> = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === "--without") {
      const part = args[++i]
      const known = PARTS.find((each) => each === part)
      if (known === undefined) return `--without ${part}: say ${PARTS.join(", ")}`
      without.push(known)
    } else if (["--name", "--only", "--junit", "--patience", "--silence"].includes(arg)) {
      const value = args[++i]
      if (value === undefined) return `${arg} needs a value`
      values.set(arg, value)
    } else if (["--json", "--wire", "--slow"].includes(arg)) flags.add(arg)
    else if (arg.startsWith("--")) return `there is no option ${arg}`
    else words.push(arg)
  }
  const [what, subject] = words
  if ((what !== "server" && what !== "client") || subject === undefined || words.length !== 2)
    return "say what is to be tried: server HOST:PORT, or client 'COMMAND ...'"
  if (what === "server" && ServerName.parse(subject) === undefined) return `${subject} is not HOST:PORT`
  const times: { patience?: number; silence?: number } = {}
  for (const name of ["patience", "silence"] as const) {
    const seconds = values.get(`--${name}`)
    if (seconds === undefined) continue
    times[name] = Number(seconds) * 1_000
    if (!(times[name] > 0)) return `--${name} ${seconds}: say a number of seconds`
  }
  return {
    what,
    subject,
    name: values.get("--name"),
    isWire: flags.has("--wire"),
    isSlow: flags.has("--slow"),
    without,
    only: values.get("--only") ?? "",
    waits: times,
    json: flags.has("--json"),
    junit: values.get("--junit")
  }
}

const only = <Context>(checks: ReadonlyArray<Check<Context>>, text: string): ReadonlyArray<Check<Context>> =>
  checks.filter(({ rule, says }) => rule.startsWith(text) || says.includes(text))

const serverOf = ({ name, subject }: Options): Target => {
  const { host, port } = ServerName.parse(subject)!
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port, name: name ?? subject, open: new Set() }
}

const subjectOf = ({ subject }: Options): Subject => ({ command: subject })
