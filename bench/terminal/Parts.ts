import { type ChildProcess, fork, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { memoryOf, usageOf } from "../server/Usage.js"
import { ascending, type Figures, quantile } from "../support/Figures.js"
import type { Flooding } from "./Flooding.js"
import { Program } from "./Program.js"
import { KEY, TEXT_LENGTH, type Written } from "./Written.js"

/** What the parts of one round share. */
export interface Stage {
  readonly flooding: Flooding
  readonly port: number
  /** For what the programs keep. */
  readonly folder: string
  readonly quick: boolean
}

export interface Part {
  readonly name: string
  /** One line for people. */
  readonly about: string
  readonly run: (stage: Stage) => Promise<Figures>
}

const start = async (stage: Stage): Promise<Figures> => {
  const empty: Array<number> = []
  const prompt: Array<number> = []
  const key: Array<number> = []
  // As people have it each day: what V8 makes of the program is kept at the end of its first start.
  rmSync(join(stage.folder, "cache"), { recursive: true, force: true })
  const began = performance.now()
  const first = client(stage, "first")
  await first.shows("first> ")
  const fresh = performance.now() - began
  await first.shows(REGISTERED)
  first.type("exit\r")
  await first.ends()
  for (let time = 0; time < (stage.quick ? 3 : 7); time++) {
    let began = performance.now()
    const floor = new Program(["-e", `process.stdout.write("here> ");setTimeout(()=>{},1000)`], folderIn(stage))
    await floor.shows("here> ")
    empty.push(performance.now() - began)
    floor.end()
    began = performance.now()
    const program = client(stage, `start${time}`)
    await program.shows(`start${time}> `)
    prompt.push(performance.now() - began)
    program.type(KEY)
    await program.shows(KEY)
    key.push(performance.now() - began)
    program.end()
  }
  return {
    "start: an empty node ms": quantile(ascending(empty), 0.5),
    "start: to the prompt ms": quantile(ascending(prompt), 0.5),
    "start: to a key that is typed at once and shown ms": quantile(ascending(key), 0.5),
    "start: to the prompt for the first time ms": fresh
  }
}

const idle = async (stage: Stage): Promise<Figures> => {
  const echo = [
    `process.stdin.setRawMode(true)`,
    `process.stdin.on("data",(key)=>process.stdout.write(key))`,
    `process.stdout.write("here> ")`
  ].join(";")
  const floor = await keys(new Program(["-e", echo], folderIn(stage)), "here> ", stage)
  const found = await keys(client(stage, "idle"), REGISTERED, stage)
  return {
    "key, idle: echoed by a bare node p50 ms": floor.wall,
    "key, idle: on the screen p50 ms": found.wall,
    "key, idle: processor of a bare node p50 ms": floor.own,
    "key, idle: processor p50 ms": found.own
  }
}

const keys = async (program: Program, ready: string, { quick }: Stage) => {
  await program.shows(ready)
  const wall: Array<number> = []
  const own: Array<number> = []
  for (let time = 0; time < (quick ? 20 : 100); time++) {
    const found = await press(program)
    wall.push(found.at)
    own.push(found.used)
    program.type("\u0015")
    await program.takesBack()
    await pause(20)
  }
  program.end()
  return { wall: quantile(ascending(wall), 0.5), own: quantile(ascending(own), 0.5) }
}

/** A key that is typed while the program has been stopped for a second under a flood, and what comes before it. */
const burst =
  (name: string, nick: string, draft: string) =>
  async (stage: Stage): Promise<Figures> => {
    const { flooding } = stage
    const program = await talking(stage, nick)
    if (draft !== "") {
      program.type(`\u001b[200~${draft}\u001b[201~`)
      await program.shows(draft.slice(-40))
    }
    const tries = stage.quick ? 5 : 10
    flooding.say(nick, tries * 2_500, 1_000)
    const own: Array<number> = []
    const said: Array<number> = []
    for (let time = 0; time < tries; time++) {
      await pause(1_000)
      const { said: shown, used } = await press(program, 1_000)
      own.push(used)
      said.push(shown)
      program.type("\u007f")
      await program.takesBack()
    }
    program.end()
    return {
      [`${name}: processor until the key is shown, p50 ms`]: quantile(ascending(own), 0.5),
      [`${name}: processor until the key is shown, worst ms`]: Math.max(...own),
      [`${name}: messages drawn before it, most`]: Math.max(...said)
    }
  }

/** Presses a key, with the program stopped for `stopped` ms before; what is written and used until it is shown. */
const press = async (program: Program, stopped?: number): Promise<Written> => {
  if (stopped !== undefined) {
    process.kill(program.pid, "SIGSTOP")
    await pause(stopped)
  }
  const before = program.written.at(-1)!
  const { main } = usageOf(program.pid)
  const at = Number(process.hrtime.bigint()) / 1e6
  program.forget()
  program.type(KEY)
  if (stopped !== undefined) {
    // The key is to be there when the program goes on: what the kernel takes to bring it is not the program's.
    await pause(300)
    process.kill(program.pid, "SIGCONT")
  }
  await program.shows(KEY)
  const found = program.written.find((written) => written.at > at && written.hasKey)!
  return {
    ...found,
    at: found.at - at,
    used: found.used - main / 1_000,
    said: found.said - before.said,
    bytes: found.bytes - before.bytes
  }
}

/** What messages cost that are all shown, and what many of them leave behind. */
const messages = async (stage: Stage): Promise<Figures> => {
  const { flooding, quick } = stage
  const silent = await silently(stage)
  const program = await talking(stage, "screen")
  const beginning = memoryOf(program.pid).rss
  const [count, rate] = [quick ? 4_000 : 10_000, 1_000]
  const paced = async (nick: string, pid: number) => {
    await flood(flooding, nick, 1_000, rate)
    const before = usageOf(pid).main
    await flood(flooding, nick, count, rate)
    return (usageOf(pid).main - before) / 1_000 / count
  }
  const floor = await paced("silent", silent.pid!)
  silent.kill("SIGKILL")
  const warm = program.written.at(-1)!
  const whole = await paced("screen", program.pid)
  const written = program.written.at(-1)!
  const many = quick ? 20_000 : 100_000
  const before = usageOf(program.pid).main
  await flood(flooding, "screen", many)
  const fast = (usageOf(program.pid).main - before) / 1_000 / many
  const rss = memoryOf(program.pid).rss
  program.end()
  return {
    "a message shown: processor of a silent client ms": floor,
    "a message shown: processor ms": whole,
    "a message shown: processor of the screen's part ms": whole - floor,
    "a message shown: characters of its text": TEXT_LENGTH,
    "a message shown: bytes": (written.bytes - warm.bytes) / (written.said - warm.said),
    "as fast as it goes: processor a message ms": fast,
    "memory at the beginning MB RSS": beginning,
    [`memory after ${many} messages MB RSS`]: rss,
    [`memory: growth over ${many} messages MB RSS`]: rss - beginning
  }
}

const flood = async (flooding: Flooding, nick: string, count: number, rate?: number): Promise<void> => {
  const done = flooding.delivers(count)
  flooding.say(nick, count, rate)
  await done
}

const talking = async (stage: Stage, nick: string): Promise<Program> => {
  const program = client(stage, nick)
  await program.shows(REGISTERED)
  stage.flooding.call(nick)
  await program.shows("wants to talk")
  program.type("query flo\r")
  await stage.flooding.answered()
  return program
}

const silently = async ({ flooding, port, ...stage }: Stage): Promise<ChildProcess> => {
  const silent = fork(SILENT, [String(port), mkdtempSync(join(stage.folder, "silent-"))])
  process.once("exit", () => silent.kill("SIGKILL"))
  await new Promise((resolve, reject) => {
    silent.once("message", resolve)
    silent.once("exit", () => reject(new Error("the client without a screen has ended")))
  })
  flooding.call("silent")
  await flooding.answered()
  return silent
}

const client = (stage: Stage, nick: string): Program => {
  const folder = folderIn(stage)
  const server = `127.0.0.1:${stage.port}`
  return new Program(
    [process.env.PARLEY_BENCH_PROGRAM!, "client", "--nick", nick, "--server", server, "--home", folder],
    folder
  )
}

const folderIn = ({ folder }: Stage): string => mkdtempSync(join(folder, "program-"))

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** What a client says once the nickname is its own: its prompt is there before. */
const REGISTERED = "you are"
const SILENT = join(dirname(fileURLToPath(import.meta.url)), "Silent.mjs")
/** As much as a message holds, in lines that do not end. */
const LARGE_DRAFT = "lorem ipsum dolor sit amet, consectetur ".repeat(1_600)

/** Why there is no terminal to measure on, for people; `undefined` when there is. */
export const whyNot = (): string | undefined =>
  process.platform === "linux" && spawnSync("script", ["--version"]).status === 0
    ? undefined
    : "this needs Linux and the program script (util-linux)"

export const PARTS: ReadonlyArray<Part> = [
  { name: "start", about: "start to the prompt, beside an empty node", run: start },
  { name: "key", about: "key to glyph where nothing else happens, beside a bare node", run: idle },
  {
    name: "burst",
    about: "a key after a second's stop under 1,000 messages a second",
    run: burst("burst", "burst", "")
  },
  {
    name: "burst-draft",
    about: "the same with a draft of 64 kB",
    run: burst("burst, 64 kB draft", "draft", LARGE_DRAFT)
  },
  { name: "messages", about: "1,000 messages a second, beside a client without a screen, and memory", run: messages }
]
