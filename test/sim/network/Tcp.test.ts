import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { TcpReceiver } from "../../../src/sim/network/TcpReceiver.js"
import { MSS, TcpSender } from "../../../src/sim/network/TcpSender.js"

const WINDOW = 65_536

/** A sender whose handshake is over. */
const established = (bound = 1_000_000) => {
  const sender = new TcpSender(bound)
  sender.syn(0)
  sender.acknowledge(1, WINDOW, 100_000)
  return sender
}

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31) & 255)

describe("TcpSender", () => {
  it("keeps to the peer's window, and probes one that is shut", () => {
    const sender = established()
    sender.push(bytes(5000))
    sender.acknowledge(1, 1000, 0)
    expect(sender.take(MSS, 0)?.data.length).toBe(1000)
    expect(sender.take(MSS, 0)).toBeUndefined()
    sender.acknowledge(1001, 0, 0)
    expect(sender.patience).toBeGreaterThan(0)
    expect(sender.expire(0)).toMatchObject({ sequence: 1000, data: new Uint8Array(0) })
    sender.acknowledge(1001, WINDOW, 0)
    expect(sender.take(MSS, 0)?.sequence).toBe(1001)
  })

  it("sends again at the third repeat of an acknowledgement, and not before", () => {
    const sender = established()
    sender.push(bytes(5 * MSS))
    for (let i = 0; i < 5; i++) sender.take(MSS, 0)
    const repeats = [1, 2, 3, 4].map(() => sender.acknowledge(1, WINDOW, 1000)?.sequence)
    expect(repeats).toEqual([undefined, undefined, 1, undefined])
    // NewReno: an advance that stops short tells of the next loss.
    expect(sender.acknowledge(1 + MSS, WINDOW, 2000)?.sequence).toBe(1 + MSS)
    expect(sender.acknowledge(1 + 5 * MSS, WINDOW, 3000)).toBeUndefined()
  })

  it("doubles its patience until the peer is heard again, and gives up at last", () => {
    const sender = established()
    sender.push(bytes(10))
    sender.take(MSS, 0)
    const first = sender.patience!
    expect(first).toBeGreaterThanOrEqual(200_000)
    sender.expire(0)
    sender.expire(0)
    expect(sender.patience).toBe(4 * first)
    sender.acknowledge(5, WINDOW, 0)
    expect(sender.patience).toBe(first)
    let tries = 0
    while (sender.expire(0) !== "dead") tries++
    expect(tries).toBe(15)
  })

  it("refuses what would exceed its bound, whole", () => {
    const sender = established(100)
    expect([sender.push(bytes(60)), sender.push(bytes(41)), sender.push(bytes(40)), sender.queued]).toEqual([
      true,
      false,
      true,
      100
    ])
  })
})

describe("TcpReceiver", () => {
  it("puts segments in order, however they overlap, repeat and arrive", () => {
    const pieces = fc.array(fc.tuple(fc.nat(99), fc.integer({ min: 1, max: 30 })), { maxLength: 80 })
    fc.assert(
      fc.property(pieces, (arrivals) => {
        const all = bytes(100)
        const receiver = new TcpReceiver()
        const got: Array<number> = []
        const have = new Set<number>()
        for (const [from, length] of arrivals) {
          const end = Math.min(100, from + length)
          receiver.accept(1 + from, all.subarray(from, end), end === 100)
          for (let i = from; i < end; i++) have.add(i)
          for (let data = receiver.read(); data !== undefined; data = receiver.read()) got.push(...data)
        }
        expect(got).toEqual([...all.subarray(0, got.length)])
        // All that can be read without a gap has been, and the end is seen when all of it has.
        let gapless = 0
        while (have.has(gapless)) gapless++
        expect(got.length).toBe(gapless)
        expect(receiver.ended).toBe(gapless === 100)
      })
    )
  })
})
