import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { waits } from "../Check.js"
import { Inbox } from "../Inbox.js"
import { freshNick } from "../Person.js"
import { Host } from "./Host.js"
import type { Subject } from "./Subject.js"

export type Event = Readonly<Record<string, unknown>> & { readonly event: string }

/** The client as it runs, with the server that it is at. */
export class Running {
  readonly host: Host
  readonly nick: string
  readonly events = new Inbox<Event>("event of the client")
  /** The client's own folder. */
  readonly home: string
  readonly #process: ChildProcessWithoutNullStreams
  #errors = ""

  private constructor(subject: Subject, host: Host, nick: string) {
    this.host = host
    this.nick = nick
    this.home = mkdtempSync(join(tmpdir(), "conformance-"))
    const places = { host: "127.0.0.1", port: String(host.port), nick, home: this.home }
    const command = subject.command.replace(
      /\{(host|port|nick|home)\}/g,
      (_, place: keyof typeof places) => places[place]
    )
    this.#process = spawn("/bin/sh", ["-c", `exec ${command}`])
    this.#process.stdin.on("error", () => {})
    this.#process.stderr.on("data", (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-400)
    })
    let rest = ""
    this.#process.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n")
      rest = lines.pop()!
      for (const line of lines) this.#hear(line)
    })
    this.#process.on("exit", (code, signal) => {
      const why = `it ended with ${signal ?? code} ${this.#errors.trim()}`
      this.events.end(why)
      this.host.inbox.end(why)
    })
  }

  /** Started; `prepare` may tell the server how to behave first. */
  static async start(subject: Subject, prepare: (host: Host) => void = () => {}): Promise<Running> {
    const host = await Host.start()
    prepare(host)
    return new Running(subject, host, freshNick())
  }

  /** Started and registered. */
  static async registered(subject: Subject, prepare?: (host: Host) => void): Promise<Running> {
    const running = await Running.start(subject, prepare)
    await running.host.next("Register", START).catch((error: unknown) => {
      running.stop()
      throw error
    })
    return running
  }

  say(...commands: ReadonlyArray<object>): void {
    this.#process.stdin.write(commands.map((command) => `${JSON.stringify(command)}\n`).join(""))
  }

  /** The next event of this name. */
  next(name: string, fits: (event: Event) => boolean = () => true, ms = waits.patience): Promise<Event> {
    return this.events.take((event) => event.event === name && fits(event), `event ${name}`, ms)
  }

  /** Asks for something, and gives the answer. */
  async ask(command: object): Promise<Event> {
    const ref = freshNick()
    this.say({ ...command, ref })
    return this.events.take((event) => event.ref === ref, `answer to ${JSON.stringify(command)}`)
  }

  stop(): void {
    this.#process.kill("SIGKILL")
    this.host.stop()
    rmSync(this.home, { recursive: true, force: true, maxRetries: 10 })
  }

  #hear(line: string): void {
    try {
      this.events.put(JSON.parse(line) as Event)
    } catch {
      this.events.put({ event: `(no event: ${line.slice(0, 60)})` })
    }
  }
}

/** ms from the start of a program to its first request, on a very busy machine. */
export const START = 60_000
