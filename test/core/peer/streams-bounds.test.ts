import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { PeerEvent } from "../../../src/core/peer/PeerEvent.js"
import { PendingFrames } from "../../../src/core/peer/recovery/PendingFrames.js"
import type { SentFrame } from "../../../src/core/peer/recovery/SentFrame.js"
import { FEW_STREAMS, MANY_STREAMS, ReceiveBudget, TOTAL_BYTES } from "../../../src/core/peer/stream/ReceiveBudget.js"
import { MAX_STREAMS, Streams } from "../../../src/core/peer/stream/Streams.js"
import { Writer } from "../../../src/protocol/Bytes.js"
import { some } from "../../support/Effort.js"
import { peerId } from "../../support/ids.js"

/** Opens streams with a byte each, which our side gives up at once, until it has had enough; how many it took. */
const give = (streams: Streams, most: number, each: () => void): number => {
  for (let i = 0; i < most; i++) {
    const id = 2 + 2 * i
    if (!streams.onStream(id, 0, Uint8Array.of(1))) return i
    streams.reset(id, 3)
    each()
  }
  return most
}

describe("the streams of all peers", () => {
  /** So many connections of one client, with what is told about each. */
  const connections = (count: number, budget: ReceiveBudget) =>
    Array.from({ length: count }, () => {
      const events: Array<PeerEvent> = []
      const pending = new PendingFrames()
      return { events, streams: new Streams(peerId("peer"), (event) => events.push(event), pending, true, budget) }
    })

  const given = (events: ReadonlyArray<PeerEvent>) => events.filter((event) => event._tag === "StreamReset")

  it("hold 64 MiB together: a stream whose bytes are one too many is given up, and one that flows is not", () => {
    expect(TOTAL_BYTES).toBe(64 * 1024 * 1024)
    const budget = new ReceiveBudget()
    const [honest, ...hostile] = connections(60, budget)
    const half = new Uint8Array(32_768)
    honest!.streams.onStream(2, 0, half)
    while (honest!.streams.read(2) !== undefined);
    const window = budget.bytes
    expect(window).toBeGreaterThan(65_536)
    // All that a stream begins with, on all streams that there may be, and nobody reads.
    for (const { streams } of hostile)
      for (let id = 2; id <= 128; id += 2)
        for (const offset of [0, 32_768]) expect(streams.onStream(id, offset, half)).toBe(true)
    expect(budget.bytes).toBeLessThanOrEqual(TOTAL_BYTES)
    const opened = (events: ReadonlyArray<PeerEvent>) => events.filter(({ _tag }) => _tag === "StreamOpened").length
    const kept = hostile.reduce((sum, { events }) => sum + opened(events) - given(events).length, 0)
    expect(kept).toBeLessThanOrEqual(TOTAL_BYTES / 65_536)
    expect(given(honest!.events)).toEqual([])
    for (let at = 32_768; at < 1_000_000; at += half.length) {
      expect(honest!.streams.onStream(2, at, half)).toBe(true)
      expect(honest!.streams.read(2)).toBeInstanceOf(Uint8Array)
    }
    expect(given(honest!.events)).toEqual([])
    for (const { streams } of hostile) streams.close()
    honest!.streams.close()
    expect(budget.bytes).toBe(0)
    expect(budget.hasRoom(FEW_STREAMS)).toBe(true)
  })

  it("are few for each peer once they are many, so that everybody has some", () => {
    const budget = new ReceiveBudget()
    const all = connections(20, budget)
    const open = all.map(({ events, streams }) => {
      for (let id = 2; id <= 128; id += 2) expect(streams.onStream(id, 0, Uint8Array.of(1))).toBe(true)
      return events.filter(({ _tag }) => _tag === "StreamOpened").length
    })
    expect(open).toEqual(Array.from({ length: 20 }, (_, i) => (i < MANY_STREAMS / 64 ? 64 : FEW_STREAMS)))
  })

  it("take no more memory in scattered bytes than in whole ones", () => {
    const [{ streams }] = connections(1, new ReceiveBudget()) as [ReturnType<typeof connections>[0]]
    let taken = 0
    while (taken < 10_000 && streams.onStream(2, 1 + 2 * taken, Uint8Array.of(1))) taken++
    expect(taken).toBe(512)
  })

  it("leave nothing in the account when they are over, whatever happened", () => {
    const act = fc.record({ at: fc.nat(2), id: fc.integer({ min: 1, max: 12 }), what: fc.nat(6), size: fc.nat(70_000) })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const budget = new ReceiveBudget()
        const all = connections(3, budget)
        const ends = new Map<string, number>()
        for (const { at, id, size, what } of acts) {
          const { streams } = all[at]!
          const offset = ends.get(`${at} ${id}`) ?? 0
          if (what <= 2 && streams.onStream(id, offset, new Uint8Array(size)) && size > 0)
            ends.set(`${at} ${id}`, offset + size)
          if (what === 3) streams.read(id)
          if (what === 4) streams.reset(id, 2)
          if (what === 5) streams.onReset(id, 2)
          if (what === 6) streams.open()
          expect(budget.bytes).toBeGreaterThanOrEqual(0)
        }
        for (const { streams } of all) streams.close()
        expect(budget.bytes).toBe(0)
        expect(budget.share).toBe(TOTAL_BYTES)
      }),
      { numRuns: some(500) }
    )
  })
})

describe("streams that we give up", () => {
  const make = () => new Streams(peerId("peer"), (_: PeerEvent) => {}, new PendingFrames(), true, new ReceiveBudget())

  it("are opened by one frame as long as they are no more than a side may have", () => {
    const last = 2 * MAX_STREAMS
    expect(make().onStream(last + 2, 0, Uint8Array.of(1))).toBe(false)
    expect(make().onStream(last, 0, Uint8Array.of(1))).toBe(true)
  })

  it("are no longer remembered than the peer may leave them unacknowledged", () => {
    const taken = give(make(), 100_000, () => {})
    expect(taken).toBeGreaterThanOrEqual(2 * MAX_STREAMS)
    expect(taken).toBeLessThan(10 * MAX_STREAMS)
  })

  it("make room for as many as one likes, as long as that is acknowledged", () => {
    const streams = make()
    const packet = new Uint8Array(1_200)
    const taken = give(streams, 5_000, () => {
      const frames: Array<SentFrame> = []
      streams.writeTo(new Writer(packet), packet.length, frames)
      for (const frame of frames) if (frame._tag === "Reset") streams.onResetAcknowledged(frame.stream)
    })
    expect(taken).toBe(5_000)
  })
})
