// @ts-check
// Keeps the house tidy: `node scripts/tidy.mjs` (part of `npm run lint`) prints what breaks a rule and ends with 1.
// Each rule is a function from sources to sentences, and test/tidy shows that each can fail.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { documents, importsOf, ROOT, read } from "./source.mjs"

/** @typedef {import("./source.mjs").SourceFile} SourceFile */

/**
 * Who may import whom, beside itself: everybody only what stands below. `layers/node` and `layers/memory` do not know
 * each other, nor do `server` and `client`; whoever needs a layer asks for its service.
 */
export const ROOMS = /** @type {const} */ ({
  domain: [],
  protocol: ["domain"],
  core: ["protocol", "domain"],
  services: ["protocol", "domain"],
  "layers/memory": ["services", "protocol", "domain"],
  "layers/node": ["services", "protocol", "domain"],
  /** Loaded by those alone who ask for it. */
  "layers/redis": ["services", "protocol", "domain"],
  sim: ["layers/memory", "services", "core", "protocol", "domain"],
  server: ["core", "services", "protocol", "domain"],
  client: ["core", "services", "protocol", "domain"],
  cli: ["server", "client", "core", "services", "protocol", "domain"],
  /** The library for programs without Effect: it puts its layers together itself. */
  promise: ["client", "server", "layers/node", "core", "services", "protocol", "domain"],
  /** The files beside the rooms put everything together. */
  "": ["cli", "client", "server", "sim", "layers/node", "layers/memory", "core", "services", "protocol", "domain"]
})

/** The only files beside the rooms: the program and the library. */
export const FRONT_DOOR = ["src/index.ts", "src/main.ts"]

/** Files may import these although their room may not; each with its reason. */
export const EXCEPTIONS = [
  // The front end of the simulated world names one concrete layer, whose every implementation gives the same bytes.
  "src/sim/DefaultCrypto.ts -> src/layers/node/Crypto.ts",
  // While a run is on it takes the clocks, timers and random numbers of Node out of the programs' hands.
  "src/sim/kernel/Sandbox.ts -> src/layers/node/NodeHooks.ts",
  // The program's own choice of layers, loaded when a command starts: most of what there is to load.
  "src/cli/LiveMachine.ts -> src/layers/node/Layers.ts",
  // What is asked about the program is answered without loading the rest, Effect included.
  "src/cli/Front.ts -> src/layers/node/Printer.ts",
  "src/cli/Front.ts -> src/layers/node/Listing.ts",
  "src/cli/Front.ts -> src/layers/node/KeptCode.ts",
  // The program itself, which main.ts must not hold: every version of Node has to be able to read main.ts.
  "src/cli/Process.ts -> src/layers/node/Platform.ts",
  "src/cli/LiveMachine.ts -> src/layers/node/Simulator.ts",
  "src/cli/LiveMachine.ts -> src/layers/redis/RedisEngine.ts",
  "src/cli/LiveMachine.ts -> src/layers/node/NodeLinks.ts",
  "src/cli/LiveMachine.ts -> src/layers/node/Web.ts",
  "src/cli/LiveMachine.ts -> src/layers/node/Vitals.ts",
  "src/cli/LiveMachine.ts -> src/layers/memory/Files.ts",
  "src/cli/LiveMachine.ts -> src/layers/memory/Store.ts",
  // The packets of a failed run are written down for people, by a test runner outside of the simulated world.
  "src/sim/Replay.ts -> src/layers/node/NodeHooks.ts"
]

/** Circles that are meant: a process asks its kernel for time and turns, and the kernel calls its processes. */
export const CIRCLES = [["src/sim/kernel/Kernel.ts", "src/sim/kernel/Process.ts"]]

/** Pure rooms know no Effect runtime, no platform, no clock and no socket, only Effect's data. */
const PURE = ["domain", "protocol", "core"]
const DATA = ["effect/Schema", "effect/Either", "effect/Option", "effect/Data", "effect/Duration"]

/** Lines of a function's body: what fits on a screen. */
export const MAX_FUNCTION = 70

/** Columns: the formatter's line. */
export const MAX_COLUMNS = 120

/** Functions that may be longer, as `path name`; each with its reason. */
export const LONG_FUNCTIONS = /** @type {ReadonlyArray<string>} */ ([
  // One socket, one resource: its state is in the closure, and each handler in it is short.
  "src/layers/node/FilesLanding.ts open",
  // One sealed log and one set of segments, each with the fiber that writes it: the same shape, longer.
  "src/client/history/History.ts open",
  "src/client/journal/MessageJournal.ts open",
  // The calls that a user makes of file transfers, each a few lines, around what they share.
  "src/client/files/FilesCalls.ts make",
  "src/client/files/Transfers.ts make",
  // One command from the offer to the exit code, told in the order in which it happens.
  "src/cli/oneshot/ReceiveFileProgram.ts receive"
])

