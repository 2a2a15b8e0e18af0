import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { contentOf, Disk } from "../../../scenarios/support/Transfer.js"
import { ChunkBitmap } from "../../../src/core/files/ChunkBitmap.js"
import { FileReceiver } from "../../../src/core/files/FileReceiver.js"
import { FileSender } from "../../../src/core/files/FileSender.js"
import * as Manifest from "../../../src/core/files/Manifest.js"
import type { ReceiverEvent, SenderEvent } from "../../../src/core/files/TransferIo.js"
import * as FileName from "../../../src/domain/FileName.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { concat, fromHex } from "../../../src/protocol/Bytes.js"
import { type EncodableRecord, encode, ResetCode } from "../../../src/protocol/FileRecord.js"
import { some } from "../../support/Effort.js"
import { whole } from "../../support/slices.js"

const CHUNK = 64
const source = new Disk([new Uint8Array(100).fill(1), new Uint8Array(0), new Uint8Array(3 * CHUNK).fill(2)])
const content = contentOf(source, CHUNK)
const all = concat(source.files)
const chunk = (index: number) => all.subarray(index * CHUNK, (index + 1) * CHUNK)
const chunks = Math.ceil(all.length / CHUNK)

const record = (each: EncodableRecord): Uint8Array => encode(each)!
const offer = record({
  _tag: "Offer",
  id: fromHex(content.offer.id)!,
  folder: true,
  size: all.length,
  files: 3,
  root: content.offer.root,
  name: "thing",
  version: 2,
  folders: 0,
  executables: content.offer.executables,
  risks: 0
})
const contents = record({ _tag: "Contents", last: true, bytes: whole(Manifest.encode(content)) })
const chunkRecord = (index: number) => record({ _tag: "Chunk", index })
const honest = [
  offer,
  contents,
  ...Array.from({ length: chunks }, (_, index) => [chunkRecord(index), chunk(index)]).flat()
]

/** A receiver whose application accepts everything, with a disk that takes nothing outside of the layout. */
class Victim {
  readonly receiver = new FileReceiver(crypto, CHUNK)
  readonly events: Array<ReceiverEvent> = []
  disk = new Disk([])
  codes: Array<number> = []
  written = 0

  feed(bytes: Uint8Array): void {
    this.receiver.handleBytes(bytes)
    this.drain()
  }

  drain(): void {
    for (;;) {
      for (let event = this.receiver.pollEvent(); event !== undefined; event = this.receiver.pollEvent()) {
        this.events.push(event)
        if (event._tag === "Offered") {
          expect(FileName.make(event.offer.name)).toBe(event.offer.name)
          this.receiver.accept()
        }
        if (event._tag === "Contents") {
          for (const { path } of event.content.entries)
            for (const each of path.split("/")) expect(FileName.make(each)).toBe(each)
          this.disk = Disk.empty(event.content.entries)
        }
        if (event._tag === "Complete") this.receiver.stored()
      }
      const action = this.receiver.poll(true)
      if (action === undefined) return
      if (action._tag === "Save") {
        this.disk.write(action.file, action.offset, action.bytes)
        this.receiver.handleSaved()
      }
      if (action._tag === "Turn") this.receiver.handleTurn()
      if (action._tag === "Write") this.written += action.bytes.length
      if (action._tag === "Reset") this.codes.push(action.code)
    }
  }

  get last(): ReceiverEvent | undefined {
    return this.events.at(-1)
  }
}

const fed = (...parts: ReadonlyArray<Uint8Array>): Victim => {
  const victim = new Victim()
  for (const part of parts) victim.feed(part.slice())
  return victim
}

const violation = { _tag: "Failed", reason: "Violation", by: "us" }

const refused = (victim: Victim) => {
  expect(victim.last).toEqual(violation)
  expect(victim.codes).toEqual([ResetCode.violation])
  expect(victim.receiver.wantsBytes).toBe(false)
}

