import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ByteQueue } from "../../../src/core/peer/stream/ByteQueue.js"
import { MAX_STREAMS } from "../../../src/core/peer/stream/Streams.js"
import { some } from "../../support/Effort.js"
import { type LinkOptions, type Node, World } from "./Pair.js"

const bytesOf = (stream: number, offset: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => ((offset + i) * 31 + stream * 7 + ((offset + i) >> 8)) & 0xff)

/** Two that have asked for each other. */
const mutual = (seed: number, link: Partial<LinkOptions> = {}) => {
  const world = new World(seed, link)
  const alice = world.node("alice", "203.0.113.1:4000")
  const bob = world.node("bob", "203.0.113.2:4000")
  alice.keepsPlaintext = bob.keepsPlaintext = false
  const channel = world.channel()
  world.introduce(alice, bob, channel)
  world.introduce(bob, alice, channel)
  const done = () => alice.count("Mutual") > 0 && bob.count("Mutual") > 0
  expect(world.run(20_000, done)).toBe(true)
  return { world, alice, bob }
}

/** Writes a stream of `length` bytes as fast as the machine takes it. */
class Source {
  #written = 0

  constructor(
    readonly from: Node,
    readonly to: Node,
    readonly stream: number,
    readonly length: number,
    readonly portion: number
  ) {}

