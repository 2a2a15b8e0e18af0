import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { client, Program, type ProgramOptions, server, temporaryFolder } from "./Program.js"

/** Standard output as a shell redirects it. */
const redirected = (redirection: string, limit = ""): ProgramOptions => ({
  within: ["bash", "-c", `${limit} exec "$@" ${redirection}`, "bash"]
})

const NO_SPACE = "parley: standard output cannot be written: no space is left there\n"
const NO_OUTPUT = /^parley: there is no standard output to write to/

describe("standard output", () => {
  it("that takes nothing makes every command that writes to it fail, in one line", async () => {
    const { address } = await server()
    await client("bob", address)
    const home = temporaryFolder()
    const options = ["--server", address, "--home", home]
    const commands = [
      ["--help"],
      ["--version"],
      ["client", "--help"],
      ["doctor", "--server", address],
      ["doctor", "--json", "--server", address],
      ["client", "--json", "--nick", "alice", ...options],
      ["client", "--nick", "alice", ...options],
      ["send", "--json", "--nick", "alice", "--to", "bob", ...options, "hi"],
      ["receive-file", "--json", "--yes", "--nick", "alice", "--timeout", "1s", ...options],
      ["demo"]
    ]
    for (const command of commands) {
      const full = new Program(command, {}, redirected(">/dev/full"))
      expect([await full.exited, command, full.stderr]).toEqual([
        command[0] === "receive-file" ? 4 : 1,
        command,
        command[0] === "receive-file" ? expect.stringMatching(/within 1 s/) : NO_SPACE
      ])
    }
    const closed = new Program(["client", "--json", "--nick", "alice", ...options], {}, redirected(">&-"))
    expect([await closed.exited, closed.stderr]).toEqual([1, expect.stringMatching(NO_OUTPUT)])
    const thrownAway = new Program(["client", "--json", "--nick", "alice", ...options], {}, redirected(">/dev/null"))
    thrownAway.end()
    expect([await thrownAway.exited, thrownAway.stderr]).toEqual([0, ""])
  })

  it("is nothing that a server needs", async () => {
    for (const redirection of [">/dev/full", ">&-"]) {
      const program = new Program(["server", "--host", "127.0.0.1", "--port", "0"], {}, redirected(redirection))
      const [, address] = await program.until(
        "it listens",
        () => /message=listening at=(\S+)/.exec(program.stderr) ?? undefined
      )
      const bob = await client("bob", address!)
      bob.command({ cmd: "exit" })
      expect(await bob.exited).toBe(0)
      expect(await program.kill("SIGTERM")).toBe(0)
    }
  })

  it("whose file may not grow holds whole events, and what is not in it was not shown", async () => {
    const { address } = await server()
    const file = join(temporaryFolder(), "events")
    const alice = await client("alice", address)
    alice.command({ cmd: "watch", nick: "bob" })
    await alice.event("ok", { cmd: "watch" })
    // 64 KiB, which the first message fits into and the second does not.
    const bob = new Program(
      ["client", "--json", "--nick", "bob", "--no-history", "--server", address, "--home", temporaryFolder()],
      {},
      redirected(`>'${file}'`, "ulimit -f 64;")
    )
    await alice.event("joined", { nick: "bob" })
    alice.command({ cmd: "query", nick: "bob" })
    await alice.event("peer")
    bob.command({ cmd: "query", nick: "alice" })
    alice.command({ cmd: "send", to: "bob", text: "a".repeat(40_000) })
    await alice.event("delivered")
    alice.command({ cmd: "send", to: "bob", text: "b".repeat(40_000) })
    expect([await bob.exited, bob.stderr]).toEqual([
      1,
      "parley: standard output cannot be written: the file may not grow any more\n"
    ])
    await alice.event("left", { nick: "bob" })
    expect(alice.events().filter(({ event }) => event === "delivered")).toHaveLength(1)
    expect(statSync(file).size).toBe(65_536)
    const whole = readFileSync(file, "utf8").split("\n").slice(0, -1)
    expect(whole.filter((line) => JSON.parse(line).event === "message")).toHaveLength(1)
  })
})
