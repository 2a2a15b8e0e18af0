// @ts-check
// What scripts play on that show the built program as people see it: programs whose output is waited for, and real
// terminals (tmux). Nothing of this machine's user shows, and nothing stays.
import { execFileSync, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import { ROOT } from "../source.mjs"

const MAIN = join(ROOT, "dist", "main.js")
/** The folder of all that is kept. */
export const work = mkdtempSync(join(tmpdir(), "parley-stage-"))
/** Nothing of this machine's user shows. */
const env = {
  PATH: process.env["PATH"] ?? "",
  LANG: "C.UTF-8",
  TERM: "xterm-256color",
  SHELL: "/bin/sh",
  HOME: work,
  XDG_CONFIG_HOME: work
}
/** @type {Array<import("node:child_process").ChildProcess>} */
const running = []

/** ms: nobody waits for anything for longer. */
const PATIENCE = 120_000

/**
 * Looks until the pattern is seen.
 *
 * @type {(pattern: RegExp, look: () => string) => Promise<RegExpExecArray>}
 */
export const until = async (pattern, look) => {
  for (const end = Date.now() + PATIENCE; ; await sleep(20)) {
    const seen = look()
    const found = pattern.exec(seen)
    if (found !== null) return found
    if (Date.now() > end) throw new Error(`never seen: ${pattern}, but\n${seen}`)
  }
}

/**
 * A program whose output is waited for.
 *
 * @typedef {{ says: (pattern: RegExp) => Promise<RegExpExecArray>, command: (command: object) => void }} Program
 * @type {(args: Array<string>) => Program}
 */
export const start = (args) => {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ["pipe", "pipe", "inherit"] })
  running.push(child)
  let output = ""
  child.stdout.on("data", (data) => {
    output += data
  })
  return {
    says: (pattern) => until(pattern, () => output),
    command: (command) => child.stdin.write(`${JSON.stringify(command)}\n`)
  }
}

/** Those that were opened, also by a scene that failed. @type {Array<Tmux>} */
const terminals = []

/** A terminal, with a program on it. */
export class Tmux {
  #socket = join(work, `tmux${terminals.push(this)}`)
  #isOpen = false

  /** @param {{ columns: number, rows: number }} size @param {ReadonlyArray<string>} args */
  constructor(size, args) {
    this.size = size
    const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(" ")
    const { columns, rows } = size
    // The pane outlives the program, so that what is left on it can be seen.
    const line = `${command}; echo "exit code $?"; exec cat`
    this.call("-f", "/dev/null", "new-session", "-d", "-x", String(columns), "-y", String(rows), line)
    this.#isOpen = true
  }

  /** @param {Array<string>} args */
  call(...args) {
    return execFileSync("tmux", ["-u", "-S", this.#socket, ...args], { env, encoding: "utf8" })
  }

  /** @param {string} text */
  type(text) {
    this.call("send-keys", "-l", text)
  }

  /** @param {Array<string>} keys */
  press(...keys) {
    this.call("send-keys", ...keys)
  }

  /** @param {string} line */
  enter(line) {
    this.type(line)
    this.press("Enter")
  }

  /** @param {number} columns @param {number} rows */
  resize(columns, rows) {
    this.call("resize-window", "-x", String(columns), "-y", String(rows))
    this.size = { columns, rows }
  }

  /** The rows that are seen, and with them those of the scrollback where `all` is wanted. */
  rows(all = false) {
    const rows = this.call("capture-pane", "-p", ...(all ? ["-S", "-"] : [])).split("\n")
    while (rows.at(-1)?.trim() === "") rows.pop()
    return rows.map((row) => row.trimEnd())
  }

  /** @param {RegExp} pattern */
  shows(pattern) {
    return until(pattern, () => this.rows().join("\n"))
  }

  /** What is seen now, with the sequences of its colours. */
  painted() {
    return this.call("capture-pane", "-p", "-e").replace(/\n$/, "")
  }

  close() {
    if (this.#isOpen) this.call("kill-server")
    this.#isOpen = false
  }
}

/**
 * Whoever sat at the terminal that was closed may still write their last file: `maxRetries` does not look for that.
 * @type {(folder: string) => Promise<void>}
 */
const remove = async (folder) => {
  for (const end = Date.now() + 30_000; ; await sleep(100)) {
    try {
      return rmSync(folder, { recursive: true, force: true })
    } catch (error) {
      if (Date.now() > end) throw error
    }
  }
}

/** Ends all programs and terminals, and removes the folder. */
export const clear = async () => {
  for (const child of running) child.kill("SIGKILL")
  for (const terminal of terminals) terminal.close()
  await remove(work)
}