/** Files whose lines may be wider; each with its reason. */
export const WIDE = [
  // The licence of Unicode's data, word by word.
  "src/domain/ConfusablesData.ts",
  // One page, a line a paragraph.
  "README.md"
]

/** The room of a file in `src`: a folder, or nothing for the files beside the rooms. */
/** @type {(path: string) => string} */
export const roomOf = (path) => {
  const [, first = "", second = "", ...rest] = path.split("/")
  if (second === "") return ""
  return first === "layers" && rest.length > 0 ? `${first}/${second}` : first
}

/**
 * Imports against the map, shallow imports of Effect, and Node's modules outside of their layer.
 *
 * @param {ReadonlyArray<SourceFile>} files of `src`
 * @returns {Array<string>}
 */
export const imports = (files) => {
  const problems = []
  for (const file of files) {
    const room = roomOf(file.path)
    if (room === "" && !FRONT_DOOR.includes(file.path)) problems.push(`${file.path}: a file belongs into a room`)
    for (const { specifier, line, target } of importsOf(file)) {
      const problem = target === undefined ? foreign(room, specifier) : ours(file.path, room, target)
      if (problem !== undefined) problems.push(`${file.path}:${line}: ${problem}`)
    }
  }
  return problems
}

/** @type {(path: string, room: string, target: string) => string | undefined} */
const ours = (path, room, target) => {
  const below = roomOf(target)
  const allowed = /** @type {Record<string, ReadonlyArray<string>>} */ (ROOMS)[room]
  if (allowed === undefined) return `the room ${room} is not on the map (scripts/tidy.mjs)`
  if (room === below || allowed.includes(below) || EXCEPTIONS.includes(`${path} -> ${target}`)) return undefined
  return `${room} may not import ${below || target} (a room imports only rooms below it: docs/architecture.md)`
}

