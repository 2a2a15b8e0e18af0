import { execFile, execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { promisify } from "node:util"
import { afterEach, describe, expect, it } from "vitest"
import { client, environment, MAIN, server, temporaryFolder } from "./Program.js"

const run = promisify(execFile)
const hasTmux = (() => {
  try {
    execFileSync("tmux", ["-V"])
    return true
  } catch {
    return false
  }
})()

/** A real terminal: one tmux server of our own for each. */
class Tmux {
  private static readonly all = new Set<Tmux>()
  private readonly socket = `parley-test-${randomBytes(6).toString("hex")}`

  static async closeAll(): Promise<void> {
    for (const tmux of Tmux.all) await tmux.call("kill-server").catch(() => {})
    Tmux.all.clear()
  }

  static async open(args: ReadonlyArray<string>, size: readonly [number, number] = [80, 24]): Promise<Tmux> {
    const tmux = new Tmux()
    Tmux.all.add(tmux)
    const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(" ")
    // The pane outlives the program, so that what is left on it can be seen.
    await tmux.call(
      ...["-f", "/dev/null", "new-session", "-d", "-x", String(size[0]), "-y", String(size[1])],
      `${command}; echo "exit code $?"; exec cat`
    )
    return tmux
  }

  async type(text: string): Promise<void> {
    await this.call("send-keys", "-l", text)
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

  /** Looks until the screen shows it; every look asks tmux, which takes its own time. */
  async shows(pattern: RegExp): Promise<ReadonlyArray<string>> {
    while (true) {
      const rows = await this.screen()
      if (pattern.test(rows.join("\n"))) return rows
    }
  }

  private async call(...args: ReadonlyArray<string>): Promise<string> {
    const env = environment({ TERM: "xterm-256color", SHELL: "/bin/sh" })
    const { stdout } = await run("tmux", ["-u", "-L", this.socket, ...args], { env })
    return stdout
  }
}

afterEach(() => Tmux.closeAll())

describe.runIf(hasTmux)("on a real terminal", () => {
  it("two people converse and leave", async () => {
    const { address } = await server()
    const open = (nick: string) =>
      Tmux.open(["client", "--nick", nick, "--server", address, "--home", temporaryFolder()])
    const alice = await open("alice")
    await alice.shows(/you are alice/)
    const bob = await open("bob")
    await bob.shows(/you are bob/)
    await alice.shows(/bob is here/)

    await alice.type("query bob")
    await alice.press("Enter")
    await alice.shows(/connected to bob/)
    await alice.type("hello bob, 你好")
    await alice.press("Enter")
    await bob.shows(/alice wants to talk: type query alice to answer/)
    await bob.shows(/alice: hello bob, 你好/)

    await bob.type("query alice")
    await bob.press("Enter")
    await bob.shows(/bob → alice> ?$/m)
    await alice.type("I am typing")
    await bob.type("hi alice")
    await bob.press("Enter")
    await alice.shows(/bob: hi alice/)
    expect((await alice.screen()).at(-1)).toBe("alice → bob> I am typing")

    await alice.resize(30, 24)
    await alice.press("BSpace")
    const rows = await alice.shows(/I am typin$/m)
    expect(rows.filter((row) => row.includes("→ bob> ")).length).toBe(1)

    await alice.press("C-c")
    await alice.type("exit")
    await alice.press("Enter")
    await bob.shows(/alice left/)
    await alice.shows(/alice> ?$/m)
    await alice.type("exit")
    await alice.press("Enter")
    await alice.shows(/exit code 0/)
    await bob.press("C-c")
    await bob.shows(/exit code 0/)
  })

  it("a peer cannot touch the terminal", async () => {
    const { address } = await server()
    const alice = await Tmux.open(["client", "--nick", "alice", "--server", address, "--home", temporaryFolder()])
    await alice.shows(/you are alice/)
    const mallory = await client("mallory", address)
    mallory.command({ cmd: "query", nick: "alice" })
    await alice.shows(/mallory wants to talk/)
    const attacks = [
      "\u001b[2J\u001b[H",
      "\u001bc",
      "\u001b]0;owned\u0007",
      "\u009b2J",
      "\u001b[?1049h",
      "\r\u001b[Aover",
      "\u202egnp.exe"
    ]
    mallory.command(...attacks.map((text, i) => ({ cmd: "send", to: "alice", text: `${text}#${i}` })))
    const rows = await alice.shows(new RegExp(`#${attacks.length - 1}$`, "m"))
    expect(rows.join("\n")).toContain("you are alice")
    for (const [i] of attacks.entries()) expect(rows.some((row) => row.endsWith(`#${i}`))).toBe(true)
    expect(rows.at(-1)).toBe("alice>")
  })

  it("the demo is interactive at once", async () => {
    const demo = await Tmux.open(["demo"])
    await demo.shows(/you → echo> ?$/m)
    await demo.type("is anybody there?")
    await demo.press("Enter")
    await demo.shows(/echo: is anybody there\?/)
    await demo.press("C-d")
    await demo.shows(/exit code 0/)
  })
})
