import { createSocket, type Socket } from "node:dgram"
import { once } from "node:events"
import { performance } from "node:perf_hooks"
import { expect, it } from "vitest"
import type { Transmit } from "../../../src/core/peer/Route.js"
import { Writer } from "../../../src/protocol/Bytes.js"
import * as Frame from "../../../src/protocol/Frame.js"
import { direct, introduction, type Node, World } from "./Pair.js"

/** The same machines on real sockets of this machine. */
class Live extends World {
  readonly sockets = new Map<Node, Socket>()

  override transmit(from: Node, { data, route }: Transmit): void {
    if (route._tag === "Direct") this.sockets.get(from)?.send(data.slice(), route.endpoint.port, route.endpoint.address)
  }

  async open(name: string): Promise<Node> {
    const socket = await bound()
    const node = this.node(name, `127.0.0.1:${socket.address().port}`)
    this.sockets.set(node, socket)
    socket.on("message", (data, { address, port }) => {
      this.now = performance.now()
      node.peers.handleDatagram(direct(`${address}:${port}`), new Uint8Array(data), this.now)
      node.drain()
    })
    return node
  }

  /** Lets timers ring until something is so. */
  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      this.now = performance.now()
      for (const node of this.nodes) {
        if (node.timeout() <= this.now) node.peers.handleTimeout(this.now)
        node.drain()
      }
      await new Promise((resume) => setTimeout(resume, 1))
    }
  }
}

const bound = async (): Promise<Socket> => {
  const socket = createSocket("udp4")
  socket.bind(0, "127.0.0.1")
  await once(socket, "listening")
  return socket
}

it("packets full of PINGs from a forged address bring it less than came, on real sockets", async () => {
  const world = new Live(1)
  world.now = performance.now()
  const [alice, mallory] = [await world.open("alice"), await world.open("mallory")]
  const victim = await bound()
  try {
    const channel = world.channel()
    alice.peers.admit({ ...introduction(mallory, channel), isHere: true }, world.now)
    mallory.peers.invite({ ...introduction(alice, channel), isHere: true }, world.now)
    await world.until(() => alice.connected(mallory) && mallory.connected(alice))
    const got = { bytes: 0, packets: 0 }
    victim.on("message", (data) => {
      got.packets++
      got.bytes += data.length
    })
    let sent = 0
    const rounds = 500
    for (let i = 0; i < rounds; i++) {
      const frames = new Uint8Array(16 * 9)
      const writer = new Writer(frames)
      for (let ping = 0; ping < 16; ping++) Frame.write(writer, { _tag: "Ping", token: world.bytes(8) })
      const packet = mallory.forge(frames)
      sent += packet.length
      // What an attacker does who forges the victim's address.
      victim.send(packet, alice.endpoints[0]!.port, "127.0.0.1")
      const before = got.packets
      if (i % 10 === 9) await world.until(() => got.packets > before)
    }
    const end = performance.now() + 200
    await world.until(() => performance.now() > end)
    console.log(`${sent} bytes in ${rounds} packets brought ${got.bytes} bytes in ${got.packets} packets`)
    expect(got.packets).toBeGreaterThan(rounds / 20)
    expect(got.packets).toBeLessThanOrEqual(rounds + 20)
    expect(got.bytes).toBeLessThan(sent / 2)
  } finally {
    for (const socket of [...world.sockets.values(), victim]) socket.close()
  }
})
