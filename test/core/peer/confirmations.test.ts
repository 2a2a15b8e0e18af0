import { describe, expect, it } from "vitest"
import { Conversation } from "../../../src/core/peer/chat/Conversation.js"
import { messageIdOf } from "../../../src/domain/MessageId.js"
import { peerIdOf } from "../../../src/domain/PeerId.js"

const peer = peerIdOf(new Uint8Array(32).fill(1))
const idOf = (number: number) => messageIdOf(new Uint8Array(16).fill(number))

/** A conversation whose application has been given some messages. */
const told = (...numbers: ReadonlyArray<number>) => {
  const shown: Array<string> = []
  const conversation = new Conversation(peer, (event) => void (event._tag === "Message" && shown.push(event.text)))
  conversation.consented = true
  const released: Array<number> = []
  const come = (number: number) =>
    conversation.onText(idOf(number), `${number}`, 1, 100 + number, { release: (size) => void released.push(size) })
  for (const number of numbers) expect(come(number)).toBe(true)
  const receipts = () => {
    const all: Array<string> = []
    for (let id = conversation.takeReceipt(); id !== undefined; id = conversation.takeReceipt()) all.push(id)
    return all
  }
  return { come, conversation, receipts, released, shown }
}

describe("the confirmation of a message", () => {
  it("goes out once it is shown, and once, however often it comes and is said to be shown", () => {
    const { come, conversation, receipts, released, shown } = told(1, 2)
    expect(receipts()).toEqual([])
    conversation.shown(idOf(1))
    conversation.shown(idOf(1))
    come(1)
    expect(receipts()).toEqual([idOf(1)])
    conversation.shown(idOf(1))
    expect(receipts()).toEqual([])
    expect(shown).toEqual(["1", "2"])
    // What came again takes no memory, and what was shown none any more.
    expect(released).toEqual([101, 101])
    expect(conversation.isUnshown).toBe(true)
    conversation.shown(idOf(2))
    expect(conversation.isUnshown).toBe(false)
  })

  it("is made again where the message comes again, and not while it is not shown", () => {
    const { come, conversation, receipts } = told(1, 2)
    come(1)
    expect(receipts()).toEqual([])
    conversation.shown(idOf(1))
    expect(receipts()).toEqual([idOf(1)])
    for (let i = 0; i < 3; i++) come(1)
    come(2)
    expect(receipts()).toEqual([idOf(1)])
    expect(conversation.isUnshown).toBe(true)
  })

  it("is left out where there are too many, and made again like any other", () => {
    const { come, conversation, receipts } = told(1)
    conversation.shown(idOf(1))
    for (let i = 0; i < 10_000; i++) {
      const id = messageIdOf(Uint8Array.from({ length: 16 }, (_, at) => (at < 2 ? (i >> (8 * at)) & 0xff : 0xee)))
      conversation.onText(id, "x", 1, 1, { release: () => {} })
      conversation.shown(id)
    }
    expect(receipts()).toHaveLength(10_000)
    expect(conversation.isUnshown).toBe(false)
    come(1)
    conversation.shown(idOf(1))
    expect(receipts()).toEqual([idOf(1)])
  })
})
