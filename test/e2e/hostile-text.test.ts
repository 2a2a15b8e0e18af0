import { writeFileSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { createServer, type Socket } from "node:net"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { Program, temporaryFolder } from "./Program.js"

/** What a terminal would obey, a way to write over other lines, and a text that reads backwards. */
const EVIL = "\u001b]0;owned\u0007\u001b[2J\u009b1A\rparley: all is well\u202e\n* you are root"
const line = (message: object) => `${JSON.stringify(message)}\n`
const WELCOME = {
  _tag: "Welcome",
  protocol: 1,
  software: EVIL,
  challenge: "A".repeat(43),
  tokenRequired: false,
  udp: [],
  motd: EVIL
}

const sockets = new Set<Socket>()
const open: Array<{ close: () => void }> = []
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  for (const one of open.splice(0)) one.close()
})

/** A server that answers every line of a client with a refusal, or whatever else it is told to. */
const hostile = async (
  answers: (request: { readonly _tag: string; readonly id?: unknown }) => ReadonlyArray<object>
) => {
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    socket.write(line(WELCOME))
    socket.on("data", (data) => {
      for (const text of data.toString().split("\n")) {
        if (text === "") continue
        for (const answer of answers(JSON.parse(text))) socket.write(line(answer))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  open.push(server)
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const REFUSALS: ReadonlyArray<object> = [
  { _tag: "BadRequest", message: EVIL },
  { _tag: "Unauthorized", message: EVIL },
  { _tag: "NickTaken", message: EVIL, suggestions: [EVIL] },
  { _tag: "NickInvalid", message: EVIL, reason: EVIL },
  { _tag: "ServerClosing", message: EVIL, reason: EVIL },
  { _tag: EVIL, message: EVIL }
]

/** Waits for the end of a program, which is asked for after a while: some try again for ever. */
const ended = async (program: Program, inputEnds = true) => {
  if (inputEnds) program.end()
  const patience = setTimeout(() => program.kill("SIGTERM"), PATIENCE)
  await program.exited
  clearTimeout(patience)
  expectHarmless(program)
}

/** ms: all that there is to say at the start is said by then. */
const PATIENCE = 2_500

const expectHarmless = (program: Program) => {
  for (const text of [program.stdout, program.stderr]) {
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(text).not.toMatch(/^(parley: all is well|\* you are root)/m)
  }
}

/** All of them, or in a quick run each `n`th: a program started for each takes its time. */
const sample = <A>(n: number, all: ReadonlyArray<A>): ReadonlyArray<A> =>
  full ? all : all.filter((_, i) => i % n === 0)

describe("what a hostile server says", () => {
  it.each(
    sample(4, [
      ["doctor", "--json"],
      ["doctor"],
      ["client", "--nick", "alice"],
      ["client", "--json", "--nick", "alice"],
      ["send", "--timeout", "3s", "--nick", "alice", "--to", "bob", "hi"],
      ["send-file", "--timeout", "3s", "--nick", "alice", "--to", "bob", "/etc/hostname"],
      ["receive-file", "--json", "--yes", "--timeout", "3s", "--nick", "alice"]
    ])
  )("reaches no terminal: %s %s", async (...command) => {
    const visit = async (refusal: object) => {
      const address = await hostile(({ id }) => [{ ...refusal, ...(id === undefined ? {} : { id }) }])
      const home = command[0] === "doctor" ? [] : ["--home", temporaryFolder(), "--port-mapping", "off"]
      await ended(new Program(["--log-level", "debug", ...command, "--server", address, ...home]), false)
    }
    await Promise.all(REFUSALS.map(visit))
  })
})

describe("what stands on the command line or in a file", () => {
  it.each(
    sample(3, [
      [[EVIL]],
      [["client", EVIL]],
      [["client", "--server", EVIL]],
      [["client", "--nick", EVIL, "--server", "127.0.0.1:1"]],
      [["client", "--downloads", `/dev/null/${EVIL}`, "--server", "127.0.0.1:1"]],
      [["client", "--json", "--nick", "a", "--home", `/dev/null/${EVIL}`, "--server", "127.0.0.1:1"]],
      [["client", "--config", `/dev/null/${EVIL}`]],
      [["client", "--log-level", EVIL]],
      [["client", `--${EVIL}`]],
      [["send", "--nick", "a", "--to", EVIL, "--timeout", "1s", "--server", "127.0.0.1:1", "hi"]],
      [["send", "--nick", EVIL, "--to", "b", "--timeout", "1s", "--server", "127.0.0.1:1", "hi"]],
      [["send-file", "--nick", "a", "--to", "b", "--server", "127.0.0.1:1", `/dev/null/${EVIL}`]],
      [["receive-file", "--nick", "a", "--yes", "--to", `/dev/null/${EVIL}`]],
      [["doctor", "--server", `${EVIL}:1`]],
      [["simulate", `/dev/null/${EVIL}.js`]],
      [["server", "--host", EVIL]],
      [["server", "--host", "127.0.0.1", "--port", "0", "--names", `/dev/null/${EVIL}/names`]],
      [["--help", EVIL]]
    ])
  )("reaches no terminal: %j", async (command) => {
    await ended(new Program([...command]))
  })

  it("reaches no terminal from the configuration file and the environment", async () => {
    const file = join(temporaryFolder(), "config.json")
    for (const content of [
      EVIL,
      JSON.stringify({ [EVIL]: 1 }),
      JSON.stringify({ server: EVIL }),
      `{"nick": "${EVIL}`
    ]) {
      writeFileSync(file, content)
      await ended(new Program(["client", "--config", file]))
    }
    await ended(new Program(["client"], { PARLEY_SERVER: EVIL, PARLEY_NICK: EVIL, PARLEY_CONFIG: `/x/${EVIL}` }))
  })
})
