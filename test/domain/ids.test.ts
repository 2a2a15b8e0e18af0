import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CHANNEL_BYTES, ChannelId, channelIdBytes, channelIdOf } from "../../src/domain/ChannelId.js"
import { MESSAGE_ID_BYTES, MessageId, messageIdBytes, messageIdOf } from "../../src/domain/MessageId.js"
import { IDENTITY_BYTES, identityKeyOf, PeerId, peerIdOf } from "../../src/domain/PeerId.js"

describe("the id of a peer", () => {
  const key = new Uint8Array(IDENTITY_BYTES).fill(0xff)

  it("is its key, and gives it back", () => {
    expect(peerIdOf(key)).toBe("__________________________________________8")
    expect(identityKeyOf(peerIdOf(key))).toEqual(key)
  })

  it("is nothing but a key: no nickname, and one text for each", () => {
    const is = Schema.is(PeerId)
    expect(is(peerIdOf(key))).toBe(true)
    for (const other of ["bob", "", "_".repeat(43), `${peerIdOf(key)}=`, peerIdOf(new Uint8Array(31))]) {
      expect(is(other)).toBe(false)
    }
  })
})

describe("the id of a message", () => {
  const bytes = Uint8Array.from({ length: MESSAGE_ID_BYTES }, (_, i) => 16 * i + i)

  it("is its bytes, and gives them back", () => {
    expect(messageIdOf(bytes)).toBe("00112233445566778899aabbccddeeff")
    expect(messageIdBytes(messageIdOf(bytes))).toEqual(bytes)
  })

  it("is nothing but such a text", () => {
    const is = Schema.is(MessageId)
    expect(is(messageIdOf(bytes))).toBe(true)
    for (const other of ["", "1", messageIdOf(bytes).toUpperCase(), `${messageIdOf(bytes)}\n`]) {
      expect(is(other)).toBe(false)
    }
  })
})

describe("the id of a channel", () => {
  it("is its bytes, and gives them back, whatever they are", () => {
    const is = Schema.is(ChannelId)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: CHANNEL_BYTES, maxLength: CHANNEL_BYTES }), (bytes) => {
        const id = channelIdOf(bytes)
        expect(is(id)).toBe(true)
        expect(channelIdBytes(id)).toEqual(bytes)
      })
    )
  })

  it("is nothing but such a text, one for each", () => {
    const is = Schema.is(ChannelId)
    for (const other of ["", "A".repeat(10), "A".repeat(12), `${"A".repeat(10)}B`, `${"A".repeat(11)}\n`]) {
      expect(is(other)).toBe(false)
    }
  })
})
