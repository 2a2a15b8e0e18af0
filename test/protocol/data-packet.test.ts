import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { toHex } from "../../src/protocol/Bytes.js"
import {
  HEADER_BYTES,
  MAX_DATAGRAM,
  MAX_PACKET,
  OVERHEAD,
  paddingFor,
  readHeader,
  writeHeader
} from "../../src/protocol/DataPacket.js"

describe("a DATA packet", () => {
  it("begins with its type, the receiver's index and the counter", () => {
    const packet = new Uint8Array(OVERHEAD)
    writeHeader(packet, 0x01020304, 2 ** 40 + 5)
    expect(toHex(packet.subarray(0, HEADER_BYTES))).toBe("03010203040000010000000005")
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.maxSafeNat(), (receiverIndex, counter) => {
        writeHeader(packet, receiverIndex, counter)
        expect(readHeader(packet)).toEqual({ receiverIndex, counter })
      })
    )
  })

  it("is refused when it is too short, too long, of another type, or its counter too large", () => {
    const packet = (length: number, type = 3) => {
      const bytes = new Uint8Array(length)
      bytes[0] = type
      return bytes
    }
    expect(readHeader(packet(OVERHEAD))).toBeDefined()
    expect(readHeader(packet(MAX_PACKET))).toBeDefined()
    for (const length of [0, 1, 12, 13, OVERHEAD - 1, MAX_PACKET + 1])
      expect(readHeader(packet(length))).toBeUndefined()
    for (const type of [0, 1, 2, 4, 255]) expect(readHeader(packet(100, type))).toBeUndefined()
    const huge = packet(100)
    huge.fill(0xff, 5, 13)
    expect(readHeader(huge)).toBeUndefined()
  })

  it("has a sealed part in steps of 64 bytes once it is padded, unless the packet is full", () => {
    for (const size of [512, MAX_DATAGRAM, 1_452, MAX_PACKET]) {
      const room = size - OVERHEAD
      for (let length = Math.max(0, room - 200); length <= room; length++) {
        const padded = length + paddingFor(length, room)
        expect(padded === room || (padded + 16) % 64 === 0).toBe(true)
        expect(padded).toBeLessThanOrEqual(room)
        expect(padded - length).toBeLessThan(64)
      }
    }
  })
})
