import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The built program, as users run it. */
export const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url))

const running = new Set<Program>()
const folders: Array<string> = []

/** After each test (`test/support/cleanup.ts`): ends the programs that run, and removes the folders. */
export const cleanUp = async (failed: boolean): Promise<void> => {
  // What a failed test was still waiting for shows in what the programs said last.
  if (failed)
    for (const { args, stdout, stderr } of running) console.error(`$ parley ${args.join(" ")}\n${stdout}${stderr}`)
  await Promise.all([...running].map((program) => program.kill("SIGKILL")))
  // A program that is being ended may still write its last file meanwhile: then it is looked again.
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
}

/** An empty folder that is gone after the test. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "parley-test-"))
  folders.push(folder)
  return folder
}

/** An environment in which nothing of this machine's user shows. */
export const environment = (extra: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: process.env.PATH ?? "",
  HOME: "/nonexistent",
  LANG: "C.UTF-8",
  // What V8 has compiled is kept, as it is for everybody.
  XDG_CACHE_HOME: fileURLToPath(new URL("../../node_modules/.cache", import.meta.url)),
  ...extra
})

export interface ProgramOptions {
  /** A command that runs the command after it, such as one that enters another network. */
  readonly within?: ReadonlyArray<string>
  /** Lives on after the test: whoever started it ends it. */
  readonly kept?: boolean
  /** Another program than `parley`. */
  readonly program?: string
}

/**
 * One running `parley`. Whatever is waited for is waited for without sleeping; it was also seen when it came earlier.
 */
export class Program {
  private readonly child: ChildProcessWithoutNullStreams
  private readonly watchers = new Set<() => void>()
  private position = 0
  stdout = ""
  stderr = ""
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>
  private ending: number | NodeJS.Signals | undefined

  constructor(
    readonly args: ReadonlyArray<string>,
    env: Readonly<Record<string, string>> = {},
    options: ProgramOptions = {}
  ) {
    const [command, ...rest] = [...(options.within ?? []), process.execPath, options.program ?? MAIN, ...args]
    this.child = spawn(command!, rest, { env: environment(env) })
    if (options.kept !== true) running.add(this)
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text
      this.look()
    })
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text
      this.look()
    })
    this.child.stdin.on("error", () => {})
    this.exited = new Promise((resolve) => {
      this.child.on("close", (code, signal) => {
        this.ending = code ?? signal ?? -1
        running.delete(this)
        resolve(this.ending)
        this.look()
      })
    })
  }

  get pid(): number {
    return this.child.pid!
  }

  write(text: string): void {
    this.child.stdin.write(text)
  }

  /** Ends standard input. */
  end(): void {
    this.child.stdin.end()
  }

  async kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.child.kill(signal)
    return this.exited
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** The first result of `look` that is not undefined, now or after more output. Fails when the program ends before. */
  until<A>(what: string, look: () => A | undefined): Promise<A> {
    return new Promise((resolve, reject) => {
      const attempt = () => {
        const found = look()
        if (found !== undefined) resolve(found)
        else if (this.ending !== undefined)
          reject(new Error(`ended with ${this.ending} before ${what}\n${this.stdout}\n${this.stderr}`))
        else return
        this.watchers.delete(attempt)
      }
      this.watchers.add(attempt)
      attempt()
    })
  }

  /** Waits until standard output contains `pattern`. */
  prints(pattern: RegExp): Promise<RegExpExecArray> {
    return this.until(String(pattern), () => pattern.exec(this.stdout) ?? undefined)
  }

  // JSON mode ---------------------------------------------------------------------------------------------------------

  command(...commands: ReadonlyArray<object>): void {
    this.write(commands.map((command) => `${JSON.stringify(command)}\n`).join(""))
  }

  /** Every event so far. */
  events(): ReadonlyArray<JsonEvent> {
    return this.stdout
      .split("\n")
      .slice(0, -1)
      .map((line): JsonEvent => JSON.parse(line))
  }

  /** The next event with this name and these values, behind the one that was found before. */
  event(name: string, values: Readonly<Record<string, unknown>> = {}): Promise<JsonEvent> {
    const wanted = Object.entries({ event: name, ...values })
    return this.until(JSON.stringify({ event: name, ...values }), () => {
      const events = this.events()
      for (let i = this.position; i < events.length; i++)
        if (wanted.every(([key, value]) => JSON.stringify(events[i]![key]) === JSON.stringify(value))) {
          this.position = i + 1
          return events[i]
        }
      return undefined
    })
  }

  private look(): void {
    for (const attempt of [...this.watchers]) attempt()
  }
}

export type JsonEvent = Readonly<Record<string, unknown>>

/** A server on a free loopback port, or on that of `args`, listening. */
export const server = async (
  ...args: ReadonlyArray<string>
): Promise<{ program: Program; address: string; port: number }> => {
  const port = args.includes("--port") ? [] : ["--port", "0"]
  const program = new Program(["server", "--host", "127.0.0.1", ...port, ...args])
  const [, address, number] = await program.prints(/listening on ((?:\S+):(\d+))\n/)
  return { program, address: address!, port: Number(number) }
}

/** A client in JSON mode that has its nickname. */
export const client = async (
  nick: string,
  address: string,
  home = temporaryFolder(),
  ...more: ReadonlyArray<string>
): Promise<Program> => {
  const program = new Program(["client", "--nick", nick, "--server", address, "--home", home, "--json", ...more])
  await program.event("registered", { nick })
  return program
}

/**
 * Starts a sender again as long as the receiver is not registered yet; `enough` is what is waited for, the end when
 * left out.
 */
export const untilThere = async (
  begin: () => Program,
  enough: (program: Program) => Promise<unknown> = (program) => program.exited
): Promise<Program> => {
  while (true) {
    const program = begin()
    const ended = program.exited
    const first = await Promise.race([ended, enough(program).catch(() => ended)])
    if (first === 3) continue
    if (typeof first === "number" && first !== 0) throw new Error(`exit code ${first}: ${program.stderr}`)
    return program
  }
}
