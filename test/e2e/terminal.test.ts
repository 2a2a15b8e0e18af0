import { describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { client, server, temporaryFolder } from "./Program.js"
import { commandLine, hasTmux, Tmux } from "./Tmux.js"

/**
 * The first number on a page that goes on right before `least` without a gap. A screen is also seen while it is being
 * drawn: then rows of two pages stand on it, or the last ones are missing.
 */
const wholePageBefore = (least: number, screen: string): number | undefined => {
  const numbers = [...screen.matchAll(/earlier (\d+);/g)].map(([, digits]) => Number(digits))
  const isWhole = numbers.every((number, at) => number === numbers[0]! + at) && numbers.at(-1)! >= least - 1
  return isWhole && numbers[0]! < least ? numbers[0] : undefined
}

describe.runIf(hasTmux)("on a real terminal", () => {
  it("two people converse and leave", async () => {
    const { address } = await server()
    const open = (nick: string) =>
      Tmux.open(["client", "--nick", nick, "--server", address, "--home", temporaryFolder()])
    const alice = await open("alice")
    await alice.shows(/you are alice/)
    const bob = await open("bob")
    await bob.shows(/you are bob/)
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

  it("a program that is stopped gives the terminal to the shell, and has it as before when it goes on", async () => {
    const { address } = await server()
    const shell = await Tmux.shell()
    await shell.shows(/shell>$/m)
    await shell.type(commandLine(["client", "--nick", "alice", "--server", address, "--home", temporaryFolder()]))
    await shell.press("Enter")
    await shell.shows(/you are alice/)
    for (const stop of [() => shell.press("C-z"), () => shell.type("/help").then(() => shell.press("C-u", "C-z"))]) {
      await stop()
      await shell.shows(/Stopped[\s\S]*shell>$/)
      await shell.type("stty -a | grep -o ' icanon'; clear")
      await shell.press("Enter")
      await shell.shows(/^shell>$/)
      await shell.type("fg")
      await shell.press("Enter")
      await shell.shows(/alice> ?$/)
      await shell.type("abd")
      await shell.press("Left", "BSpace")
      await shell.shows(/alice> ad$/)
      await shell.press("C-c")
    }
    await shell.press("C-c")
    await shell.shows(/shell>$/)
  })

  it.runIf(full)(
    "a full screen has both conversations, goes back to the sealed history, and leaves the shell as it was",
    async () => {
      const { address } = await server()
      const home = temporaryFolder()
      const bob = await client("bob", address)
      const args = ["client", "--nick", "alice", "--server", address, "--home", home]
      const before = await Tmux.open(args)
      await before.shows(/you are alice/)
      bob.command({ cmd: "query", nick: "alice" })
      await before.shows(/bob wants to talk/)
      await before.type("query bob")
      await before.press("Enter")
      await before.shows(/connected to bob/)
      bob.command(...Array.from({ length: 60 }, (_, i) => ({ cmd: "send", to: "alice", text: `earlier ${i};` })))
      await before.shows(/earlier 59;/)
      await before.press("C-c", "C-c")
      await before.shows(/exit code 0/)

      const shell = await Tmux.shell()
      await shell.type(`echo in the shell; ${commandLine([...args, "--full"])}`)
      await shell.press("Enter")
      await shell.shows(/you are alice/)
      await shell.type("query bob")
      await shell.press("Enter")
      await shell.shows(/^→1 bob.*│/m)
      bob.command({ cmd: "send", to: "alice", text: "now" })
      await shell.shows(/│ \d\d:\d\d bob: now/)
      for (let least = 60; least > 0; ) {
        await shell.press("PPage")
        least = await shell.finds((screen) => wholePageBefore(least, screen))
      }
      await shell.resize(50, 12)
      await shell.shows(/^[^│]*more rows: PgDn[^│]*$/)
      await shell.press("Escape")
      await shell.shows(/bob: now/)
      await shell.resize(80, 24)
      await shell.press("C-z")
      await shell.shows(/bob: now[\s\S]*Stopped[\s\S]*shell>$/)
      await shell.type("fg")
      await shell.press("Enter")
      await shell.shows(/^(?![\s\S]*shell>)[\s\S]*bob: now[\s\S]*alice → bob>/)
      await shell.press("C-c", "C-c")
      await shell.shows(/bob: now[\s\S]*shell>$/)
      await shell.type("stty -a | grep -o ' icanon'; clear")
      await shell.press("Enter")
      await shell.shows(/^shell>$/)
    }
  )

  it("a paste without an end comes to stand on the line, and no key is lost after it", async () => {
    const { address } = await server()
    const alice = await Tmux.open(["client", "--nick", "alice", "--server", address, "--home", temporaryFolder()])
    await alice.shows(/you are alice/)
    await alice.sends("\u001b[200~pasted")
    await alice.shows(/alice> pasted$/)
    await alice.type("!")
    await alice.shows(/alice> pasted!$/)
    await alice.sends(`\u001b[200~${"x".repeat(1000)}`)
    await alice.press("C-c")
    await alice.shows(/x{40}$/)
    await alice.press("C-c", "C-c")
    await alice.shows(/exit code 0/)
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
    await demo.shows(/guest → echo> ?$/m)
    await demo.type("is anybody there?")
    await demo.press("Enter")
    await demo.shows(/echo: is anybody there\?/)
    await demo.press("C-d")
    await demo.shows(/1 conversation goes on: the same again leaves/)
    await demo.press("C-d")
    await demo.shows(/exit code 0/)
  })
})
