import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MAX_SEGMENTS, ReceiveStream } from "../../../src/core/peer/stream/ReceiveStream.js"
import { SendStream } from "../../../src/core/peer/stream/SendStream.js"
import type { Range } from "../../../src/core/support/RangeSet.js"
import { Writer } from "../../../src/protocol/Bytes.js"
import { some } from "../../support/Effort.js"

const bytesOf = (stream: SendStream, range: Range): Uint8Array => {
  const target = new Uint8Array(range.end - range.start)
  stream.writeTo(new Writer(target), range)
  return target
}

const readAll = (stream: ReceiveStream): Array<number> => {
  const all: Array<number> = []
  for (let bytes = stream.read(); bytes !== undefined; bytes = stream.read()) all.push(...bytes)
  return all
}

describe("small pieces that a stream sends", () => {
  /** Bytes of the buffer that each of its next bytes is in, until there are none. */
  const buffersOf = (stream: SendStream, sent: Array<Range> = []): Array<number> => {
    const sizes: Array<number> = []
    for (let range = stream.next(1_000); range !== undefined; range = stream.next(1_000)) {
      sent.push(range)
      stream.writeTo({ bytes: ({ buffer }) => sizes.push(buffer.byteLength) }, range)
    }
    return [...new Set(sizes)]
  }
  const write = (stream: SendStream, from: number, count: number) => {
    for (let at = from; at < from + count; at++) stream.extend(100).bytes(new Uint8Array(100).fill(at))
  }

  it("share a small buffer while there are few, large ones while many wait, and leave a small one behind", () => {
    const stream = new SendStream(1e6)
    write(stream, 0, 5)
    expect(buffersOf(stream)).toEqual([2_048])
    write(stream, 5, 300)
    const sent: Array<Range> = []
    expect(buffersOf(stream, sent)).toEqual([2_048, 16_384])
    stream.onAcknowledged({ start: 0, end: 30_500 })
    expect(stream.kept).toBe(0)
    write(stream, 0, 5)
    expect(buffersOf(stream)).toEqual([2_048])
  })

  it("leave a small buffer behind however they were acknowledged", () => {
    const stream = new SendStream(1e6)
    write(stream, 0, 400)
    buffersOf(stream)
    for (let end = 1_000; end <= 40_000; end += 1_000) stream.onAcknowledged({ start: end - 1_000, end })
    expect(stream.kept).toBe(0)
    write(stream, 0, 5)
    expect(buffersOf(stream)).toEqual([2_048])
  })

  it("keep their bytes until they are acknowledged, also where a buffer is filled again", () => {
    const stream = new SendStream(1e6)
    let written = 0
    let acknowledged = 0
    for (let round = 0; round < 50; round++) {
      write(stream, written, 200)
      written += 200
      buffersOf(stream)
      const all = bytesOf(stream, { start: acknowledged * 100, end: written * 100 })
      expect(all.every((value, at) => value === (acknowledged + Math.floor(at / 100)) % 256)).toBe(true)
      acknowledged += 150
      stream.onAcknowledged({ start: 0, end: acknowledged * 100 })
    }
  })
})

