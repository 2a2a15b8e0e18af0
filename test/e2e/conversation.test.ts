import { connect } from "node:net"
import { describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { freePort } from "../support/Ports.js"
import { client, Program, server, temporaryFolder } from "./Program.js"

describe("two people", () => {
  it("converse both ways once both have asked, and leave", async () => {
    const { program, address } = await server()
    const alice = await client("alice", address)
    const bob = await client("bob", address)

    alice.command({ cmd: "list", ref: 1 })
    const { peers } = await alice.event("peers", { ref: 1 })
    expect((peers as ReadonlyArray<{ nick: string }>).map(({ nick }) => nick)).toEqual(["alice", "bob"])

    alice.command({ cmd: "query", nick: "bob", ref: 2 }, { cmd: "send", to: "bob", text: "hi bob ✓", ref: 3 })
    await alice.event("peer", { nick: "bob", ref: 2 })
    const { id } = await alice.event("sent", { to: "bob", ref: 3 })
    await bob.event("incoming", { peer: "alice", known: false })
    await bob.event("message", { from: "alice", id, text: "hi bob ✓" })
    await alice.event("delivered", { peer: "bob", id })

    bob.command({ cmd: "send", to: "alice", text: "too early", ref: "early" })
    await bob.event("error", { code: "NotConnected", ref: "early" })
    bob.command({ cmd: "query", nick: "alice" }, { cmd: "send", to: "alice", text: "hi alice\nsecond line" })
    await alice.event("message", { from: "bob", text: "hi alice\nsecond line" })
    await bob.event("delivered", { peer: "alice" })
    expect(alice.events().some(({ text }) => text === "too early")).toBe(false)

    bob.command({ cmd: "exit" })
    await bob.event("bye")
    expect(await bob.exited).toBe(0)
    await alice.event("disconnected", { peer: "bob", reason: "left" })
    alice.end()
    await alice.event("bye")
    expect(await alice.exited).toBe(0)
    program.signal("SIGINT")
    expect(await program.exited).toBe(0)
  })

  it("know each other again under the same identity", async () => {
    const { address } = await server()
    const home = temporaryFolder()
    const alice = await client("alice", address)
    const bob = await client("bob", address, home)
    bob.command({ cmd: "query", nick: "alice" })
    await bob.event("connected", { peer: "alice" })
    bob.command({ cmd: "exit" })
    await bob.exited
    const again = await client("bob", address, home)
    alice.command({ cmd: "query", nick: "bob" })
    await again.event("incoming", { peer: "alice", known: true })
  })
})

describe("a nickname", () => {
  it("that is taken can be replaced on the spot", async () => {
    const { address } = await server()
    await client("alice", address)
    const third = new Program(["client", "--nick", "ALICE", "--server", address, "--home", temporaryFolder(), "--json"])
    const { suggestions } = await third.event("nickTaken", { nick: "ALICE" })
    const [free] = suggestions as ReadonlyArray<string>
    third.command({ cmd: "nick", nick: free, ref: 1 }, { cmd: "list" })
    await third.event("registered", { nick: free, ref: 1 })
    await third.event("peers")
    third.command({ cmd: "exit" })
    expect(await third.exited).toBe(0)
  })
})

describe("trouble", () => {
  it("a client killed in mid-conversation gets what it missed when it is back", async () => {
    const { address } = await server()
    const home = temporaryFolder()
    const alice = await client("alice", address)
    const bob = await client("bob", address, home)
    alice.command({ cmd: "query", nick: "bob" })
    bob.command({ cmd: "query", nick: "alice" })
    await alice.event("mutual", { peer: "bob" })
    await bob.event("mutual", { peer: "alice" })

    await bob.kill("SIGKILL")
    alice.command({ cmd: "send", to: "bob", text: "are you there?" })
    const { id } = await alice.event("sent", { to: "bob" })
    const back = await client("bob", address, home)
    await back.event("message", { from: "alice", id, text: "are you there?" })
    await alice.event("delivered", { peer: "bob", id })
  })

  it.runIf(full)("a server that is killed and started again changes nothing for a conversation", async () => {
    const { program, address, port } = await server("--port", String(await freePort()))
    const alice = await client("alice", address)
    const bob = await client("bob", address)
    alice.command({ cmd: "query", nick: "bob" })
    bob.command({ cmd: "query", nick: "alice" })
    await alice.event("mutual", { peer: "bob" })
    await bob.event("mutual", { peer: "alice" })

    await program.kill("SIGKILL")
    await alice.event("serverLost")
    alice.command({ cmd: "send", to: "bob", text: "the server is gone" })
    await bob.event("message", { from: "alice", text: "the server is gone" })

    const second = new Program(["server", "--host", "127.0.0.1", "--port", String(port)])
    await second.prints(/listening/)
    await alice.event("registered", { nick: "alice" })
    await bob.event("registered", { nick: "bob" })
    bob.command({ cmd: "send", to: "alice", text: "and back" })
    await alice.event("message", { from: "bob", text: "and back" })
  })

  it.runIf(full)("twenty clients talk in pairs and nothing is lost", async () => {
    const { address } = await server()
    const clients = await Promise.all(Array.from({ length: 20 }, (_, i) => client(`user${i}`, address)))
    const rounds = 5
    await Promise.all(
      clients.map(async (one, i) => {
        const other = `user${i ^ 1}`
        one.command({ cmd: "query", nick: other })
        for (let n = 0; n < rounds; n++) one.command({ cmd: "send", to: other, text: `${i}: ${n}` })
        for (let n = 0; n < rounds; n++) await one.event("message", { from: other, text: `${i ^ 1}: ${n}` })
      })
    )
    const texts = clients.map((one) => one.events().filter(({ event }) => event === "message").length)
    expect(texts).toEqual(clients.map(() => rounds))
    for (const one of clients) one.end()
    expect(await Promise.all(clients.map((one) => one.exited))).toEqual(clients.map(() => 0))
  })
})

describe("anybody with a socket", () => {
  it("can take part by typing", async () => {
    const { address, port } = await server("--motd", "hello there")
    const alice = await client("alice", address)
    alice.command({ cmd: "watch", ref: "all" })
    await alice.event("ok", { cmd: "watch", ref: "all" })
    // What a server is asked for on one connection is answered in order: from now on it watches.
    alice.command({ cmd: "list", ref: 2 })
    await alice.event("peers", { ref: 2 })
    const socket = connect(port, "127.0.0.1").setEncoding("utf8")
    let seen = ""
    const received = (text: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (seen.includes(text)) resolve()
        }
        socket.on("data", look)
        look()
      })
    socket.on("data", (text: string) => {
      seen += text
    })
    await received('"motd":"hello there"')
    socket.write('{"_tag":"Register","id":1,"nick":"nc"}\n{"_tag":"List","id":2}\n')
    await received('"Clients"')
    await received('"nick":"alice"')
    await alice.event("joined", { nick: "nc" })
    alice.command({ cmd: "query", nick: "nc", ref: 1 })
    await alice.event("error", { code: "NoKey", ref: 1 })
    socket.destroy()
  })
})