/** @type {(room: string, specifier: string) => string | undefined} */
const foreign = (room, specifier) => {
  if (/^(effect|@effect\/[^/]+)$/.test(specifier))
    return `import deeply (effect/Effect, not ${specifier}): barrels cost half a second of start-up`
  if (specifier.startsWith("node:") && room !== "layers/node")
    return `only layers/node talks to Node (${specifier}); declare what you need in services`
  if (specifier.startsWith("@effect/platform-node") && room !== "layers/node" && room !== "")
    return `only main and layers/node name the platform (${specifier})`
  if (PURE.includes(room) && /^@?effect\//.test(specifier) && !DATA.includes(specifier))
    return `decide in pure code: ${room} may import ${DATA.join(", ")}, not ${specifier}`
  return undefined
}

/**
 * Import circles; types count too. Each is told once, by its shortest way round.
 *
 * @param {ReadonlyArray<SourceFile>} files
 * @returns {Array<string>}
 */
export const circles = (files) => {
  const graph = new Map(files.map((file) => [file.path, targets(file)]))
  const told = new Set()
  for (const start of graph.keys()) {
    const circle = wayRound(graph, start)
    if (circle === undefined) continue
    const members = [...circle].sort()
    if (!CIRCLES.some((allowed) => allowed.join() === members.join())) told.add(members.join(" -> "))
  }
  return [...told].map((circle) => `circle: ${circle} and back`)
}

/** A module that re-exports itself as a namespace is no circle. */
/** @type {(file: SourceFile) => Array<string>} */
const targets = (file) =>
  importsOf(file).flatMap(({ target }) => (target === undefined || target === file.path ? [] : [target]))

/** The shortest way from a file back to it, breadth first. */
/** @type {(graph: Map<string, Array<string>>, start: string) => Array<string> | undefined} */
const wayRound = (graph, start) => {
  const before = new Map()
  const queue = [start]
  for (const at of queue) {
    for (const next of graph.get(at) ?? []) {
      if (next === start) {
        const way = [at]
        while (way[0] !== start) way.unshift(before.get(way[0]))
        return way
      }
      if (before.has(next)) continue
      before.set(next, at)
      queue.push(next)
    }
  }
  return undefined
}

/**
 * Functions whose body is longer than a screen. A block ends, after the formatter, at the next line that is set in no
 * further than the one where it began.
 *
 * @param {ReadonlyArray<SourceFile>} files
 * @returns {Array<string>}
 */
export const functions = (files) =>
  longFunctions(files)
    .filter(({ name, path }) => !LONG_FUNCTIONS.includes(`${path} ${name}`))
    .map(
      ({ length, line, name, path }) => `${path}:${line}: ${name} has ${length} lines, ${MAX_FUNCTION} fit on a screen`
    )

/**
 * @param {ReadonlyArray<SourceFile>} files
 * @returns {Array<{ path: string, line: number, name: string, length: number }>} those over the limit
 */
export const longFunctions = (files) => {
  const found = []
  for (const { path, text } of files) {
    const lines = text.split("\n")
    for (const [at, line] of lines.entries()) {
      if (!opensFunction(lines, at)) continue
      const end = lines.findIndex((other, index) => index > at && other !== "" && indent(other) <= indent(line))
      const length = (end === -1 ? lines.length : end) - at - 1
      if (length > MAX_FUNCTION) found.push({ path, line: at + 1, name: nameOf(lines, at), length })
    }
  }
  return found
}

/** @type {(line: string) => number} */
const indent = (line) => line.length - line.trimStart().length

/** Whether the body of a function begins after this line. */
/** @type {(lines: ReadonlyArray<string>, at: number) => boolean} */
const opensFunction = (lines, at) => {
  const line = lines[at] ?? ""
  if (/^\s*(\/?\*|\/\/)/.test(line)) return false
  if (/(=>( \(?\{|$)|\bfunction\b.*\{)$/.test(line)) return /^\s*\S/.test(line)
  if (!line.endsWith("{")) return false
  const head = /^\s*\)/.test(line) ? (lines[headOf(lines, at)] ?? "") : line
  return METHOD.test(head) && !CONTROL.test(head)
}

/** The line on which a list of parameters began that ends on this line. */
/** @type {(lines: ReadonlyArray<string>, at: number) => number} */
const headOf = (lines, at) => {
  let head = at - 1
  while (head > 0 && indent(lines[head] ?? "") > indent(lines[at] ?? "")) head--
  return head
}

const METHOD =
  /^\s*(?:(?:export|default|async|static|override|public|private|protected|get|set|function) )*\*?[#\w$[\].]+(?:<.*>)?\(/
const CONTROL = /^\s*(?:if|for|while|switch|catch|with|return|yield|await|super)\b/

/** What a function is called: by the nearest declaration or member at or above its line that it stands in. */
/** @type {(lines: ReadonlyArray<string>, at: number) => string} */
const nameOf = (lines, at) => {
  let depth = Number.POSITIVE_INFINITY
  for (let index = at; index >= 0; index--) {
    const line = lines[index] ?? ""
    if (line === "" || indent(line) >= depth) continue
    // A list of parameters, or an object that is taken apart, began further up, set in as far as it ends.
    depth = indent(line) + (/^\s*[)}\]]/.test(line) ? 1 : 0)
    const name = NAME.exec(line)
    if (name !== null && !CONTROL.test(line)) return name[1] ?? name[2] ?? name[3] ?? ""
  }
  return "(nameless)"
}

const NAME =
  /(?:const|let|function\*?|class) ([\w$]+)|^\s*(?:(?:async|static|override|public|private|protected|readonly|get|set) )*\*?([#\w$]+)(?:<.*>)?\((?!\{$)|^\s*([\w$]+): /

/**
 * Lines beyond the formatter's line. Code may only be wider where a text or a pattern stands that nobody may break.
 *
 * @param {ReadonlyArray<SourceFile>} files
 * @returns {Array<string>}
 */
export const widths = (files) => {
  const problems = []
  for (const { path, text } of files) {
    if (WIDE.includes(path)) continue
    for (const [at, line] of text.split("\n").entries()) {
      const comment = /^\s*(\/?\*|\/\/)/.test(line)
      const columns = [...(comment ? line : line.replace(LITERAL, '""'))].length
      if (columns > MAX_COLUMNS) problems.push(`${path}:${at + 1}: ${[...line].length} columns`)
    }
  }
  return problems
}

/**
 * Lines of documents beyond the same width. Tables, blocks of code, code within a line and addresses of links may be
 * wider: nobody may break them.
 *
 * @param {ReadonlyArray<SourceFile>} files in Markdown
 * @returns {Array<string>}
 */
export const prose = (files) => {
  const problems = []
  for (const { path, text } of files) {
    if (WIDE.includes(path)) continue
    let block = false
    for (const [at, line] of text.split("\n").entries()) {
      if (/^\s*```/.test(line)) block = !block
      if (block || line.startsWith("|")) continue
      const columns = [...line.replace(/`[^`]*`/g, "``").replace(/\]\([^)]*\)/g, "]()")].length
      if (columns > MAX_COLUMNS) problems.push(`${path}:${at + 1}: ${[...line].length} columns`)
    }
  }
  return problems
}

const LITERAL = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|(?<=[\s(])\/(?:[^/\\]|\\.)+\/[a-z]*/g

/**
 * Ways to a terminal past the one that cleans every text (`layers/node/Terminal`): Node's and Effect's consoles, the
 * standard streams, and colours or moves of the cursor from whoever does not draw a screen.
 *
 * @param {ReadonlyArray<SourceFile>} files of `src`
 * @returns {Array<string>}
 */
export const screens = (files) => {
  const problems = []
  for (const { path, text } of files) {
    for (const [at, line] of text.split("\n").entries()) {
      if (/^\s*(\/?\*|\/\/)/.test(line)) continue
      if (STREAMS.test(line) && !WRITERS.includes(path))
        problems.push(`${path}:${at + 1}: only layers/node/Terminal writes to a terminal`)
      if (/\bpaint\(|\bpaint\b.*\} = /.test(line) && /erminal/.test(line) && !PAINTERS.includes(path))
        problems.push(`${path}:${at + 1}: write text without sequences of control (Terminal.write, not paint)`)
    }
  }
  return problems
}

const STREAMS =
  /\bconsole\.|\bConsole\.(?!Console\b)\w|withConsole(Error|Log)|\bstd(out|err)\.(write|end|_write|fd)\b|\bwriteSync\((1|2|STD|process)/

/** Files that write to the standard streams; each with its reason. */
export const WRITERS = [
  // The streams of the process, and what is told when nothing else works any more.
  "src/layers/node/Terminal.ts",
  "src/layers/node/StandardOutput.ts",
  "src/layers/node/Printer.ts",
  // For versions of Node that can load nothing else; what it writes is its own.
  "src/main.ts"
]

/** Files that may use colours or move the cursor; each with its reason. */
export const PAINTERS = [
  // The screen of the client.
  "src/cli/terminal/Painter.ts",
  "src/cli/terminal/EditorUi.ts",
  "src/cli/terminal/PlainUi.ts",
  // Coloured reports: of the network, and the help of the command-line library.
  "src/cli/doctor/Program.ts",
  "src/cli/help/HelpConsole.ts"
]

/**
 * Whether a lock file is good on every machine: it has each package that another one names (those of other platforms,
 * too, which `npm ci` misses otherwise), and says of none where it was taken from.
 *
 * @param {{ packages: Record<string, any> }} lock
 * @returns {Array<string>}
 */
export const lock = ({ packages }) => {
  const problems = []
  for (const [path, entry] of Object.entries(packages)) {
    if (entry.resolved !== undefined) problems.push(`package-lock.json: ${path} names where it was taken from`)
    const wanted = { ...entry.dependencies, ...entry.optionalDependencies, ...(path === "" && entry.devDependencies) }
    for (const [name, version] of Object.entries(wanted)) {
      const found = lookUp(packages, path, name)
      if (found === undefined)
        problems.push(`package-lock.json: ${name}, which ${path || "this package"} needs, is missing`)
      else if (/^\d/.test(version) && found.version !== version)
        problems.push(`package-lock.json: ${path || "this package"} needs ${name} ${version}, not ${found.version}`)
    }
  }
  return problems
}

/** What `name` is to a package: the nearest of that name on the way up. */
/** @type {(packages: Record<string, any>, path: string, name: string) => any} */
const lookUp = (packages, path, name) => {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1))) {
    const found = packages[`${folder === "" ? "" : `${folder}/`}node_modules/${name}`]
    if (found !== undefined || folder === "") return found
  }
}

/** Everything that breaks a rule in this repository. */
/** @returns {Array<string>} */
export const problems = () => {
  const all = read(["src", "test", "scenarios", "bench", "scripts"])
  const src = all.filter(({ path }) => path.startsWith("src/"))
  return [
    ...imports(src),
    ...circles(src),
    ...functions(src),
    ...screens(src),
    ...widths(all),
    ...prose(documents(["docs", "bench", "examples", "test"])),
    ...lock(JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")))
  ]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = problems()
  for (const problem of found) console.error(problem)
  process.exitCode = found.length === 0 ? 0 : 1
}
