import { describe, expect, it } from "vitest"
import { PacketSize } from "../../../src/core/peer/path/PacketSize.js"

/** On a path that carries 1200 bytes. */
const at1200 = (sizes: ReadonlyArray<number>): PacketSize => {
  const size = new PacketSize(sizes)
  size.onProbeSent()
  size.onProbeAcknowledged(1_200)
  return size
}

describe("the size of packets (RFC 8899)", () => {
  it("grows with each size that came through", () => {
    const size = new PacketSize([1_452, 8_900])
    expect(size.current).toBe(512)
    expect(size.probe(0)).toBe(1_200)
    size.onProbeSent()
    expect(size.probe(0)).toBeUndefined()
    size.onProbeAcknowledged(1_200)
    expect(size.current).toBe(1_200)
    expect(size.probe(0)).toBe(1_452)
    size.onProbeSent()
    size.onProbeAcknowledged(1_452)
    expect(size.current).toBe(1_452)
    expect(size.probe(1)).toBe(8_900)
  })

  it("tries 1200 bytes three times, then a lesser size, and forgets after ten minutes", () => {
    const size = new PacketSize([1_452])
    for (let time = 0; time < 3; time++) {
      expect(size.probe(time)).toBe(1_200)
      expect(size.isNarrow(time)).toBe(false)
      size.onProbeSent()
      size.onProbeLost(1_200, time)
    }
    expect(size.isNarrow(3)).toBe(true)
    expect(size.probe(3)).toBe(1_024)
    size.onProbeSent()
    size.onProbeAcknowledged(1_024)
    expect(size.current).toBe(1_024)
    expect(size.probe(600_001)).toBeUndefined()
    expect(size.probe(600_002)).toBe(1_200)
    expect(size.isNarrow(600_002)).toBe(false)
  })

  it("does not try a size again for ten minutes once it was lost, as the second one may come through in pieces", () => {
    const size = at1200([1_452, 8_900])
    size.onProbeSent()
    size.onProbeLost(1_452, 1_000)
    expect(size.current).toBe(1_200)
    expect(size.probe(2_000)).toBeUndefined()
    expect(size.probe(600_999)).toBeUndefined()
    expect(size.probe(601_000)).toBe(1_452)
  })

  it("goes back to what every path carries when large packets vanish, and only then", () => {
    const size = at1200([1_452])
    size.onProbeSent()
    size.onProbeAcknowledged(1_452)
    for (let i = 0; i < 50; i++) {
      size.onLost(1_452, 0)
      if (i % 9 === 8) size.onAcknowledged(1_452)
    }
    expect(size.current).toBe(1_452)
    for (let i = 0; i < 20; i++) size.onLost(600, 0)
    expect(size.current).toBe(1_452)
    size.onAcknowledged(1_452)
    for (let i = 0; i < 10; i++) {
      size.onLost(1_452, 100 + i)
      size.onAcknowledged(1_200)
    }
    expect(size.current).toBe(512)
    expect(size.probe(200)).toBe(1_200)
    size.onProbeSent()
    size.onProbeAcknowledged(1_200)
    expect(size.probe(200)).toBeUndefined()
  })

  it("stays when a full buffer loses hundreds at a time", () => {
    const size = at1200([1_452])
    size.onProbeSent()
    size.onProbeAcknowledged(1_452)
    for (let burst = 0; burst < 50; burst++) {
      for (let i = 0; i < 400; i++) size.onLost(1_452, burst)
      if (burst % 2 === 1) size.onAcknowledged(1_452)
    }
    expect(size.current).toBe(1_452)
  })

  it("is small in silence, and what it was as soon as a full packet from before is answered", () => {
    const size = at1200([1_452, 8_900])
    size.onProbeSent()
    size.onProbeAcknowledged(1_452)
    size.onSilence()
    size.onSilence()
    expect([size.current, size.isInDoubt]).toEqual([512, true])
    size.onAcknowledged(512)
    expect([size.current, size.isInDoubt]).toEqual([512, true])
    size.onAcknowledged(1_452)
    expect([size.current, size.isInDoubt]).toEqual([1_452, false])
    expect(size.probe(1)).toBe(8_900)
  })

  it("tries the former size first when only small packets are answered after a silence", () => {
    const size = at1200([1_452])
    size.onProbeSent()
    size.onProbeAcknowledged(1_452)
    size.onSilence()
    size.onAcknowledged(512)
    expect(size.probe(1)).toBe(1_452)
    size.onProbeSent()
    size.onProbeAcknowledged(1_452)
    expect([size.current, size.isInDoubt]).toEqual([1_452, false])
    size.onSilence()
    expect(size.probe(2)).toBe(1_452)
    size.onProbeSent()
    size.onProbeLost(1_452, 2)
    expect([size.current, size.isInDoubt]).toEqual([512, false])
    expect(size.probe(3)).toBe(1_200)
    size.onProbeSent()
    size.onProbeAcknowledged(1_200)
    expect(size.probe(4)).toBeUndefined()
  })
})