describe("a receiver", () => {
  it("takes what an honest sender sends", () => {
    const victim = fed(...honest)
    expect(victim.last).toEqual({ _tag: "Complete" })
    expect(victim.disk.files).toEqual(source.files)
  })

  it("takes no more than 2 KiB of a record before it has answered, and what its type allows afterwards", () => {
    const unknown = (length: number) =>
      concat([Uint8Array.of(0x80, 0, length >> 8, length & 0xff, 77), bytes(length - 1)])
    const bytes = (length: number) => new Uint8Array(length)
    for (const before of [[], [offer]]) {
      const receiver = new FileReceiver(crypto, CHUNK)
      for (const part of before) receiver.handleBytes(part.slice())
      receiver.handleBytes(unknown(2_049).subarray(0, 10))
      expect(receiver.poll(true)).toEqual({ _tag: "Reset", code: ResetCode.violation })
    }
    const waiting = new FileReceiver(crypto, CHUNK)
    waiting.handleBytes(offer.slice())
    for (let i = 0; i < 100; i++) waiting.handleBytes(unknown(2_048))
    expect(waiting.poll(true)).toBeUndefined()
    expect(fed(offer, unknown(60_000), ...honest.slice(1)).last).toEqual({ _tag: "Complete" })
  })

  it("ends with a violation what is not the next step", () => {
    refused(fed(contents))
    refused(fed(chunkRecord(0)))
    refused(fed(record({ _tag: "Pause", paused: true })))
    refused(fed(Uint8Array.of(1, 77)))
    refused(fed(offer, offer))
    refused(fed(offer, chunkRecord(0)))
    refused(fed(offer, contents, contents))
    refused(fed(offer, contents, chunkRecord(1)))
    refused(fed(offer, contents, chunkRecord(0), chunk(0), chunkRecord(0)))
    refused(fed(offer, contents, chunkRecord(0), chunk(0), chunkRecord(2)))
    refused(fed(offer, contents, chunkRecord(0), chunk(0), new Uint8Array(1)))
    refused(fed(offer, contents, chunkRecord(1_000_000)))
    for (const each of ["Accept", "Decline", "Saved", "Done"] as const)
      refused(
        fed(offer, record({ _tag: each, contents: false, have: new Uint8Array(0), reason: 0, chunks: 0 } as never))
      )
    refused(
      fed(
        record({
          _tag: "Offer",
          id: new Uint8Array(16),
          folder: true,
          size: 2 ** 42 + 1,
          files: 1,
          version: 1,
          folders: 0,
          executables: 0,
          risks: 0,
          root: new Uint8Array(32),
          name: "x"
        })
      )
    )
    refused(
      fed(
        record({
          _tag: "Offer",
          id: new Uint8Array(16),
          folder: true,
          size: 1,
          files: 65_537,
          version: 1,
          folders: 0,
          executables: 0,
          risks: 0,
          root: new Uint8Array(32),
          name: "x"
        })
      )
    )
    const early = fed(offer, contents)
    early.receiver.handleEnd()
    early.drain()
    refused(early)
  })

  it("tells damage from a violation", () => {
    const victim = fed(offer, contents, chunkRecord(0), chunk(2))
    expect(victim.last).toEqual({ _tag: "Failed", reason: "Corrupt", by: "us" })
    expect(victim.codes).toEqual([ResetCode.corrupt])
    expect(fed(offer, record({ _tag: "Contents", last: true, bytes: new Uint8Array(500) })).codes).toEqual([
      ResetCode.corrupt
    ])
    expect(fed(fromHex("03010300")!).codes).toEqual([ResetCode.unsupported])
  })

  it("is not spoilt by what comes after everything is here", () => {
    const victim = fed(offer, concat([...honest.slice(1), chunkRecord(0), new Uint8Array(9)]))
    expect(victim.events.map(({ _tag }) => _tag)).toEqual(["Offered", "Contents", "Complete"])
    expect(victim.codes).toEqual([])
  })

  it("skips records that it does not know, wherever they are", () => {
    const later = Uint8Array.of(3, 99, 1, 2)
    const victim = fed(offer, later, contents, later, ...honest.slice(2), later)
    expect(victim.last).toEqual({ _tag: "Complete" })
  })

  it("holds no more of manifest and leaves than an offer may have", () => {
    const victim = fed(offer)
    const piece = record({ _tag: "Contents", last: false, bytes: new Uint8Array(64 * 1024 - 2) })
    let pieces = 0
    for (; victim.events.length < 2 && pieces < 1_000; pieces++) victim.feed(piece)
    refused(victim)
    expect(pieces * 64 * 1024).toBeLessThan(8.2 * 1024 * 1024)
  })

  it("fills no queue for somebody who flickers", () => {
    const victim = fed(offer, contents)
    const pauses = Array.from({ length: 10_000 }, (_, index) => record({ _tag: "Pause", paused: index % 2 === 0 }))
    victim.receiver.handleBytes(concat(pauses))
    let events = 0
    while (victim.receiver.pollEvent() !== undefined) events++
    expect(events).toBe(1)
    expect(victim.receiver.pausedBy).toBeUndefined()
  })

  it("writes nothing that was not asked for while its stream takes nothing", () => {
    const victim = fed(offer, contents, chunkRecord(0), chunk(0))
    victim.receiver.handleBytes(concat([chunkRecord(1), chunk(1)]))
    const actions = []
    for (let action = victim.receiver.poll(false); action !== undefined; action = victim.receiver.poll(false)) {
      actions.push(action._tag)
      victim.receiver.handleSaved()
    }
    expect(new Set(actions)).toEqual(new Set(["Save"]))
  })

  it("is complete with the bytes that were offered or not at all, however a transfer is mangled", () => {
    const mangling = fc.array(
      fc.record({
        how: fc.constantFrom("flip", "drop", "double", "swap", "cut", "insert" as const),
        at: fc.nat(honest.length - 1),
        to: fc.nat(400),
        bytes: fc.uint8Array({ maxLength: 12 })
      }),
      { maxLength: 3 }
    )
    const runs = some(3_000)
    let complete = 0
    let failed = 0
    fc.assert(
      fc.property(mangling, fc.integer({ min: 1, max: 200 }), (mangling, portion) => {
        const parts: Array<Uint8Array> = honest.map((part) => part.slice())
        for (const { at: wanted, bytes, how, to } of mangling) {
          const at = Math.min(wanted, parts.length - 1)
          const part = parts[at]!
          if (how === "flip" && part.length > 0) part[to % part.length]! ^= 1 << (to % 8)
          else if (how === "drop") parts.splice(at, 1)
          else if (how === "double") parts.splice(at, 0, part)
          else if (how === "swap") parts.push(...parts.splice(at, 1))
          else if (how === "cut") parts[at] = part.subarray(0, to % (part.length + 1))
          else if (how === "insert") parts.splice(at, 0, bytes)
        }
        const stream = concat(parts)
        const victim = new Victim()
        for (let at = 0; at < stream.length; at += portion) victim.feed(stream.slice(at, at + portion))
        const tags = victim.events.map(({ _tag }) => _tag)
        expect(tags.filter((tag) => tag === "Complete" || tag === "Failed").length).toBeLessThanOrEqual(1)
        if (tags.includes("Complete")) {
          complete++
          expect(victim.disk.files).toEqual(source.files)
        }
        if (tags.includes("Failed")) {
          failed++
          expect(victim.codes.length).toBe(1)
        }
      }),
      { numRuns: runs }
    )
    expect(complete).toBeGreaterThan(runs / 30)
    expect(failed).toBeGreaterThan(runs / 3)
  })

  it("survives any bytes", () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(...honest))
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 8 }), fc.boolean(), (pieces, first) => {
        const victim = first ? fed(offer, ...pieces) : fed(...pieces)
        expect(victim.events.length).toBeLessThan(200)
        expect(victim.codes.length).toBeLessThanOrEqual(1)
      }),
      { numRuns: some(3_000) }
    )
  })
})

