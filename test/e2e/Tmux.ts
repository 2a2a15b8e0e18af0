import { execFile, execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { setTimeout } from "node:timers/promises"
import { promisify } from "node:util"
import { environment, MAIN } from "./Program.js"

const run = promisify(execFile)
/** Whether there is a terminal to be had. */
export const hasTmux = (() => {
  try {
    execFileSync("tmux", ["-V"])
    return true
  } catch {
    return false
  }
})()

/** How a shell starts the built program. */
export const commandLine = (args: ReadonlyArray<string>): string =>
  [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(" ")

/** A real terminal: one tmux server of our own for each. They are gone after each test. */
export class Tmux {
  private static readonly all = new Set<Tmux>()
  private readonly socket = `parley-test-${randomBytes(6).toString("hex")}`

  static async closeAll(): Promise<void> {
    for (const tmux of Tmux.all) await tmux.call("kill-server").catch(() => {})
    Tmux.all.clear()
  }

  static async open(args: ReadonlyArray<string>, size: readonly [number, number] = [80, 24]): Promise<Tmux> {
    // The pane outlives the program, so that what is left on it can be seen.
    return Tmux.start(`${commandLine(args)}; echo "exit code $?"; exec cat`, size)
  }

  /** An interactive shell, which can stop and continue what runs in it. */
  static shell(): Promise<Tmux> {
    return Tmux.start("PS1='shell> ' exec bash --norc --noprofile -i", [80, 24])
  }

  private static async start(command: string, size: readonly [number, number]): Promise<Tmux> {
    const tmux = new Tmux()
    Tmux.all.add(tmux)
    await tmux.call(...["-f", "/dev/null", "new-session", "-d", "-x", String(size[0]), "-y", String(size[1])], command)
    return tmux
  }

  async type(text: string): Promise<void> {
    await this.call("send-keys", "-l", text)
  }

  /** What a terminal sends, byte by byte, such as the marks around what is pasted. */
  async sends(bytes: string): Promise<void> {
    await this.call("send-keys", "-H", ...[...Buffer.from(bytes)].map((byte) => byte.toString(16)))
  }

  async press(...keys: ReadonlyArray<string>): Promise<void> {
    await this.call("send-keys", ...keys)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.call("resize-window", "-x", String(columns), "-y", String(rows))
  }

  async screen(): Promise<ReadonlyArray<string>> {
    const rows = (await this.call("capture-pane", "-p")).split("\n").map((row) => row.trimEnd())
    while (rows.at(-1) === "") rows.pop()
    return rows
  }

  /** Looks until the screen shows it. */
  shows(pattern: RegExp): Promise<ReadonlyArray<string>> {
    return this.finds((screen) => (pattern.test(screen) ? screen.split("\n") : undefined))
  }

  /** Looks until something is found on the screen. */
  async finds<A>(look: (screen: string) => A | undefined): Promise<A> {
    for (; ; await setTimeout(BETWEEN_LOOKS)) {
      const found = look((await this.screen()).join("\n"))
      if (found !== undefined) return found
    }
  }

  /** Has all that is written from now on kept in this file as well. */
  async logged(file: string): Promise<string> {
    await this.call("pipe-pane", "-o", `cat > '${file}'`)
    return file
  }

  /** Looks until the pane is called so. */
  async titled(title: string): Promise<void> {
    while ((await this.call("display-message", "-p", "#{pane_title}")).trim() !== title) await setTimeout(BETWEEN_LOOKS)
  }

  private async call(...args: ReadonlyArray<string>): Promise<string> {
    const env = environment({ TERM: "xterm-256color", SHELL: "/bin/sh" })
    const { stdout } = await run("tmux", ["-u", "-L", this.socket, ...args], { env })
    return stdout
  }
}

/** ms: each look is a process, which takes the processor from those that are waited for. */
export const BETWEEN_LOOKS = 20
