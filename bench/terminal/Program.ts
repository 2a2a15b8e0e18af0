import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Written } from "./Written.js"

/** A program on a terminal of its own (`script`, of util-linux), with what it writes, as `Probe` notes it. */
export class Program {
  static readonly #all = new Set<Program>()
  readonly #child: ChildProcess
  readonly #log: string
  #output = ""
  #looks = () => {}
  #ended = false

  static endAll(): void {
    for (const program of Program.#all) program.end()
  }

  /** `words` are the arguments of Node; `folder` is its own. */
  constructor(words: ReadonlyArray<string>, folder: string, columns = 80, rows = 24) {
    this.#log = join(folder, "written")
    const command = [process.execPath, "--import", PROBE, ...words].map((word) => `'${word}'`).join(" ")
    // The shell stays: `script` stops with its own child.
    const line = `stty columns ${columns} rows ${rows}; ${command}; true`
    this.#child = spawn("script", ["-qfec", line, "/dev/null"], {
      stdio: ["pipe", "pipe", "inherit"],
      env: {
        ...process.env,
        PARLEY_BENCH_PROBE: this.#log,
        TERM: "xterm-256color",
        LC_ALL: "C.UTF-8",
        // What is kept of a program that was compiled stays among ourselves.
        XDG_CACHE_HOME: join(folder, "..", "cache")
      }
    })
    Program.#all.add(this)
    this.#child.stdout!.setEncoding("latin1")
    this.#child.stdout!.on("data", (text: string) => {
      this.#output = (this.#output + text).slice(-KEPT)
      this.#looks()
    })
    this.#child.on("exit", () => {
      this.#ended = true
      this.#looks()
    })
  }

  type(text: string): void {
    this.#child.stdin!.write(text)
  }

  /** Of what was written last. */
  async shows(text: string): Promise<void> {
    await this.#until(() => this.#output.includes(text), `did not show "${text}"`)
  }

  /** The key that was typed stands nowhere any more. */
  async takesBack(): Promise<void> {
    await this.#until(() => this.written.at(-1)?.hasKey === false, "did not take the key back")
  }

  /** By itself, and in order. */
  async ends(): Promise<void> {
    await this.#until(() => this.#ended, "did not end")
    Program.#all.delete(this)
  }

  /** What was shown so far counts no more. */
  forget(): void {
    this.#output = ""
  }

  get written(): ReadonlyArray<Written> {
    return this.#lines.slice(1) as ReadonlyArray<Written>
  }

  /** Of the program, not of what holds its terminal; known once it has written anything. */
  get pid(): number {
    return (this.#lines[0] as { readonly pid: number }).pid
  }

  end(): void {
    if (!Program.#all.delete(this)) return
    try {
      process.kill(this.pid, "SIGKILL")
    } catch {
      // It has ended already, or never begun.
    }
    this.#child.kill("SIGKILL")
  }

  get #lines(): ReadonlyArray<unknown> {
    return readFileSync(this.#log, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  }

  #until(holds: () => boolean, otherwise: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const expired = setTimeout(() => this.#fail(reject, otherwise), LIMIT)
      this.#looks = () => {
        if (!holds() && !this.#ended) return
        clearTimeout(expired)
        this.#looks = () => {}
        if (holds()) resolve()
        else this.#fail(reject, `${otherwise}, and ended`)
      }
      this.#looks()
    })
  }

  #fail(reject: (error: Error) => void, what: string): void {
    reject(new Error(`the program ${what}; its last words were ${JSON.stringify(this.#output.slice(-300))}`))
  }
}

const PROBE = join(dirname(fileURLToPath(import.meta.url)), "Probe.mjs")
/** Characters of the output that are looked through. */
const KEPT = 100_000
/** ms: several times what anything takes on a busy machine. */
const LIMIT = 60_000