/** A sender that was given these bytes, and read and wrote between them as far as it wanted. */
const sending = (parts: ReadonlyArray<Uint8Array>, steps = 1_000) => {
  const sender = new FileSender(content, CHUNK)
  const events: Array<SenderEvent> = []
  const codes: Array<number> = []
  let written = 0
  const drain = () => {
    for (let event = sender.pollEvent(); event !== undefined; event = sender.pollEvent()) events.push(event)
    for (let step = 0; step < steps; step++) {
      const action = sender.poll(true)
      if (action === undefined) return
      if (action._tag === "Write") written += action.bytes.length
      if (action._tag === "Reset") codes.push(action.code)
      if (action._tag === "Read") sender.handleRead(source.read(action))
    }
  }
  drain()
  for (const part of parts) {
    sender.handleBytes(part.slice())
    drain()
  }
  return { sender, events, codes, written }
}

const accept = (have: Uint8Array, contents = false) => record({ _tag: "Accept", contents, have })
const none = accept(new Uint8Array(0))
const done = record({ _tag: "Done" })
const saved = (chunks: number) => record({ _tag: "Saved", chunks })

describe("a sender", () => {
  it("ends with a violation what is not an answer", () => {
    const violated = (parts: ReadonlyArray<Uint8Array>, steps?: number) => {
      const { codes, events } = sending([...parts], steps)
      expect(events.at(-1)).toEqual(violation)
      expect(codes).toEqual([ResetCode.violation])
    }
    violated([offer])
    violated([contents])
    violated([saved(0), saved(1)])
    violated([none, none])
    violated([none, record({ _tag: "Decline", reason: 0 })])
    violated([accept(Uint8Array.of(0xff))])
    violated([accept(Uint8Array.of(1), true)])
    violated([none, saved(chunks + 1)])
    violated([none, saved(2), saved(1)])
    // Nothing of it was sent yet.
    violated([none, done], 1)
    violated([Uint8Array.of(0)])
  })

  it("sends each missing chunk once, and nothing before it was accepted", () => {
    expect(sending([]).written).toBe(offer.length)
    const have = new ChunkBitmap(chunks)
    have.add(1)
    const { events, sender, written } = sending([accept(have.toBytes()), saved(chunks - 1), done])
    expect(written).toBe(offer.length + (chunks - 1) * 3 + all.length - CHUNK)
    expect(events.map(({ _tag }) => _tag)).toEqual(["Accepted", "Complete"])
    expect(sender.transferred).toBe(all.length)
  })

  it("knows the reasons of a reset", () => {
    for (const [code, event] of [
      [1, { _tag: "Failed", reason: "Busy", by: "them" }],
      [2, { _tag: "Cancelled" }],
      [3, { _tag: "Failed", reason: "Violation", by: "them" }],
      [6, { _tag: "Failed", reason: "Storage", by: "them" }],
      [7, { _tag: "Failed", reason: "Unsupported", by: "them" }],
      [99, { _tag: "Failed", reason: "Other", by: "them" }]
    ] as const) {
      const { sender } = sending([none])
      while (sender.pollEvent() !== undefined);
      sender.handleReset(code)
      expect(sender.pollEvent()).toEqual(event)
      expect(sender.poll(true)).toBeUndefined()
    }
  })

  it("survives any bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(
        none,
        accept(Uint8Array.of(3)),
        accept(new Uint8Array(0), true),
        done,
        saved(1),
        saved(chunks),
        offer
      ),
      fc.constantFrom(record({ _tag: "Pause", paused: true }), record({ _tag: "Pause", paused: false }))
    )
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 10 }), (pieces) => {
        const { codes, events, sender, written } = sending(pieces)
        expect(codes.length).toBeLessThanOrEqual(1)
        expect(events.length).toBeLessThan(30)
        expect(written).toBeLessThan(2_000)
        expect(sender.transferred).toBeLessThanOrEqual(all.length)
      }),
      { numRuns: some(3_000) }
    )
  })
})
