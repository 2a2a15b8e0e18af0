import { randomBytes } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { client, Program, type ProgramOptions, server, temporaryFolder, untilThere } from "./Program.js"

/** Starts a one-shot command of somebody with a profile of their own. */
const start = (
  address: string,
  nick: string,
  home: string,
  args: ReadonlyArray<string>,
  options: ProgramOptions = {}
): Program =>
  new Program([args[0]!, "--nick", nick, "--server", address, "--home", home, ...args.slice(1)], {}, options)

/** With standard output in a file, as it may be no text. */
const into = (file: string): ProgramOptions => ({
  within: ["sh", "-c", 'file="$1"; shift; exec "$@" > "$file"', "sh", file]
})

describe("parley send", () => {
  it("exits 0 when the message was shown, else with the code that says why not", async () => {
    const { address } = await server()
    const home = temporaryFolder()
    const send = (...args: ReadonlyArray<string>) => start(address, "alice", home, ["send", "--to", "bob", ...args])
    const nobody = send("hi")
    expect(await nobody.exited).toBe(3)
    expect(nobody.stderr).toBe("parley: nobody here has that nickname; nothing was sent\n")

    const bob = await client("bob", address)
    const delivered = send("--json", "hello", "there")
    expect(await delivered.exited).toBe(0)
    expect(delivered.events()).toEqual([expect.objectContaining({ event: "delivered", peer: "bob" })])
    await bob.event("message", { from: "alice", text: "hello there" })
    const piped = send("-", "--timeout", "20s")
    piped.write("one\ntwo\n")
    piped.end()
    expect(await piped.exited).toBe(0)
    expect(piped.stdout + piped.stderr).toBe("")
    await bob.event("message", { from: "alice", text: "one\ntwo" })

    bob.signal("SIGSTOP")
    const late = send("too late", "--timeout", "1500ms", "--json")
    expect(await late.exited).toBe(4)
    expect(late.events().at(-1)).toMatchObject({ event: "error", code: "Timeout", exitCode: 4 })
    const watcher = await client("carol", address)
    watcher.command({ cmd: "watch", nick: "alice" })
    await watcher.event("ok", { cmd: "watch" })
    const interrupted = send("never mind")
    await watcher.event("joined", { nick: "alice" })
    expect(await interrupted.kill("SIGINT")).toBe(130)
    expect(interrupted.stderr).toMatch(/^parley: interrupted; /)
    bob.signal("SIGCONT")

    for (const wrong of [["--timeout", "soon", "hi"], [""], []]) expect(await endOfInput(send(...wrong))).toBe(2)
  })
})

const endOfInput = (program: Program) => {
  program.end()
  return program.exited
}

