import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { contentOf, Disk, type Kept, scan, Transfer } from "../../../scenarios/support/Transfer.js"
import { ChunkLayout } from "../../../src/core/files/ChunkLayout.js"
import type { FileReceiver } from "../../../src/core/files/FileReceiver.js"
import { ResetCode } from "../../../src/protocol/FileRecord.js"

const CHUNK = 64
/** Files of many lengths: none, shorter than a chunk, exactly some chunks, longer. */
const files = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 3 * CHUNK }),
    fc.constantFrom(new Uint8Array(0), new Uint8Array(CHUNK).fill(1), new Uint8Array(2 * CHUNK).fill(2))
  ),
  { maxLength: 8 }
)
/** How a stream cuts what goes through it. */
const portions = fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 20 })

/** When the disks answer. */
const disk = fc.array(fc.boolean(), { maxLength: 8 }).map((ready) => [...ready, true])

const cycle = <A>(values: ReadonlyArray<A>) => {
  let at = 0
  return () => values[at++ % values.length]!
}

const tags = (events: ReadonlyArray<{ readonly _tag: string }>) => events.map(({ _tag }) => _tag)

describe("a transfer", () => {
  it("brings every byte over, however the stream cuts them, within its bound of memory", () => {
    fc.assert(
      fc.property(files, portions, disk, fc.integer({ min: 1, max: 500 }), (files, portion, disk, window) => {
        const source = new Disk(files)
        const content = contentOf(source, CHUNK)
        const transfer = new Transfer(source, content, {
          chunkSize: CHUNK,
          portion: cycle(portion),
          diskReady: cycle(disk),
          window
        })
        expect(transfer.run()).toBe(false)
        expect(tags(transfer.receiverEvents)).toEqual(["Offered", "Contents", "Complete"])
        expect(tags(transfer.senderEvents)).toEqual(["Accepted", "Complete"])
        expect(transfer.target!.files).toEqual(files)
        expect(transfer.receiverEvents[0]).toEqual({ _tag: "Offered", offer: content.offer })
        expect(transfer.receiverEvents[1]).toMatchObject({ content })
        expect(transfer.sender.transferred).toBe(content.offer.size)
        expect(transfer.receiver.transferred).toBe(content.offer.size)
        expect(transfer.resets).toEqual([])
      })
    )
  })

  it("goes on after breaks at any byte with what is missing, whatever the disk lost", () => {
    const breaks = fc.array(
      fc.record({ at: fc.integer({ min: 1, max: 2000 }), damage: fc.infiniteStream(fc.nat(9)), restart: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 6
      }
    )
    fc.assert(
      fc.property(files, portions, disk, breaks, (files, portion, disk, breaks) => {
        const source = new Disk(files)
        const content = contentOf(source, CHUNK)
        const layout = new ChunkLayout(content.entries, CHUNK)
        let known: Kept | undefined
        let target: Disk | undefined
        for (const each of [...breaks, undefined]) {
          const here = known?.have.count ?? 0
          const transfer = new Transfer(source, content, {
            chunkSize: CHUNK,
            portion: cycle(portion),
            diskReady: cycle(disk),
            ...(each && { breakAt: each.at }),
            ...(known && { known }),
            ...(target && { target })
          })
          const broke = transfer.run()
          const missing = layout.chunks - here
          // Every missing chunk once, its header, the offer, and (the first time) manifest and leaves.
          expect(transfer.sent).toBeLessThanOrEqual(
            missing * (CHUNK + 5) + 150 + (known ? 0 : 40 * layout.chunks + 40 * files.length)
          )
          const first = transfer.receiverEvents.find((event) => event._tag === "Contents")
          const now = first?._tag === "Contents" ? first.content : known?.content
          target = transfer.target
          if (!broke) {
            expect(tags(transfer.senderEvents)).toContain("Complete")
            expect(target!.files).toEqual(files)
            expect(transfer.sender.transferred).toBe(content.offer.size)
            if (known && transfer.saves === 0) expect(here).toBe(layout.chunks)
            return
          }
          if (now === undefined || target === undefined) continue
          if (each!.restart) {
            // A crash: what was written last is garbage, or was never written.
            for (const file of target.files)
              for (let at = 0; at < file.length; at += 7) {
                const fate = each!.damage.next().value
                if (fate < 2) file[at] = fate === 0 ? 0 : file[at]! ^ 0xff
              }
            known = { content: now, have: scan(target, layout).matching(now.leaves) }
          } else known = { content: now, have: transfer.receiver.have ?? known!.have }
        }
        throw new Error("unreachable: the last connection does not break")
      })
    )
  })

  it("asks for nothing that is there", () => {
    const source = new Disk([new Uint8Array(10 * CHUNK).fill(7)])
    const content = contentOf(source, CHUNK)
    const target = new Disk([source.files[0]!.slice()])
    target.files[0]![3 * CHUNK] = 0
    const have = scan(target, new ChunkLayout(content.entries, CHUNK)).matching(content.leaves)
    expect(have.count).toBe(9)
    const transfer = new Transfer(source, content, { chunkSize: CHUNK, known: { content, have }, target })
    transfer.run()
    expect(transfer.sent).toBeLessThan(2 * CHUNK + 100)
    expect(target.files).toEqual(source.files)
  })

  it("ends with `Corrupt` when the source is not what was offered, and saves nothing of it", () => {
    const source = new Disk([new Uint8Array(5 * CHUNK).fill(7)])
    const content = contentOf(source, CHUNK)
    source.files[0]![2 * CHUNK + 5] = 8
    const transfer = new Transfer(source, content, { chunkSize: CHUNK })
    transfer.run()
    expect(transfer.receiverEvents.at(-1)).toEqual({ _tag: "Failed", reason: "Corrupt", by: "us" })
    expect(transfer.senderEvents.at(-1)).toEqual({ _tag: "Failed", reason: "Corrupt", by: "them" })
    expect(transfer.saves).toBe(2)
    expect(transfer.resets).toEqual([ResetCode.corrupt])
  })

  it("ends with `Changed` when the source has become shorter", () => {
    const source = new Disk([new Uint8Array(5 * CHUNK).fill(7)])
    const content = contentOf(source, CHUNK)
    source.files[0] = source.files[0]!.slice(0, 4 * CHUNK + 1)
    const transfer = new Transfer(source, content, { chunkSize: CHUNK })
    transfer.run()
    expect(transfer.senderEvents.at(-1)).toEqual({ _tag: "Failed", reason: "Changed", by: "us" })
    expect(transfer.receiverEvents.at(-1)).toEqual({ _tag: "Failed", reason: "Changed", by: "them" })
  })

  it("is declined, answered as stored, or put off", () => {
    const source = new Disk([new Uint8Array(CHUNK)])
    const content = contentOf(source, CHUNK)
    const offered = (onOffered: (receiver: FileReceiver) => void) => {
      const transfer = new Transfer(source, content, { chunkSize: CHUNK, onOffered })
      transfer.run()
      expect(transfer.sent).toBeLessThan(150)
      return transfer.senderEvents
    }
    expect(offered((receiver) => receiver.decline("NoSpace"))).toEqual([{ _tag: "Declined", reason: "NoSpace" }])
    expect(offered((receiver) => receiver.stored())).toEqual([{ _tag: "Complete" }])
    expect(offered((receiver) => receiver.abort("Busy"))).toEqual([{ _tag: "Failed", reason: "Busy", by: "them" }])
    expect(offered((receiver) => receiver.abort("Cancelled"))).toEqual([{ _tag: "Cancelled" }])
    expect(offered(() => {})).toEqual([])
  })

  it("stops soon when either side pauses, and goes on when both want it", () => {
    const source = new Disk([new Uint8Array(100 * CHUNK).fill(3)])
    const content = contentOf(source, CHUNK)
    for (const who of ["sender", "receiver"] as const) {
      const transfer = new Transfer(source, content, { chunkSize: CHUNK, window: CHUNK, portion: () => 30 })
      transfer[who].pause(true)
      transfer.run()
      const before = transfer.receiver.transferred
      expect(before).toBeLessThanOrEqual(3 * CHUNK)
      expect([transfer.sender.pausedBy, transfer.receiver.pausedBy].sort()).toEqual(["them", "us"])
      transfer.run()
      expect(transfer.receiver.transferred).toBe(before)
      transfer[who].pause(false)
      transfer.run()
      expect(tags(transfer.senderEvents)).toContain("Complete")
      expect(transfer.target!.files).toEqual(source.files)
    }
  })

  it("loses nothing to pauses at any moment", () => {
    const wishes = fc.array(fc.constantFrom("sender", "receiver", undefined), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(files, disk, wishes, (files, disk, wishes) => {
        const wish = cycle(wishes)
        const onTurn = ({ receiver, sender }: Transfer) => {
          const who = wish()
          if (who === "sender") sender.pause(sender.pausedBy === undefined || sender.pausedBy === "them")
          if (who === "receiver") receiver.pause(receiver.pausedBy === undefined || receiver.pausedBy === "them")
        }
        const source = new Disk(files)
        const options = { chunkSize: CHUNK, window: 30, diskReady: cycle(disk) }
        let turns = 0
        const transfer = new Transfer(source, contentOf(source, CHUNK), {
          ...options,
          onTurn: (each) => turns++ < 200 && onTurn(each)
        })
        transfer.run()
        turns = 200
        transfer.sender.pause(false)
        transfer.receiver.pause(false)
        transfer.run()
        expect(tags(transfer.senderEvents)).toContain("Complete")
        expect(transfer.target!.files).toEqual(files)
        expect(transfer.resets).toEqual([])
      })
    )
  })

  it("tells the sender how much is stored, never more than is", () => {
    const source = new Disk([new Uint8Array(50 * CHUNK + 1).fill(3)])
    const content = contentOf(source, CHUNK)
    for (let breakAt = 1; breakAt < 6000; breakAt += 50) {
      const transfer = new Transfer(source, content, { chunkSize: CHUNK, portion: () => 40, window: 100, breakAt })
      if (!transfer.run()) break
      expect(transfer.sender.transferred).toBeLessThanOrEqual(transfer.receiver.transferred)
      expect(transfer.sender.transferred).toBeGreaterThanOrEqual(transfer.receiver.transferred - 10 * CHUNK)
    }
  })

  it("reports nothing after it was ended from here, and takes nothing more", () => {
    const source = new Disk([new Uint8Array(50 * CHUNK).fill(3)])
    const content = contentOf(source, CHUNK)
    const transfer = new Transfer(source, content, { chunkSize: CHUNK, portion: () => 40, window: 100, breakAt: 3000 })
    transfer.run()
    transfer.receiver.abort("Storage")
    expect(transfer.receiver.wantsBytes).toBe(false)
    expect(transfer.receiver.pollEvent()).toBeUndefined()
    expect(transfer.receiver.poll(true)).toEqual({ _tag: "Reset", code: ResetCode.storage })
    transfer.receiver.handleBytes(new Uint8Array(100))
    transfer.receiver.handleEnd()
    transfer.receiver.handleReset(3)
    expect(transfer.receiver.pollEvent()).toBeUndefined()
    expect(transfer.receiver.poll(true)).toBeUndefined()
  })
})
