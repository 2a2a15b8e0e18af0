import { describe, expect, it } from "vitest"
import { PacketMemory } from "../../../src/core/peer/PacketMemory.js"

const SIZE = 1_200

/** The next packet, full of `value`. */
const take = (memory: PacketMemory, value: number): Uint8Array => {
  memory.reserve(SIZE).fill(value)
  return memory.take(SIZE)
}

describe("memory for packets to send", () => {
  it("is the same for the next packet once the one before has left", () => {
    const memory = new PacketMemory()
    const first = take(memory, 1)
    memory.release(true)
    const second = take(memory, 2)
    expect(second.buffer).toBe(first.buffer)
    expect(second.byteOffset).toBe(first.byteOffset)
  })

  it("keeps packets apart that have not left", () => {
    const memory = new PacketMemory()
    const packets = Array.from({ length: 200 }, (_, index) => take(memory, index))
    expect(packets.map((packet) => packet[0])).toEqual(packets.map((_, index) => index))
    expect(packets.every((packet) => packet.every((value) => value === packet[0]))).toBe(true)
  })

  it("never touches a packet again that is still read when the others have left", () => {
    const memory = new PacketMemory()
    const held: Array<Uint8Array> = []
    for (let index = 0; index < 500; index++) {
      const packet = take(memory, index % 256)
      const isHeld = index % 70 === 3
      if (isHeld) held.push(packet)
      memory.release(!isHeld)
    }
    expect(held).toHaveLength(8)
    expect(held.map((packet) => packet[0])).toEqual(held.map((_, index) => (index * 70 + 3) % 256))
    expect(held.every((packet) => packet.every((value) => value === packet[0]))).toBe(true)
  })

  it("is used again after a packet was held, from the next piece of it on", () => {
    const memory = new PacketMemory()
    take(memory, 0)
    memory.release(false)
    const buffers = new Set<ArrayBufferLike>()
    for (let index = 0; index < 500; index++) {
      buffers.add(take(memory, index % 256).buffer)
      memory.release(true)
    }
    expect(buffers.size).toBe(2)
  })
})
