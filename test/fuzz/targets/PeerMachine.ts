import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import type { Route } from "../../../src/core/peer/Route.js"
import { concat, fromText, Writer } from "../../../src/protocol/Bytes.js"
import * as Frame from "../../../src/protocol/Frame.js"
import { direct, type Node, World } from "../../core/peer/Pair.js"
import { frame } from "../../protocol/Arbitrary.js"
import { Program } from "../Program.js"
import type { Target } from "../Target.js"

/**
 * Bob's peer machine between Alice's and a stranger's packets. Alice is an honest program, but some of what she sends
 * is changed on its way, sent again, or forged with her keys; Bob has secrets to tell her, which he may only tell when
 * he has asked for her.
 */
class Scene {
  readonly world = new World(1)
  readonly alice = this.world.node("alice", "203.0.113.1:4000", ["10.0.0.1:4000"])
  readonly bob = this.world.node("bob", "203.0.113.2:4000", ["10.0.0.2:4000"])
  /** Whether Bob has asked for Alice, and not left her. */
  #asked = false
  /** Whether Alice's program is no longer honest, or its memory is gone. */
  #isForged = false
  #said = 0
  #checked = 0
  #received = new Map<string, number>()

  step(program: Program): void {
    const { alice, bob, world } = this
    switch (program.u8() % 18) {
      case 0:
        world.run(program.u8())
        return
      case 1:
        world.run(250 * program.u8())
        return
      case 2:
        world.introduce(alice, bob)
        return
      case 3:
        this.#asked = true
        world.introduce(bob, alice)
        return
      case 4:
        alice.peers.send(bob.id, `${++this.#said}`, world.now)
        return
      case 5:
        bob.peers.send(alice.id, SECRET, world.now)
        return
      case 6:
        this.#stranger(program, program.bytes())
        return
      case 7:
        this.#repeat(program)
        return
      case 8:
        this.#forge(program.bytes())
        return
      case 9: {
        const at = program.u8()
        const by = program.u8()
        this.#isForged = true
        alice.tamper = (payload) => payload.map((byte, index) => (index === at ? byte ^ by : byte))
        return
      }
      case 10:
        this.#asked = false
        bob.peers.close(alice.id, world.now)
        return
      case 11:
        alice.peers.close(bob.id, world.now)
        return
      case 12:
        this.#isForged = true
        alice.start()
        return
      case 13:
        this.#asked = false
        this.#isForged = true
        bob.start()
        return
      case 14:
        this.#stream(bob, alice, program)
        return
      case 15:
        this.#stream(alice, bob, program)
        return
      case 16: {
        const loss = program.u8()
        world.link = { ...world.link, loss: (loss & 15) / 16, duplicate: (loss >> 4) / 16 }
        world.relay = !world.relay
        return
      }
      default:
        if (program.u8() % 2 === 0) this.#block()
        else bob.peers.unblock(alice.id)
    }
  }

