import { describe, expect, it } from "vitest"
import { Disk, ID, Transfer } from "../../../scenarios/support/Transfer.js"
import type { Content, Entry } from "../../../src/core/files/Content.js"
import { FileReceiver } from "../../../src/core/files/FileReceiver.js"
import * as Manifest from "../../../src/core/files/Manifest.js"
import { safeEntries, safePaths } from "../../../src/core/files/SafePaths.js"
import type { ReceiverEvent } from "../../../src/core/files/TransferIo.js"
import { type Sliced, UNITS } from "../../../src/core/support/Slices.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import { fromHex } from "../../../src/protocol/Bytes.js"
import { encode, MAX_ENTRIES, ResetCode } from "../../../src/protocol/FileRecord.js"
import { mostAtOnce, slicesOf, whole } from "../../support/slices.js"

const file = (path: string): Entry => ({ path, size: 0, executable: false })
const many = (count: number, path: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => file(path(index)))
const make = (entries: ReadonlyArray<Entry>) =>
  Manifest.make(crypto, { id: ID, kind: "folder", name: "x", entries, leaves: new Uint8Array(0) })

/** As many entries as there may be, and some that somebody makes to cost as much as they can. */
const PLAIN = many(MAX_ENTRIES, (index) => `src/${index >> 6}/${index}.ts`)
const SOME = PLAIN.slice(0, 10_000)
const LONG = many(4_000, (index) => `${String(index).padStart(5, "0")}${"x".repeat(110)}`)
const FLOOD = many(100, (index) => `${index}${"e\u0301\u200d".repeat(680)}`)
const DEEP = many(200, (index) => `${index}/${"a:/".repeat(61)}x`)
const CASES = many(4_000, (index) =>
  Array.from("abcdefghijklmnop", (letter, bit) => ((index >> bit) & 1 ? letter.toUpperCase() : letter)).join("")
)
const HOSTILE = [LONG, FLOOD, DEEP, CASES]

const watched = (entries: ReadonlyArray<Entry>, work: (entries: ReadonlyArray<Entry>) => Sliced<unknown>): number =>
  mostAtOnce(entries, "path", work)

describe("a manifest", () => {
  it("is looked at in slices of at most 2,048 entries, and of fewer whose names cost more", () => {
    expect(UNITS).toBe(2_048)
    for (const work of [make, safePaths, safeEntries]) expect(watched(SOME, work)).toBeLessThanOrEqual(UNITS)
    const most = (entries: ReadonlyArray<Entry>) => watched(entries, (each) => safePaths(each, true))
    expect(most(SOME)).toBeLessThan(225)
    expect(most(LONG)).toBeLessThan(100)
    expect(most(FLOOD)).toBeLessThanOrEqual(3)
    expect(most(DEEP)).toBeLessThanOrEqual(4)
    expect(most(CASES)).toBeLessThan(200)
  })

  it("is decoded in slices as well, however it was made", () => {
    for (const entries of HOSTILE) {
      const content = whole(make(entries))!
      const bytes = whole(Manifest.encode(content))
      const slices = slicesOf(Manifest.decode(crypto, content.offer, bytes))
      expect(slices).toBeGreaterThan(slicesOf(safePaths(content.entries)))
      expect(whole(Manifest.decode(crypto, content.offer, bytes))?.entries.length).toBe(entries.length)
    }
  })

  it("goes through the numbers that are taken in slices, within one entry, too", () => {
    const name = "a".repeat(240)
    const taken = [...many(4_000, (index) => `${name} (${index + 2})`), file(name)]
    const one = slicesOf(safePaths([...taken, file(`${name}.`)])) - slicesOf(safePaths(taken))
    expect(one).toBeGreaterThan(20)
  })

  it("of a usual folder is done at once", () => {
    const content = whole(make(many(50, (index) => `src/${index}.ts`)))!
    expect(slicesOf(Manifest.encode(content))).toBe(1)
    expect(slicesOf(Manifest.decode(crypto, content.offer, whole(Manifest.encode(content))))).toBe(1)
  })
})

describe("a receiver with a manifest of 65,536 entries", () => {
  const content: Content = whole(make(PLAIN))!
  const { id, kind, ...rest } = content.offer
  const offer = encode({ _tag: "Offer", ...rest, id: fromHex(id)!, folder: kind === "folder" })!
  const bytes = whole(Manifest.encode(content))
  const PIECE = 32 * 1024

  /** A receiver that has got all of it, and what it has told since the offer. */
  const fed = () => {
    const receiver = new FileReceiver(crypto)
    const events: Array<ReceiverEvent> = []
    const drain = () => {
      for (let event = receiver.pollEvent(); event !== undefined; event = receiver.pollEvent()) events.push(event)
    }
    receiver.handleBytes(offer.slice())
    receiver.accept()
    for (let at = 0; at < bytes.length; at += PIECE) {
      const last = at + PIECE >= bytes.length
      receiver.handleBytes(encode({ _tag: "Contents", last, bytes: bytes.subarray(at, at + PIECE) })!)
    }
    drain()
    expect(receiver.poll(true)?._tag).toBe("Write")
    return { receiver, events, drain }
  }
  const tags = (events: ReadonlyArray<ReceiverEvent>) => events.map(({ _tag }) => _tag)

  it("lets others run many times before it knows the contents, and reads nothing meanwhile", () => {
    const { drain, events, receiver } = fed()
    receiver.handleBytes(encode({ _tag: "Pause", paused: true })!)
    expect(receiver.wantsBytes).toBe(false)
    let turns = 0
    for (; receiver.poll(true)?._tag === "Turn"; turns++) {
      drain()
      expect(tags(events)).toEqual(["Offered"])
      receiver.handleTurn()
    }
    drain()
    expect(turns).toBeGreaterThan(100)
    expect(tags(events)).toEqual(["Offered", "Contents", "Complete"])
    expect(receiver.wantsBytes).toBe(false)
  })

  it("has nothing of it when it ends in between", () => {
    for (const end of ["abort", "reset", "end"] as const) {
      const { drain, events, receiver } = fed()
      for (let turn = 0; turn < 20; turn++) receiver.handleTurn()
      if (end === "abort") receiver.abort("Cancelled")
      else if (end === "reset") receiver.handleReset(ResetCode.cancelled)
      else receiver.handleEnd()
      for (let turn = 0; turn < 1_000; turn++) receiver.handleTurn()
      drain()
      expect(events.find(({ _tag }) => _tag === "Contents")).toBeUndefined()
      expect(receiver.have).toBeUndefined()
      if (end !== "reset") expect(receiver.poll(true)?._tag).toBe("Reset")
      expect(receiver.poll(true)).toBeUndefined()
    }
  })

  it("gets it from a sender that makes it in turns, too", () => {
    const transfer = new Transfer(new Disk(PLAIN.map(() => new Uint8Array(0))), content)
    expect(transfer.run()).toBe(false)
    expect(tags(transfer.receiverEvents)).toEqual(["Offered", "Contents", "Complete"])
    expect(transfer.senderEvents.at(-1)).toEqual({ _tag: "Complete" })
  })
})
