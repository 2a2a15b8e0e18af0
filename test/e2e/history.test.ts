import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { client, Program, server, temporaryFolder } from "./Program.js"
import { hasTmux, Tmux } from "./Tmux.js"

const filesIn = (home: string): ReadonlyArray<string> =>
  readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath.includes("history"))
    .map(({ name, parentPath }) => `${parentPath}/${name}`)

const enter = async (terminal: Tmux, line: string) => {
  await terminal.type(line)
  await terminal.press("Enter")
}

describe.runIf(hasTmux)("the history on a real terminal", () => {
  it("is there after a restart, with what became of the messages; read marks are shown to those who get them", async () => {
    const { address } = await server()
    const homes = { alice: temporaryFolder(), bob: temporaryFolder() }
    const open = async (nick: "alice" | "bob", ...more: ReadonlyArray<string>) => {
      const args = ["client", "--nick", nick, "--server", address, "--home", homes[nick], ...more]
      const terminal = await Tmux.open(args, [100, 30])
      await terminal.shows(new RegExp(`you are ${nick}`))
      return terminal
    }
    const alice = await open("alice")
    const bob = await open("bob", "--read-receipts")
    await enter(alice, "query bob")
    await alice.shows(/connected to bob/)
    await enter(alice, "meet me at the Old Mill, 你好")
    await bob.shows(/alice: meet me/)
    await alice.shows(/alice → bob> ?$/m)
    // Bob answers: he was there after he had seen it.
    await enter(bob, "query alice")
    await alice.shows(/· read\b/)
    await enter(bob, "which mill?")
    await alice.shows(/bob: which mill\?/)
    // Alice does not tell what she has read.
    await alice.type("hm")
    await bob.shows(/bob → alice> ?$/m)
    // What was begun is given up first.
    await alice.press("C-c")
    for (const terminal of [alice, bob]) {
      // The first time it only asks, as long as the conversation goes on.
      await terminal.press("C-c", "C-c")
      await terminal.shows(/exit code 0/)
    }

    for (const home of Object.values(homes)) {
      const files = filesIn(home)
      expect(files).toHaveLength(1)
      for (const secret of ["Mill", "bob", "alice"]) expect(readFileSync(files[0]!, "latin1")).not.toContain(secret)
    }

    const again = await open("alice")
    await enter(again, "/history bob")
    const date = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d`
    await again.shows(
      new RegExp(
        String.raw`^${date} alice → bob: meet me at the Old Mill, 你好 \(read\)\n${date} bob: which mill\?$`,
        "m"
      )
    )
    await enter(again, "/search MILL old")
    await again.shows(
      new RegExp(`tells of everything\n(${date}.*\n)*${date} alice → bob: meet me .*read.\n.*\nalice> ?$`, "m")
    )
    await open("bob")
    await enter(again, "query bob")
    await again.shows(/2 messages from earlier: \/history/)
    await enter(again, "/history clear all")
    await again.shows(/all history is gone/)
    expect(filesIn(homes.alice)).toEqual([])
  })
})

describe("--no-history", () => {
  it("leaves no file, and does not read what there is", async () => {
    const { address } = await server()
    const home = temporaryFolder()
    const bob = await client("bob", address)
    const args = ["client", "--nick", "alice", "--server", address, "--home", home, "--json"]
    const said = async (program: Program, text: string) => {
      await program.event("registered")
      program.command({ cmd: "query", nick: "bob" }, { cmd: "send", to: "bob", text })
      await program.event("delivered")
      program.command({ cmd: "history", ref: "h" })
      const answer = await program.event(text === "kept" ? "history" : "error", { ref: "h" })
      program.command({ cmd: "exit" })
      expect(await program.exited).toBe(0)
      return answer
    }
    const off = new Program([...args, "--no-history"])
    expect(await said(off, "secret")).toMatchObject({ code: "HistoryOff" })
    expect(filesIn(home)).toEqual([])
    const { messages } = await said(new Program(args), "kept")
    expect(messages).toMatchObject([{ direction: "sent", nick: "bob", text: "kept", state: "delivered" }])
    expect(filesIn(home)).toHaveLength(1)
    expect(await said(new Program([...args, "--no-history"]), "secret")).toMatchObject({ code: "HistoryOff" })
    await bob.event("message", { text: "kept" })
  })
})

describe("kill -9", () => {
  it.runIf(full)(
    "of one of two in the middle of a conversation loses nothing of the history but its last moment",
    async () => {
      const { address } = await server()
      const homes = { alice: temporaryFolder(), bob: temporaryFolder() }
      const alice = await client("alice", address, homes.alice)
      const bob = await client("bob", address, homes.bob)
      alice.command({ cmd: "query", nick: "bob" })
      bob.command({ cmd: "query", nick: "alice" })
      await bob.event("mutual")
      const texts = Array.from({ length: 300 }, (_, n) => `message ${n}`)
      const send = (texts: ReadonlyArray<string>) =>
        alice.command(...texts.map((text) => ({ cmd: "send", to: "bob", text })))
      const shown = (program: Program) =>
        program.events().flatMap(({ event, text }) => (event === "message" ? [text] : []))
      send(texts.slice(0, 20))
      await bob.event("message", { text: texts[19] })
      // What is looked for is written first.
      bob.command({ cmd: "history", ref: "sure" })
      await bob.event("history", { ref: "sure" })
      send(texts.slice(20))
      await bob.until("50 messages", () => (shown(bob).length >= 50 ? true : undefined))
      await bob.kill("SIGKILL")
      const before = shown(bob)
      const back = await client("bob", address, homes.bob)
      back.command({ cmd: "query", nick: "alice" })
      await back.event("message", { text: texts.at(-1) })
      await alice.until("all delivered", () =>
        alice.events().filter(({ event }) => event === "delivered").length === texts.length ? true : undefined
      )
      back.command({ cmd: "history", limit: 1000, ref: "h" })
      alice.command({ cmd: "history", limit: 1000, ref: "h" })
      const remembered = async (program: Program) => {
        const { messages } = await program.event("history", { ref: "h" })
        return (messages as ReadonlyArray<{ readonly text: string; readonly state?: string }>).map(
          ({ state = "shown", text }) => `${text} ${state}`
        )
      }
      expect(await remembered(alice)).toEqual(texts.map((text) => `${text} delivered`))
      const heard = await remembered(back)
      const all = texts.map((text) => `${text} shown`)
      // One gap: what came at last to the one who was killed.
      const gap = all.findIndex((text, n) => text !== heard[n])
      const lost = all.length - heard.length
      expect(heard).toEqual(gap < 0 ? all : [...all.slice(0, gap), ...all.slice(gap + lost)])
      expect(lost === 0 ? 20 : gap).toBeGreaterThanOrEqual(20)
      expect(gap + lost).toBeLessThanOrEqual(before.length)
    }
  )
})
