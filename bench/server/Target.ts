import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { FIRST } from "./Runner.js"

/** What a server of the bench says of itself. */
export interface Inside {
  /** ms that its event loop was late, since the last question. */
  readonly delayP99: number
  readonly delayMax: number
  /** Bytes of living objects and of buffers outside of the heap. */
  readonly heap: number
}

export interface TargetOptions {
  readonly host?: string
  readonly port?: number
  /** Of the product alone. */
  readonly args?: ReadonlyArray<string>
  /** Open files that the system lets it have; as many as us when left out. */
  readonly files?: number
}

/** A server in a process of its own: the product, or the floor that it is compared with. */
export class Target {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number
  ) {}

  /** Rejects when it ends before it listens. */
  static async product(options: TargetOptions = {}): Promise<Target> {
    const { args = [], host = "127.0.0.1", port = 0 } = options
    const words = ["server", "--host", host, "--port", String(port), "--log-level", "warning", ...args]
    return Target.start(process.env.PROGRAM!, words, options.files)
  }

  static floor(): Promise<Target> {
    return Target.start(join(FOLDER, "Floor.mjs"), [])
  }

  private static async start(program: string, args: ReadonlyArray<string>, files?: number): Promise<Target> {
    const profile = process.env.PROFILE === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${process.env.PROFILE}`]
    const words = [...profile, "--import", join(FOLDER, "Probe.mjs"), program, ...args]
    const env = { ...process.env, PARLEY_CONFIG: undefined }
    const stdio = ["ignore", "pipe", "inherit", "ipc"] as const
    const limit = files === undefined ? [] : ["sh", "-c", `ulimit -n ${files}; exec "$@"`, "sh"]
    const [command, ...rest] = [...limit, ...FIRST, process.execPath, ...words]
    const child = spawn(command!, rest, { stdio: [...stdio], env })
    RUNNING.add(child)
    child.once("exit", () => RUNNING.delete(child))
    const port = await new Promise<number>((resolve, reject) => {
      let said = ""
      child.stdout!.on("data", (data: Buffer) => {
        said += data
        const found = /listening on \S*:(\d+)/.exec(said)
        if (found !== null) resolve(Number(found[1]))
      })
      child.once("exit", (code) => reject(new Error(`the server ended with ${code} before it listened`)))
    })
    return new Target(child, port)
  }

  get pid(): number {
    return this.child.pid!
  }

  /** Also starts the measuring of delays anew. Takes as long as its event loop is busy. */
  async inside(collect = false): Promise<Inside> {
    this.child.send({ collect })
    const [answer] = await once(this.child, "message")
    return answer as Inside
  }

  /** Sends the signal and waits for its end; ms that it took. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return 0
    const start = performance.now()
    const ended = once(this.child, "exit")
    this.child.kill(signal)
    const expired = setTimeout(() => this.child.kill("SIGKILL"), STOP_MS)
    await ended
    clearTimeout(expired)
    return performance.now() - start
  }
}

/** No server outlives the bench. */
export const stopAll = (): void => {
  for (const child of RUNNING) child.kill("SIGKILL")
}

const RUNNING = new Set<ChildProcess>()
const FOLDER = dirname(fileURLToPath(import.meta.url))
/** Several times what a stop with 10,000 clients takes. */
const STOP_MS = 15_000
