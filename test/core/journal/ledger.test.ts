import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { modelOf } from "../../../scenarios/machines/LedgerModel.js"
import { decode, type Entry, encode } from "../../../src/core/journal/Entry.js"
import { Ledger } from "../../../src/core/journal/Ledger.js"
import { MAX_OUTBOX, MAX_SEEN } from "../../../src/core/peer/chat/Conversation.js"
import { type PeerId, peerIdOf } from "../../../src/domain/PeerId.js"
import { entry, idOf, peerOf } from "./Arbitrary.js"

const ledgerOf = (entries: Iterable<Entry>): Ledger => {
  const ledger = new Ledger()
  for (const one of entries) ledger.apply(one)
  return ledger
}

const stateOf = (ledger: Ledger) =>
  [1, 2, 3, 4].map((n) => {
    const past = ledger.past(peerOf(n))
    return past && { ...past, nick: ledger.nick(peerOf(n)), shown: [...past.shown] }
  })

describe("a ledger", () => {
  it("comes to what its entries say", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
        expect(stateOf(ledgerOf(entries))).toEqual([1, 2, 3, 4].map((n) => modelOf(entries, peerOf(n))))
      })
    )
  })

  it("is the same after it was written out and read again, whatever follows", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 60 }), fc.array(entry, { maxLength: 20 }), (before, after) => {
        const compacted = decode(encode([...ledgerOf(before).entries()]))!
        expect(stateOf(ledgerOf([...compacted, ...after]))).toEqual(stateOf(ledgerOf([...before, ...after])))
      })
    )
  })

  it("does not mind entries that it has seen: a rewritten journal may be ahead of what is appended next", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), fc.nat(40), (entries, from) => {
        const distinct = entries.filter(
          (one, i) =>
            one._tag !== "Accepted" ||
            !entries.slice(0, i).some((other) => other._tag === "Accepted" && other.id === one.id)
        )
        const last = distinct.slice(from)
        const waitingOf = (ledger: Ledger) => stateOf(ledger).map((state) => new Set(state?.outbox.map(({ id }) => id)))
        expect(waitingOf(ledgerOf([...distinct, ...last]))).toEqual(waitingOf(ledgerOf(distinct)))
      })
    )
  })

  it("knows a delivery once, also of a message that was read again after it", () => {
    const accepted: Entry = { _tag: "Accepted", peer: peerOf(1), id: idOf(1), sequence: 0, text: Uint8Array.of(1) }
    const delivered: Entry = { _tag: "Delivered", peer: peerOf(1), id: idOf(1) }
    const late: Entry = { _tag: "Accepted", peer: peerOf(1), id: idOf(2), sequence: 1, text: Uint8Array.of(1) }
    const early: Entry = { _tag: "Delivered", peer: peerOf(1), id: idOf(2) }
    const ledger = ledgerOf([accepted, delivered, accepted, delivered, early, late, early])
    expect(ledger.past(peerOf(1))).toMatchObject({ outbox: [], delivered: [idOf(1), idOf(2)] })
  })

  it("keeps no more than a full outbox and the last ids of a peer", () => {
    const accepted = (n: number): Entry => ({
      _tag: "Accepted",
      peer: peerOf(1),
      id: idOf(n),
      sequence: n,
      text: Uint8Array.of(1)
    })
    const ledger = ledgerOf(Array.from({ length: MAX_OUTBOX + 10 }, (_, n) => accepted(n)))
    expect(ledger.waiting()).toEqual([{ peer: peerOf(1), nick: "", messages: MAX_OUTBOX }])
    expect(ledger.accepts(peerOf(1), 1)).toBe(false)
    expect(ledger.accepts(peerOf(2), 1)).toBe(true)
    for (let n = 0; n < MAX_SEEN + 10; n++) ledger.apply({ _tag: "Shown", peer: peerOf(2), ids: [idOf(n)] })
    const shown = [...ledger.past(peerOf(2))!.shown]
    expect([shown.length, shown[0], shown.at(-1)]).toEqual([MAX_SEEN, idOf(10), idOf(MAX_SEEN + 9)])
  })

  it("forgets strangers before friends, and nobody whom a message waits for", () => {
    const stranger = (n: number) => peerIdOf(Buffer.from(String(n).padStart(32, "s")))
    const ledger = new Ledger()
    ledger.apply({ _tag: "Accepted", peer: peerOf(1), id: idOf(1), sequence: 0, text: Uint8Array.of(1) })
    ledger.apply({ _tag: "Shown", peer: peerOf(2), ids: [idOf(1)] })
    for (let n = 0; n < 2_000; n++) {
      for (let k = 0; k < 160; k++) ledger.apply({ _tag: "Shown", peer: stranger(n), ids: [idOf(k)] })
      if (n % 500 === 0) ledger.apply({ _tag: "Shown", peer: peerOf(2), ids: [idOf(n)] })
    }
    expect(ledger.waiting()).toHaveLength(1)
    expect([...ledger.past(peerOf(2))!.shown]).toContain(idOf(1500))
    expect(ledger.past(stranger(3))).toBeUndefined()
    expect(ledger.past(stranger(1_999))).toBeDefined()
    expect([...ledger.entries()].filter(({ _tag }) => _tag === "Peer")).toHaveLength(1 + 1_024)
  })

  it("forgets nobody that we have written to, however many strangers write to us", () => {
    const ledger = new Ledger()
    for (let n = 1; n <= 3; n++) {
      const id = idOf(n)
      ledger.apply({ _tag: "Accepted", peer: peerOf(n), id, sequence: 0, text: Uint8Array.of(1) })
      ledger.apply({ _tag: "Delivered", peer: peerOf(n), id })
      ledger.apply({ _tag: "Shown", peer: peerOf(n), ids: [id] })
    }
    for (let n = 0; n < 3_000; n++)
      ledger.apply({ _tag: "Shown", peer: peerIdOf(Buffer.from(String(n).padStart(32, "s"))), ids: [idOf(n % 100)] })
    const again = ledgerOf([...ledger.entries()])
    for (const one of [ledger, again])
      for (let n = 1; n <= 3; n++) expect([...one.past(peerOf(n))!.shown]).toEqual([idOf(n)])
  })

  it("forgets no id of those that we have written to, however much strangers say", () => {
    const stranger = (n: number) => peerIdOf(Buffer.from(String(n).padStart(32, "s")))
    const ids = Array.from({ length: 200 }, (_, n) => idOf(n))
    const ledger = new Ledger()
    ledger.apply({ _tag: "Peer", peer: peerOf(1), nick: "bob", nextSequence: 1 })
    ledger.apply({ _tag: "Shown", peer: peerOf(1), ids })
    for (let n = 0; n < 1_000; n++) ledger.apply({ _tag: "Shown", peer: stranger(n), ids })
    const count = (one: Ledger, peer: PeerId) => [...(one.past(peer)?.shown ?? [])].length
    for (const one of [ledger, ledgerOf([...ledger.entries()])]) {
      expect(count(one, peerOf(1))).toBe(200)
      expect([count(one, stranger(0)), count(one, stranger(999))]).toEqual([0, 200])
      const all = Array.from({ length: 1_000 }, (_, n) => count(one, stranger(n)))
      expect(all.reduce((sum, size) => sum + size, 200)).toBe(17 * MAX_SEEN)
    }
    // Whoever we write to is no stranger from then on.
    ledger.apply({ _tag: "Accepted", peer: stranger(999), id: idOf(1), sequence: 0, text: Uint8Array.of(1) })
    for (let n = 1_000; n < 2_000; n++) ledger.apply({ _tag: "Shown", peer: stranger(n), ids })
    expect([count(ledger, peerOf(1)), count(ledger, stranger(999))]).toEqual([200, 200])
  })

  it("takes no more than 32 MiB of text", () => {
    const ledger = new Ledger()
    const text = new Uint8Array(64 * 1024)
    let taken = 0
    for (let n = 0; n < 1_000; n++) {
      const peer = peerOf(1 + (n % 20))
      if (!ledger.accepts(peer, text.length)) continue
      ledger.apply({ _tag: "Accepted", peer, id: idOf(n), sequence: n, text })
      taken += text.length
    }
    expect(taken).toBe(32 * 1024 * 1024)
  })
})