describe("a stream", () => {
  it("arrives whole and in order whatever is lost, repeated, overtaken or acknowledged late", () => {
    const step = fc.record({
      what: fc.constantFrom(
        "write",
        "extend",
        "send",
        "send",
        "send",
        "deliver",
        "deliver",
        "acknowledge",
        "lose",
        "limit",
        "park"
      ),
      size: fc.integer({ min: 1, max: 40 }),
      pick: fc.nat()
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let limit = 50
        const sender = new SendStream(limit)
        const receiver = new ReceiveStream()
        const written: Array<number> = []
        const received: Array<number> = []
        const flying: Array<{ range: Range; data: Uint8Array; delivered: boolean }> = []
        const deliver = (packet: (typeof flying)[number]) => {
          packet.delivered = true
          const buffer = packet.data.slice()
          expect(receiver.receive(packet.range.start, buffer, limit)).toBe(true)
          received.push(...readAll(receiver))
          receiver.park()
          buffer.fill(0)
        }
        for (const { pick, size, what } of steps) {
          const packet = flying[pick % Math.max(1, flying.length)]
          if (what === "write") {
            const data = Uint8Array.from({ length: size }, (_, i) => written.length + i)
            written.push(...data)
            sender.write(data)
          } else if (what === "extend") {
            // Small pieces and some that are larger than the memory that is used again for them.
            const length = pick % 50 === 0 ? 3_000 : size
            const data = Uint8Array.from({ length }, (_, i) => written.length + i)
            written.push(...data)
            sender.extend(length).bytes(data)
          } else if (what === "limit") {
            limit += size
            sender.setLimit(limit)
          } else if (what === "send") {
            const pending = sender.pending
            const range = sender.next(size)
            expect(range !== undefined).toBe(pending)
            if (range === undefined) continue
            expect(range.end - range.start).toBeLessThanOrEqual(size)
            expect(range.end).toBeLessThanOrEqual(limit)
            const data = bytesOf(sender, range)
            expect([...data]).toEqual(written.slice(range.start, range.end))
            flying.push({ range, data, delivered: false })
          } else if (packet === undefined) continue
          else if (what === "deliver") deliver(packet)
          else if (what === "lose") sender.onLost(packet.range)
          else if (what === "acknowledge" && packet.delivered) {
            sender.onAcknowledged(packet.range)
            flying.splice(flying.indexOf(packet), 1)
          }
        }
        // The network recovers: everything is lost once more, then arrives.
        limit += written.length
        sender.setLimit(limit)
        for (const { range } of flying) sender.onLost(range)
        for (let range = sender.next(30); range !== undefined; range = sender.next(30)) {
          deliver({ range, data: bytesOf(sender, range), delivered: false })
          sender.onAcknowledged(range)
        }
        expect(received).toEqual(written.map((byte) => byte & 0xff))
        expect(sender.pending).toBe(false)
        expect(sender.unsent).toBe(0)
        expect(receiver.offset).toBe(written.length)
      }),
      { numRuns: some(400) }
    )
  })

  it("puts overlapping, repeated pieces together as a flat buffer would", () => {
    const piece = fc.tuple(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 30 }))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const stream = new ReceiveStream()
        const here = new Set<number>()
        const read: Array<number> = []
        for (const [offset, length] of pieces) {
          const data = Uint8Array.from({ length }, (_, i) => offset + i)
          expect(stream.receive(offset, data, 120)).toBe(true)
          for (let i = offset; i < offset + length; i++) here.add(i)
          read.push(...readAll(stream))
          let contiguous = 0
          while (here.has(contiguous)) contiguous++
          expect(read).toEqual(Array.from({ length: contiguous }, (_, i) => i))
        }
      }),
      { numRuns: some(400) }
    )
  })

  it("refuses bytes beyond the limit, and more pieces than an honest sender makes", () => {
    const stream = new ReceiveStream()
    expect(stream.receive(0, new Uint8Array(11), 10)).toBe(false)
    expect(stream.receive(10, new Uint8Array(1), 10)).toBe(false)
    const scattered = new ReceiveStream()
    for (let i = 0; i < MAX_SEGMENTS; i++) {
      expect(scattered.receive(2 * i + 1, new Uint8Array(1), 100_000)).toBe(true)
    }
    expect(scattered.receive(2 * MAX_SEGMENTS + 1, new Uint8Array(1), 100_000)).toBe(false)
  })

  it("takes any number of small pieces that follow each other behind a hole", () => {
    const stream = new ReceiveStream()
    const all = Uint8Array.from({ length: 40_000 }, (_, i) => i)
    for (let i = 1; i < all.length; i++) expect(stream.receive(i, all.slice(i, i + 1), 100_000)).toBe(true)
    expect(stream.receive(0, all.slice(0, 1), 100_000)).toBe(true)
    expect(readAll(stream)).toEqual([...all])
  })

  it("ignores a limit that came late", () => {
    const stream = new SendStream(10)
    stream.write(new Uint8Array(100))
    stream.setLimit(50)
    stream.setLimit(20)
    expect(stream.next(100)).toEqual({ start: 0, end: 50 })
    expect(stream.pending).toBe(false)
    expect(stream.unsent).toBe(50)
  })
})