  pump(now: number): void {
    while (this.#written < this.length) {
      const size = Math.min(this.portion, this.length - this.#written)
      const more = this.from.peers.writeStream(this.to.id, this.stream, bytesOf(this.stream, this.#written, size), now)
      if (more === undefined) return
      this.#written += size
      if (this.#written === this.length) this.from.peers.finishStream(this.to.id, this.stream, now)
      if (!more) return
    }
  }
}

/** Reads all streams of a node to their ends and checks each byte. */
class Sink {
  readonly read = new Map<number, number>()
  readonly ended = new Set<number>()

  constructor(
    readonly node: Node,
    readonly from: Node
  ) {}

  pump(now: number): void {
    const ids = new Set(this.node.events.flatMap((event) => (event._tag === "StreamOpened" ? [event.stream] : [])))
    for (const id of ids) {
      for (;;) {
        const data = this.node.peers.readStream(this.from.id, id, now)
        if (data === undefined) break
        if (data === "end") {
          this.ended.add(id)
          this.node.peers.finishStream(this.from.id, id, now)
          continue
        }
        const at = this.read.get(id) ?? 0
        if (Buffer.compare(data, bytesOf(id, at, data.length)) !== 0) throw new Error(`stream ${id} differs at ${at}`)
        this.read.set(id, at + data.length)
      }
    }
  }
}

const open = (from: Node, to: Node, world: World): number => {
  const stream = from.peers.openStream(to.id, world.now)
  if (typeof stream !== "number") throw new Error(stream._tag)
  return stream
}

describe("streams beside the conversation", () => {
  it("end in a packet that looks like one with bytes", () => {
    const { world, alice, bob } = mutual(1)
    alice.keepsPlaintext = true
    const stream = alice.peers.openStream(bob.id, world.now) as number
    alice.peers.writeStream(bob.id, stream, Uint8Array.of(1), world.now)
    world.run(1_000)
    alice.peers.finishStream(bob.id, stream, world.now)
    world.run(1_000)
    const sizeOf = (...start: ReadonlyArray<number>) =>
      alice.sealed.find(({ plaintext }) => start.every((byte, at) => plaintext[at] === byte))!.plaintext.length
    expect(sizeOf(4, stream, 1, 0)).toBe(sizeOf(4, stream, 0, 1))
  })

  it("arrive byte by byte, several at once and both ways, whatever the network does", () => {
    for (let seed = 1; seed <= 6; seed++) {
      const { alice, bob, world } = mutual(seed, { latency: 10, jitter: 15, loss: 0.05, duplicate: 0.05 })
      const sources = [
        ...[300_000, 1, 70_001].map((size) => new Source(alice, bob, open(alice, bob, world), size, 10_000)),
        ...[150_000, 999].map((size) => new Source(bob, alice, open(bob, alice, world), size, 777))
      ]
      const sinks = [new Sink(bob, alice), new Sink(alice, bob)]
      const done = () => {
        for (const source of sources) source.pump(world.now)
        for (const sink of sinks) sink.pump(world.now)
        return sinks[0]!.ended.size === 3 && sinks[1]!.ended.size === 2
      }
      for (let i = 0; i < 3_000 && !done(); i++) world.run(10)
      expect(done(), `seed ${seed}`).toBe(true)
      for (const { from, length, stream } of sources) {
        expect(sinks[from === alice ? 0 : 1]!.read.get(stream)).toBe(length)
      }
      expect(alice.count("Disconnected") + bob.count("Disconnected")).toBe(0)
    }
  })

  it("go on beside others that were granted all there is and make no use of it", () => {
    const { alice, bob, world } = mutual(3, { latency: 5 })
    const sink = new Sink(bob, alice)
    const carry = (ids: ReadonlyArray<number>) => {
      for (const id of ids) alice.peers.writeStream(bob.id, id, bytesOf(id, 0, 200_000), world.now)
      for (let i = 0; i < 200 && ids.some((id) => (sink.read.get(id) ?? 0) < 200_000); i++) {
        world.run(10)
        sink.pump(world.now)
      }
      expect(ids.map((id) => sink.read.get(id))).toEqual(ids.map(() => 200_000))
    }
    // Both stay open, and each was granted half of the memory.
    carry([open(alice, bob, world)])
    carry([open(alice, bob, world)])
    carry([1, 2, 3].map(() => open(alice, bob, world)))
    expect(bob.count("Disconnected")).toBe(0)
  })

  it("do not hold up a word: chat stays within three round trips while a stream fills the path", () => {
    const { alice, bob, world } = mutual(9, { latency: 25 })
    const source = new Source(alice, bob, open(alice, bob, world), 50_000_000, 60_000)
    const sink = new Sink(bob, alice)
    const run = (ms: number, done: () => boolean) => {
      for (let i = 0; i < ms && !done(); i++) {
        source.pump(world.now)
        sink.pump(world.now)
        world.run(1)
      }
    }
    run(300, () => false)
    const latencies: Array<number> = []
    for (let i = 0; i < some(10, 3); i++) {
      const sentAt = world.now
      alice.send(bob, `word ${i}`)
      run(1_000, () => bob.messages.length > i)
      latencies.push(world.now - sentAt)
    }
    expect(Math.max(...latencies)).toBeLessThanOrEqual(150)
    expect(sink.read.get(source.stream)).toBeGreaterThan(some(10, 3) * 100_000)
  })

  it("wait for a slow reader, and hold no more than was granted", () => {
    const { alice, bob, world } = mutual(3)
    const stream = open(alice, bob, world)
    const source = new Source(alice, bob, stream, 30_000_000, 60_000)
    for (let i = 0; i < 200; i++) {
      source.pump(world.now)
      world.run(10)
    }
    const held = () => {
      let bytes = 0
      for (;;) {
        const data = bob.peers.readStream(alice.id, stream, world.now)
        if (!(data instanceof Uint8Array)) return bytes
        bytes += data.length
      }
    }
    expect(held()).toBe(64 * 1024)
    world.run(5_000)
    expect(held()).toBeLessThanOrEqual(8 * 1024 * 1024)
    expect(alice.peers.writeStream(bob.id, stream, new Uint8Array(1), world.now)).toBe(false)
  })

  it("can be given up by either side, and the other hears of it", () => {
    const { alice, bob, world } = mutual(4, { loss: 0.2 })
    const first = open(alice, bob, world)
    const second = open(alice, bob, world)
    for (const id of [first, second]) alice.peers.writeStream(bob.id, id, new Uint8Array(50_000), world.now)
    world.run(500)
    alice.peers.resetStream(bob.id, first, 7, world.now)
    bob.peers.resetStream(alice.id, second, 8, world.now)
    world.run(5_000)
    const resets = (node: Node) =>
      node.events.flatMap((event) => (event._tag === "StreamReset" ? [[event.stream, event.code]] : []))
    expect(resets(bob)).toEqual([[first, 7]])
    expect(resets(alice)).toEqual([[second, 8]])
    expect(alice.peers.writeStream(bob.id, first, new Uint8Array(1), world.now)).toBeUndefined()
    expect(bob.peers.readStream(alice.id, first, world.now)).toBeUndefined()
  })

  it("exist only between two that have asked for each other (law 2)", () => {
    const world = new World(5)
    const alice = world.node("alice", "203.0.113.1:4000")
    const bob = world.node("bob", "203.0.113.2:4000")
    world.introduce(alice, bob)
    world.run(2_000)
    expect(alice.connected(bob)).toBe(true)
    for (const [one, other] of [
      [alice, bob],
      [bob, alice]
    ] as const) {
      expect(one.peers.openStream(other.id, world.now)).toEqual({ _tag: "NotMutual" })
      expect(one.peers.writeStream(other.id, 1, new Uint8Array(1), world.now)).toBeUndefined()
    }
  })

  it("end a connection whose other side sends them unasked", () => {
    const world = new World(6)
    const alice = world.node("alice", "203.0.113.1:4000")
    const bob = world.node("bob", "203.0.113.2:4000")
    world.introduce(alice, bob)
    world.run(2_000)
    // A modified client: its chat goes out as stream 1.
    alice.tamperFrames = (frames) => {
      const at = frames.findIndex((byte, i) => byte === 4 && frames[i + 1] === 0 && frames[i + 2] === 0)
      if (at >= 0) frames[at + 1] = 1
    }
    alice.send(bob, "hello")
    world.run(1_000)
    expect(bob.count("StreamOpened")).toBe(0)
    expect(bob.events.some((event) => event._tag === "Disconnected" && event.reason === "closed")).toBe(true)
  })

  it("end a connection whose other side gives up what it cannot have opened", () => {
    const world = new World(6)
    const alice = world.node("alice", "203.0.113.1:4000")
    const bob = world.node("bob", "203.0.113.2:4000")
    world.introduce(alice, bob)
    world.run(2_000)
    // Its chat goes out as a RESET of stream 1, and padding.
    alice.tamperFrames = (frames) => {
      const at = frames.findIndex((byte, i) => byte === 4 && frames[i + 1] === 0 && frames[i + 2] === 0)
      if (at >= 0) frames.fill(0, at).set([8, 1, 2], at)
    }
    alice.send(bob, "hello")
    world.run(1_000)
    expect(bob.count("StreamOpened") + bob.count("StreamReset")).toBe(0)
    expect(bob.events.some((event) => event._tag === "Disconnected" && event.reason === "closed")).toBe(true)
  })

  it("are at most as many as either side may open", () => {
    const { alice, bob, world } = mutual(7)
    for (let i = 0; i < MAX_STREAMS; i++) open(alice, bob, world)
    expect(alice.peers.openStream(bob.id, world.now)).toEqual({ _tag: "TooManyStreams" })
    // The other side has as many of its own.
    open(bob, alice, world)
  })
})

describe("the queue of bytes to read", () => {
  it("gives what was put in, in order, whatever the sizes", () => {
    const step = fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.constant(0))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const queue = new ByteQueue()
        const model: Array<number> = []
        const out: Array<number> = []
        let next = 0
        for (const size of steps) {
          if (size > 0) {
            const bytes = Uint8Array.from({ length: size }, () => next++ & 0xff)
            model.push(...bytes)
            queue.push(bytes)
          } else out.push(...(queue.shift() ?? []))
          expect(queue.length).toBe(model.length - out.length)
        }
        for (let bytes = queue.shift(); bytes !== undefined; bytes = queue.shift()) out.push(...bytes)
        expect(out).toEqual(model)
        expect(queue.length).toBe(0)
      }),
      { numRuns: some(200) }
    )
  })
})