describe("parley send-file and receive-file", () => {
  it("move a file, a folder, and a stream from pipe to pipe, byte for byte", async () => {
    const { address } = await server()
    const [home, other, source, target] = [temporaryFolder(), temporaryFolder(), temporaryFolder(), temporaryFolder()]
    const bytes = randomBytes(3_000_000)
    writeFileSync(join(source, "a file.bin"), bytes)
    mkdirSync(join(source, "folder", "deep"), { recursive: true })
    writeFileSync(join(source, "folder", "empty"), "")
    writeFileSync(join(source, "folder", "deep", "text"), "in a folder\n")
    const receive = (...args: ReadonlyArray<string>) =>
      start(address, "bob", other, ["receive-file", "--yes", "--json", "--to", target, ...args])

    const exchange = async (receiver: Program, path: string) => {
      const sender = await untilThere(() => start(address, "alice", home, ["send-file", "--to", "bob", path]))
      expect(await receiver.exited).toBe(0)
      return sender
    }
    expect((await exchange(receive("--from", "alice"), join(source, "a file.bin"))).stderr).toBe("")
    expect(readFileSync(join(target, "a file.bin")).equals(bytes)).toBe(true)
    const folder = receive()
    await exchange(folder, join(source, "folder"))
    expect(folder.events().at(-1)).toMatchObject({ event: "transfer", state: "done", path: join(target, "folder") })
    expect(readFileSync(join(target, "folder", "deep", "text"), "utf8")).toBe("in a folder\n")
    expect(readFileSync(join(target, "folder", "empty"))).toHaveLength(0)
    expect(readdirSync(target).sort()).toEqual(["a file.bin", "folder"])

    const copy = join(target, "copy")
    const stream = start(address, "bob", other, ["receive-file", "--yes", "-o", "-"], into(copy))
    await untilThere(() =>
      start(address, "alice", home, ["send-file", "-", "--to", "bob", "--name", "blob"], {
        within: ["sh", "-c", 'file="$1"; shift; exec "$@" < "$file"', "sh", join(source, "a file.bin")]
      })
    )
    expect(await stream.exited).toBe(0)
    expect(readFileSync(copy).equals(bytes)).toBe(true)
  })

  it.runIf(full)("tell what the other side made of an offer", async () => {
    const { address } = await server()
    const [home, source] = [temporaryFolder(), temporaryFolder()]
    const path = join(source, "file")
    writeFileSync(path, randomBytes(100))
    const bob = await client("bob", address)
    const greeting = start(address, "alice", home, ["send", "--to", "bob", "hi"])
    await bob.event("incoming")
    bob.command({ cmd: "query", nick: "alice" })
    expect(await greeting.exited).toBe(0)
    const send = async (...args: ReadonlyArray<string>) => {
      const sender = start(address, "alice", home, ["send-file", "--to", "bob", ...args])
      const offer = await bob.event("transfer", { state: "offered" })
      return { sender, id: offer.id }
    }
    const declined = await send(path)
    bob.command({ cmd: "decline", id: declined.id })
    expect(await declined.sender.exited).toBe(5)
    expect(declined.sender.stderr).toMatch(/bob declined file \(100 B\)/)
    // Who waits for too short a time to get there at all waits for longer.
    let [seconds, patient] = [1, ""]
    for (; !patient.includes("was not accepted"); seconds *= 2) {
      const sender = start(address, "alice", home, ["send-file", "--to", "bob", path, "--timeout", `${seconds}s`])
      expect(await sender.exited).toBe(4)
      patient = sender.stderr
    }
    expect(patient).toMatch(/was not accepted within \d+ s; the transfer was cancelled/)
    await bob.event("transfer", { state: "failed", message: "alice waited too long for it to move on" })
    const interrupted = await send(path)
    expect(await interrupted.sender.kill("SIGINT")).toBe(130)
    await bob.event("transfer", { id: interrupted.id, state: "cancelled" })
    expect(await start(address, "alice", home, ["send-file", "--to", "bob", join(source, "none")]).exited).toBe(1)
  })

  it("say at once that there is no such folder", async () => {
    const { address } = await server()
    const target = join(temporaryFolder(), "none")
    const receiver = start(address, "bob", temporaryFolder(), ["receive-file", "--yes", "--to", target])
    expect(await receiver.exited).toBe(1)
    const complaint = `parley: cannot put anything into ${target}: it does not exist\n`
    expect(receiver.stderr).toBe(complaint)
    const client = start(address, "bob", temporaryFolder(), ["client", "--downloads", target])
    expect(await client.exited).toBe(1)
    expect(client.stderr).toBe(complaint)
  })

  for (const killed of ["receiver", "sender"] as const)
    it.runIf(full)(`go on where they were when the ${killed} was killed`, async () => {
      const { address } = await server()
      const [home, other, source, target] = [temporaryFolder(), temporaryFolder(), temporaryFolder(), temporaryFolder()]
      const path = join(source, "big")
      const receive = () => start(address, "bob", other, ["receive-file", "--yes", "--json", "--to", target])
      const send = () => start(address, "alice", home, ["send-file", "--json", "--to", "bob", path])
      const { bytes, receiver, sender } = await killedInTheMiddle(path, target, receive, send, killed)
      const successor = killed === "receiver" ? receive() : send()
      const survivor = killed === "receiver" ? sender : receiver
      expect(await survivor.exited).toBe(0)
      expect(await successor.exited).toBe(0)
      expect(readFileSync(join(target, "big")).equals(bytes)).toBe(true)
      expect(readdirSync(target)).toEqual(["big"])
      const resumed = successor.events().filter(({ event, state }) => event === "transfer" && state === "active")
      expect(Math.min(...resumed.map(({ transferred }) => Number(transferred)))).toBeGreaterThan(0)
    })

  it.runIf(full)("serve a sender who was killed and comes back with another version", async () => {
    const { address } = await server()
    const [home, other, source, target] = [temporaryFolder(), temporaryFolder(), temporaryFolder(), temporaryFolder()]
    const path = join(source, "big")
    const receive = () => start(address, "bob", other, ["receive-file", "--yes", "--to", target])
    const send = () => start(address, "alice", home, ["send-file", "--json", "--to", "bob", path])
    const { receiver } = await killedInTheMiddle(path, target, receive, send, "sender")
    const bytes = randomBytes(60_000_000)
    writeFileSync(path, bytes)
    expect(await send().exited).toBe(0)
    expect(await receiver.exited).toBe(0)
    expect(readFileSync(join(target, "big")).equals(bytes)).toBe(true)
    expect(readdirSync(target)).toEqual(["big"])
  })
})

/**
 * Two who move a file of 60 MB, one of whom was killed in the first half. On a busy machine all of it may have arrived
 * before somebody looks: then they begin again, with another file.
 */
const killedInTheMiddle = async (
  path: string,
  target: string,
  receive: () => Program,
  send: () => Program,
  killed: "receiver" | "sender"
) => {
  for (;;) {
    const bytes = randomBytes(60_000_000)
    writeFileSync(path, bytes)
    const receiver = receive()
    const sender = await untilThere(send, (program) => moved(program, 0.1))
    const victim = killed === "receiver" ? receiver : sender
    const ending = await victim.kill("SIGKILL")
    if (ending === "SIGKILL" && hasMoved(victim, 0.5) === undefined) return { bytes, receiver, sender }
    await Promise.all([receiver.kill("SIGKILL"), sender.kill("SIGKILL")])
    rmSync(target, { recursive: true })
    mkdirSync(target)
  }
}

/** Waits until a share of the bytes has moved. */
const moved = (program: Program, share: number): Promise<unknown> =>
  program.until("progress", () => hasMoved(program, share))

const hasMoved = (program: Program, share: number) =>
  program
    .events()
    .find(({ size, state, transferred }) => state === "active" && Number(transferred) > share * Number(size))
