import { describe, expect, it } from "vitest"
import { Conversation } from "../../../src/core/peer/chat/Conversation.js"
import type { JournalEntry, Past } from "../../../src/core/peer/Journal.js"
import type { PeerEvent } from "../../../src/core/peer/PeerEvent.js"
import type { MessageId } from "../../../src/domain/MessageId.js"
import { fromText, toText } from "../../../src/protocol/Bytes.js"
import { peerId } from "../../support/ids.js"
import { idOf } from "./Arbitrary.js"

/** A conversation whose journal takes its time, and a connection that takes all it is given. */
const talk = (past?: Past) => {
  const events: Array<PeerEvent> = []
  const written: Array<JournalEntry> = []
  const conversation = new Conversation(peerId("bob"), (event) => events.push(event), {
    past: () => past,
    write: (entry) => written.push(entry)
  })
  conversation.consented = true
  let ids = 0
  return {
    conversation,
    events,
    written,
    send: (text: string, writtenAt?: number) =>
      conversation.send(text, new Uint8Array(16).fill(++ids), writtenAt) as string,
    store: (count = written.length) => {
      for (const entry of written.splice(0, count)) {
        conversation.written(entry)
        conversation.flushed(entry)
      }
      conversation.tellFlushed()
    },
    leaving: (): ReadonlyArray<string> => {
      const texts: Array<string> = []
      for (let next = conversation.next; next !== undefined; next = conversation.next) {
        texts.push(toText(next.text)!)
        conversation.advance()
      }
      return texts
    },
    receipts: (): ReadonlyArray<string> => {
      const receipts: Array<string> = []
      while (conversation.hasReceipts) receipts.push(conversation.takeReceipt()!)
      return receipts
    }
  }
}

const sink = () => {
  const released: Array<number> = []
  return { released, release: (size: number) => void released.push(size) }
}

describe("a conversation with a journal", () => {
  it("lets a message go when it is written, and tells what became of it when it is flushed, in order", () => {
    const { conversation, events, leaving, send, written } = talk()
    const [one, two] = [send("one"), send("two")] as Array<MessageId>
    const entries = written.splice(0)
    expect(leaving()).toEqual([])
    for (const entry of entries) conversation.written(entry)
    expect(leaving()).toEqual(["one", "two"])
    conversation.onDelivered(two!)
    conversation.onDelivered(one!)
    conversation.onRead(two!)
    expect(events).toEqual([])
    conversation.flushed(entries[0]!)
    conversation.tellFlushed()
    expect(events).toEqual([])
    conversation.flushed(entries[1]!)
    conversation.tellFlushed()
    expect(events.map((event) => [event._tag, "id" in event && event.id])).toEqual([
      ["Delivered", two],
      ["Delivered", one],
      ["Read", two]
    ])
  })

  it("writes down when a message was written, and sends it with that", () => {
    const before = talk()
    for (const at of [1_774_000_000_000.7, -1, Number.NaN, Number.POSITIVE_INFINITY, 0]) before.send("hi", at)
    const entries = before.written.flatMap((entry) => (entry._tag === "Accepted" ? [entry] : []))
    expect(entries.map(({ writtenAt }) => writtenAt)).toEqual([1_774_000_000_000, ...Array(4).fill(undefined)])
    const after = talk({ nextSequence: 5, outbox: entries, delivered: [], shown: [] })
    expect(after.conversation.next?.writtenAt).toBe(1_774_000_000_000)
  })

  it("lets no message leave before it is written down, and keeps their order", () => {
    const alice = talk()
    alice.send("one")
    alice.send("two")
    expect(alice.leaving()).toEqual([])
    alice.store(1)
    expect(alice.leaving()).toEqual(["one"])
    alice.send("three")
    alice.conversation.restart()
    expect(alice.leaving()).toEqual(["one"])
    alice.store()
    expect(alice.leaving()).toEqual(["two", "three"])
  })

  it("says of no message that it waits for an answer before it is written down", () => {
    const alice = talk()
    alice.send("one")
    alice.send("two")
    alice.store(1)
    alice.conversation.reportHeld()
    expect(alice.events).toHaveLength(1)
    alice.store()
    alice.conversation.reportHeld()
    alice.conversation.reportHeld()
    expect(alice.events).toHaveLength(2)
  })

  it("confirms no message before it is written down as shown, however often it comes", () => {
    const bob = talk()
    const connection = sink()
    bob.conversation.onText(idOf(1), "hi", 2, 20, connection)
    bob.conversation.shown(idOf(1))
    bob.conversation.restart()
    bob.conversation.onText(idOf(1), "hi", 2, 20, connection)
    expect(bob.receipts()).toEqual([])
    expect(connection.released).toEqual([20])
    bob.store()
    expect(bob.receipts()).toEqual([idOf(1)])
    expect(connection.released).toEqual([20, 20])
    bob.conversation.onText(idOf(1), "hi", 2, 20, connection)
    expect(bob.receipts()).toEqual([idOf(1)])
    expect(bob.events).toHaveLength(1)
  })

  it("goes on from its past: what was not delivered goes out first, what was shown is not shown again", () => {
    const outbox = ["one", "two"].map((text, n) => ({ id: idOf(n), sequence: 40 + n, text: fromText(text) }))
    const alice = talk({ nextSequence: 42, outbox, delivered: [idOf(5)], shown: [idOf(7)] })
    expect(alice.conversation.undelivered).toBe(2)
    alice.send("three")
    expect(alice.written).toMatchObject([{ _tag: "Accepted", sequence: 42, text: fromText("three") }])
    alice.store()
    expect(alice.leaving()).toEqual(["one", "two", "three"])
    alice.conversation.onRead(idOf(5))
    expect(alice.events.splice(0)).toEqual([{ _tag: "Read", peer: "bob", id: idOf(5) }])
    alice.conversation.onDelivered(idOf(0))
    expect(alice.written).toEqual([{ _tag: "Delivered", peer: "bob", id: idOf(0) }])
    alice.conversation.onText(idOf(7), "old", 3, 20, sink())
    expect(alice.events.map(({ _tag }) => _tag)).toEqual(["Delivered"])
    expect(alice.receipts()).toEqual([idOf(7)])
  })

  it("writes down that messages were given up, those too that were just being written", () => {
    const alice = talk()
    alice.send("one")
    alice.conversation.dropOutbox()
    expect(alice.written.map(({ _tag }) => _tag)).toEqual(["Accepted", "Dropped"])
    alice.store()
    expect(alice.leaving()).toEqual([])
    alice.conversation.dropOutbox()
    expect(alice.written).toEqual([])
  })

  it("writes down that nothing is to be sent any more, also when all was delivered", () => {
    const alice = talk()
    alice.send("one")
    const { id } = alice.written[0] as { readonly id: MessageId }
    alice.store()
    alice.leaving()
    alice.conversation.onDelivered(id)
    alice.store()
    alice.conversation.dropOutbox()
    expect(alice.written.map(({ _tag }) => _tag)).toEqual(["Dropped"])
  })
})
