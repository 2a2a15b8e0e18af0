import { randomBytes } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { client, server, temporaryFolder } from "./Program.js"
import { hasTmux, Tmux } from "./Tmux.js"

describe.runIf(hasTmux)("files between two terminals", () => {
  it("are offered by a completed path, accepted, declined and cancelled, and arrive byte for byte", async () => {
    const { address } = await server()
    const [source, target] = [temporaryFolder(), temporaryFolder()]
    const bytes = randomBytes(5_000_000)
    writeFileSync(join(source, "my report.bin"), bytes)
    mkdirSync(join(source, "photos"))
    writeFileSync(join(source, "photos", "one"), "1")
    const open = (nick: string, ...args: ReadonlyArray<string>) =>
      Tmux.open(["client", "--nick", nick, "--server", address, "--home", temporaryFolder(), ...args], [100, 30])
    const alice = await open("alice")
    await alice.shows(/you are alice/)
    const bob = await open("bob", "--downloads", target)
    await bob.shows(/you are bob/)
    await alice.type("query bob")
    await alice.press("Enter")
    await bob.shows(/alice wants to talk/)
    await bob.type("query alice")
    await bob.press("Enter")
    await alice.shows(/you can both write/)

    await alice.type(`/send ${source}/my`)
    await alice.press("Tab", "Enter")
    await bob.shows(/alice offers \[1\] my report\.bin \(5\.0 MB\)/)
    await bob.type("/accept")
    await bob.press("Enter")
    await bob.shows(/my report\.bin \(5\.0 MB\) from alice is here/)
    await alice.shows(/bob has got \[1\] my report\.bin/)
    expect(readFileSync(join(target, "my report.bin")).equals(bytes)).toBe(true)

    await alice.type(`/send ${source}/photos bob`)
    await alice.press("Enter")
    await bob.shows(/offers \[2\] photos \(1 file, 1 B\)/)
    await bob.type("/decline 2")
    await bob.press("Enter")
    await alice.shows(/bob declined \[2\] photos/)
    await alice.type(`/send ${source}/photos`)
    await alice.press("Enter")
    await bob.shows(/offers \[3\] photos/)
    await alice.type("/cancel")
    await alice.press("Enter")
    await bob.shows(/\[3\] photos \(1 file, 1 B\) was cancelled/)
    await bob.type("/files")
    await bob.press("Enter")
    await bob.shows(
      /\[1\] my report\.bin ← alice {2}done: .*\n.*\[2\] photos ← alice {2}declined\n.*\[3\] photos ← alice {2}cancelled/
    )
    expect(readdirSync(target)).toEqual(["my report.bin"])
  })
})

describe("--accept known", () => {
  it.runIf(full)("takes what people offer whose key was known before, and nobody else's", async () => {
    const { address } = await server()
    const [home, source, target] = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
    writeFileSync(join(source, "file"), "content")
    const alice = await client("alice", address)
    const bob = async () => {
      const args = ["--downloads", target, "--accept", "known"]
      const program = await client("bob", address, home, ...args)
      alice.command({ cmd: "query", nick: "bob" })
      await program.event("incoming")
      program.command({ cmd: "query", nick: "alice" })
      await program.event("mutual")
      alice.command({ cmd: "sendFile", to: "bob", path: join(source, "file") })
      return program
    }
    const first = await bob()
    const { id } = await first.event("transfer", { state: "offered" })
    first.command({ cmd: "decline", id })
    await first.event("transfer", { state: "declined" })
    first.command({ cmd: "exit" })
    await first.exited
    const second = await bob()
    await second.event("transfer", { state: "done" })
    expect(readFileSync(join(target, "file"), "utf8")).toBe("content")
  })
})