  /** The laws. */
  check(): void {
    const { alice, bob, world } = this
    bob.drain()
    for (; this.#checked < bob.sealed.length; this.#checked++) {
      const told = Buffer.from(bob.sealed[this.#checked]!.plaintext).includes(SECRET)
      assert.ok(this.#asked || !told, "no text leaves towards somebody whom one has not asked for")
    }
    if (!this.#isForged) {
      const numbers = bob.texts.map(Number)
      assert.ok(
        numbers.every((number, at) => at === 0 || number > numbers[at - 1]!),
        `shown once and in order: ${numbers}`
      )
      assert.ok(numbers.every((number) => number <= this.#said))
    }
    for (const text of alice.texts) assert.equal(text, SECRET)
    for (const [address, received] of this.#received) {
      const sent = world.sent.filter(({ from, to }) => from === bob && to === address)
      const bytes = sent.reduce((sum, { data }) => sum + data.length, 0)
      assert.ok(bytes <= 3 * received, `${bytes} bytes to ${address}, which sent ${received}`)
    }
    assert.ok(bob.peers.peers().length <= 1)
  }

  get state(): ReadonlyArray<string> {
    return [this.bob, this.alice].map((node) => {
      const status = node.peers.status(node === this.bob ? this.alice.id : this.bob.id)
      return `${node.name} ${status?.consent} ${status?.connected} ${status?.path?.kind} ${Math.min(2, node.texts.length)}`
    })
  }

  #block(): void {
    this.#asked = false
    this.bob.peers.block(this.alice.id, this.world.now)
  }

  #stranger(program: Program, data: Uint8Array): void {
    this.#deliver(`198.51.100.${1 + (program.u8() % 3)}:666`, data)
  }

  /** A packet that was sent to Bob, from another address or from its own, a byte of it changed or not. */
  #repeat(program: Program): void {
    const packets = this.world.trace.filter(({ to }) => to === this.bob)
    const packet = packets[packets.length - 1 - (program.u8() % Math.max(1, packets.length))]
    const at = program.u8()
    const by = program.u8()
    if (packet === undefined) return
    const data = packet.data.slice()
    data[at % data.length]! ^= by
    if (program.u8() % 2 === 0) this.#stranger(program, data)
    else this.bob.peers.handleDatagram(packet.from, data, this.world.now)
  }

  #forge(frames: Uint8Array): void {
    if (this.alice.sealedCount === 0) return
    this.#isForged = true
    this.bob.peers.handleDatagram(direct("203.0.113.1:4000"), this.alice.forge(frames), this.world.now)
  }

  #deliver(address: string, data: Uint8Array): void {
    this.#received.set(address, (this.#received.get(address) ?? 0) + data.length)
    const from: Route = direct(address)
    this.bob.peers.handleDatagram(from, data, this.world.now)
  }

  #stream(node: Node, other: Node, program: Program): void {
    const { now } = this.world
    const what = program.u8()
    const stream = 1 + (what >> 4)
    if ((what & 7) === 0) node.peers.openStream(other.id, now)
    if ((what & 7) === 1) node.peers.writeStream(other.id, stream, new Uint8Array(64 * program.u8()), now)
    if ((what & 7) === 2) node.peers.finishStream(other.id, stream, now)
    if ((what & 7) === 3) node.peers.resetStream(other.id, stream, 2, now)
    if ((what & 7) > 3) node.peers.readStream(other.id, stream, now)
  }
}

const SECRET = "what bob says"

const frames = fc.array(frame, { minLength: 1, maxLength: 3 }).map((each) => {
  const writer = new Writer(new Uint8Array(4_000))
  for (const one of each) Frame.write(writer, one)
  return writer.finish()!.slice(0, 255)
})
const withBytes = (op: number, bytes: Uint8Array) => concat([Uint8Array.of(op, bytes.length), bytes])
const step = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: 17 }), fc.nat(255), fc.nat(255)).map((bytes) => Uint8Array.from(bytes)),
  frames.map((bytes) => withBytes(8, bytes)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => withBytes(6, bytes)),
  fc.constantFrom(
    Uint8Array.of(2, 1, 4, 4, 1, 4),
    Uint8Array.of(3, 1, 4, 5, 1, 4),
    Uint8Array.of(2, 3, 1, 8, 4, 5, 1, 8)
  )
)

export const target: Target = {
  about: [
    "src/core/peer/Peers.ts",
    "src/core/peer/Arrivals.ts",
    "src/core/peer/Turns.ts",
    "src/core/peer/Association.ts",
    "src/core/peer/Connection.ts",
    "src/core/peer/PacketBuilder.ts",
    "src/core/peer/PeerTable.ts",
    "src/core/peer/chat/ChatChannel.ts",
    "src/core/peer/chat/Conversation.ts",
    "src/core/peer/stream/Streams.ts",
    "src/core/peer/path/Paths.ts",
    "src/core/peer/recovery/LossDetector.ts"
  ],
  inputs: fc.array(step, { minLength: 1, maxLength: 12 }).map((steps) => concat(steps)),
  words: [
    Uint8Array.of(2, 3, 1, 8),
    Uint8Array.of(14, 0, 14, 0x11, 200, 1, 4),
    Uint8Array.of(1, 255),
    fromText(SECRET)
  ],
  most: 600,
  slowest: 2_000,
  run: (input) => {
    const program = new Program(input)
    const scene = new Scene()
    const states = new Set<string>()
    for (let steps = 0; steps < MAX_STEPS && !program.isOver; steps++) {
      scene.step(program)
      scene.check()
      for (const state of scene.state) states.add(state)
    }
    return [...states]
  }
}

const MAX_STEPS = 40
