import { readdirSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { afterEach, describe, expect, it } from "vitest"
import { client, Program } from "./Program.js"

const sockets = new Set<Socket>()
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
})

/** One connection that wants nothing and does not leave by itself; done when it was turned away. */
const knock = (port: number) =>
  new Promise<void>((resolve) => {
    const socket = connect(port, "127.0.0.1").on("error", () => {})
    sockets.add(socket)
    socket.on("connect", () => socket.resume())
    socket.on("close", () => {
      sockets.delete(socket)
      resolve()
    })
  })

describe.runIf(process.platform === "linux")("connections that are turned away", () => {
  it("take no descriptor from those who are let in, of 1,024 that there are", async () => {
    const program = new Program(
      ["server", "--host", "127.0.0.1", "--port", "0", "--max-connections", "40"],
      {},
      {
        within: ["bash", "-c", 'ulimit -n 1024; exec "$@"', "bash"]
      }
    )
    const [, address] = await program.until(
      "it listens",
      () => /message=listening at=(\S+)/.exec(program.stderr) ?? undefined
    )
    const port = Number(address!.split(":").at(-1))
    const alice = await client("alice", address!)
    const before = readdirSync(`/proc/${program.pid}/fd`).length
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, readdirSync(`/proc/${program.pid}/fd`).length)
    }, 5)
    // Some of them hold the places that are left until they have to register; all others are turned away at once.
    const turnedAway = Array.from({ length: CROWD }, () => knock(port))
    let gone = 0
    await new Promise<void>((resolve) => {
      for (const one of turnedAway) one.then(() => ++gone === CROWD - 40 && resolve())
    })
    clearInterval(watch)
    // 40 places, 256 that are told why, and what the program has for itself.
    expect(most).toBeLessThan(before + 40 + 256 + 64)
    alice.command({ cmd: "list" })
    await alice.event("peers")
    const bob = await client("bob", address!)
    bob.command({ cmd: "query", nick: "alice" })
    await bob.event("peer")
    await program.until("it tells of it", () => /message=refused .*reason=full/.exec(program.stderr) ?? undefined)
  })
})

/** More than all descriptors that there are. */
const CROWD = 1_500
