import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Channels } from "../../../src/core/rendezvous/Channels.js"
import { ADDRESS_LIFE, DEFAULT_LIMITS, type Forward, MAX_OPENED, Relay } from "../../../src/core/rendezvous/Relay.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Envelope from "../../../src/protocol/RelayEnvelope.js"

const channels = new Channels(crypto, new Uint8Array(32).fill(7))
const [alice, bob, carol, dave] = [3, 1, 2, 4] as const
const between = (left: number, right: number) => channels.between(left, right).left
const at = (text: string) => Endpoint.parse(text)!
const ALICE = at("203.0.113.1:4000")
const BOB = at("[2001:db8::2]:4000")
const PACKET = Uint8Array.from({ length: 100 }, (_, i) => i)
const LIVE = [alice, bob, carol, dave]

/** Alice, Bob, Carol and Dave are there. */
const make = (limits = DEFAULT_LIMITS, live: ReadonlyArray<number> = LIVE) =>
  new Relay<string>(limits, channels, (session) => live.includes(session))

/** By the first of the two, to the other. */
const envelope = (by: number, to: number, packet = PACKET, token = between(by, to).token) =>
  Envelope.toServer(bytes(between(by, to).channel), bytes(token), packet)
const bytes = (text: string) => Bytes.fromBase64Url(text)!
const name = (left: number, right: number) => between(left, right).channel
const line = (to: number, from: number, packet = PACKET): Forward<string> => ({
  _tag: "Line",
  to,
  channel: name(from, to),
  packet: Bytes.toBase64Url(packet)
})

describe("a relay", () => {
  test("carries a packet to the other side of its channel, over whatever that side spoke last", () => {
    const relay = make()
    const text = Bytes.toBase64Url(PACKET)
    expect(relay.handleLine(alice, name(alice, bob), text, 0)).toEqual(line(bob, alice))
    expect(relay.handleLine(bob, name(alice, bob), text, 0)).toEqual(line(alice, bob))
    expect(relay.handleDatagram(BOB, "second", envelope(bob, alice), 0)).toEqual(line(alice, bob))
    const toBob = {
      _tag: "Datagram",
      to: BOB,
      via: "second",
      data: Envelope.fromServer(bytes(name(alice, bob)), PACKET)
    }
    expect(relay.handleLine(alice, name(alice, bob), text, 1)).toEqual(toBob)
    expect(relay.handleDatagram(ALICE, "first", envelope(alice, bob), ADDRESS_LIFE - 1)).toEqual(toBob)
    expect(relay.handleDatagram(ALICE, "first", envelope(alice, bob), ADDRESS_LIFE)).toEqual(line(bob, alice))
    // Bob's UDP has stopped working: he uses the link, and is answered there.
    relay.handleDatagram(BOB, "second", envelope(bob, alice), ADDRESS_LIFE)
    expect(relay.handleLine(bob, name(alice, bob), text, ADDRESS_LIFE)).toMatchObject({ _tag: "Datagram", to: ALICE })
    expect(relay.handleDatagram(ALICE, "first", envelope(alice, bob), ADDRESS_LIFE)).toEqual(line(bob, alice))
    expect(relay.stats).toMatchObject({ packets: 9, bytes: 900, limited: 0, unknown: 0 })
  })

  test("learns an address from an empty packet, and carries none", () => {
    const relay = make()
    expect(relay.handleDatagram(BOB, "first", envelope(bob, alice, new Uint8Array()), 0)).toBeUndefined()
    expect(relay.handleLine(alice, name(alice, bob), "", 0)).toMatchObject({ to: BOB })
    expect(relay.stats).toMatchObject({ packets: 1, bytes: 0 })
  })

  test("carries nothing for anybody else", () => {
    const relay = make()
    const text = Bytes.toBase64Url(PACKET)
    expect(relay.handleLine(carol, name(alice, bob), text, 0)).toBeUndefined()
    expect(relay.handleLine(alice, "AAAAAAAAAAA", text, 0)).toBeUndefined()
    expect(relay.handleLine(alice, "AA", text, 0)).toBeUndefined()
    for (const data of [
      envelope(bob, alice, PACKET, between(alice, carol).token),
      Envelope.toServer(new Uint8Array(8), bytes(between(alice, bob).token), PACKET),
      envelope(alice, bob).subarray(0, 16),
      new Uint8Array(0)
    ])
      expect(relay.handleDatagram(BOB, "first", data, 0)).toBeUndefined()
    expect(relay.handleDatagram(BOB, "first", envelope(alice, bob, new Uint8Array(1201)), 0)).toBeUndefined()
    expect(relay.size).toBe(0)
    // None of them was believed to be Alice.
    expect(relay.handleLine(bob, name(alice, bob), text, 0)).toEqual(line(alice, bob))
    expect(relay.handleLine(carol, name(alice, bob), text, 0)).toBeUndefined()
    expect(relay.stats).toMatchObject({ packets: 1, unknown: 9 })
  })

  test("carries nothing to or from a session that is over, and forgets what it had open", () => {
    const live = new Set<number>(LIVE)
    const relay = new Relay<string>(DEFAULT_LIMITS, channels, (session) => live.has(session))
    relay.handleLine(alice, name(alice, bob), "", 0)
    relay.handleLine(alice, name(alice, carol), "", 0)
    expect(relay.size).toBe(2)
    live.delete(bob)
    relay.sessionEnded(bob)
    relay.sessionEnded(bob)
    expect(relay.size).toBe(1)
    expect(relay.handleLine(alice, name(alice, bob), "", 0)).toBeUndefined()
    expect(relay.handleDatagram(BOB, "first", envelope(bob, alice), 0)).toBeUndefined()
    expect(relay.handleLine(carol, name(alice, carol), "", 0)).toBeDefined()
    relay.sessionEnded(alice)
    expect(relay.size).toBe(0)
  })

  test("keeps a conversation with traffic whatever strangers open to its two, and forgets the silent", () => {
    const strangers = Array.from({ length: 1_500 }, (_, i) => 10 + i)
    const relay = make(DEFAULT_LIMITS, [...LIVE, ...strangers])
    relay.handleDatagram(BOB, "first", envelope(bob, alice), 0)
    for (const stranger of strangers) relay.handleLine(stranger, name(stranger, alice), "", 1)
    expect(relay.handleLine(alice, name(alice, bob), "", 2)).toMatchObject({ _tag: "Datagram", to: BOB })
    // Whoever opens too many loses a silent one of his own.
    for (const one of strangers.slice(0, MAX_OPENED + 1)) relay.handleLine(carol, name(carol, one), "", 3)
    expect(relay.size).toBe(1 + strangers.length + MAX_OPENED)
    expect(relay.handleLine(alice, name(alice, bob), "", 4)).toMatchObject({ _tag: "Datagram", to: BOB })
    relay.handleLine(dave, name(dave, alice), "", 2 + ADDRESS_LIFE)
    expect(relay.size).toBe(MAX_OPENED + 2)
    relay.handleLine(dave, name(dave, bob), "", 4 + ADDRESS_LIFE)
    expect(relay.size).toBe(2)
  })

  test("gives each channel its share, whatever the others use, and a session a few shares", () => {
    const relay = make({ channel: { burst: 1_640, perSecond: 164 }, session: { burst: 3_280, perSecond: 328 } })
    const text = Bytes.toBase64Url(PACKET)
    // 100 bytes and what a packet costs: ten at once, then one a second.
    let carried = 0
    for (let i = 0; i < 1_000; i++) if (relay.handleLine(alice, name(alice, bob), text, i) !== undefined) carried++
    expect(carried).toBe(10)
    expect(relay.handleLine(bob, name(alice, bob), text, 999)).toBeUndefined()
    expect(relay.handleLine(carol, name(alice, carol), text, 999)).toBeDefined()
    expect(relay.handleLine(alice, name(alice, bob), text, 1_000)).toBeDefined()
    for (let i = 0; i < 8; i++) expect(relay.handleLine(alice, name(alice, carol), text, 1_000)).toBeDefined()
    const more = Array.from({ length: 10 }, () => relay.handleLine(alice, name(alice, dave), text, 1_000))
    expect(more.filter((forward) => forward !== undefined).length).toBeLessThan(10)
    expect(relay.handleLine(dave, name(alice, dave), text, 1_000)).toBeDefined()
  })

  test("never throws, and never answers a stranger, whatever comes", () => {
    const relay = make()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_300 }), fc.string(), fc.string(), (data, unknown, packet) => {
        const near = Uint8Array.of(5, ...data)
        expect(relay.handleDatagram(ALICE, "first", near, 0)).toBeUndefined()
        expect(relay.handleLine(alice, unknown, packet, 0)).toBeUndefined()
      })
    )
  })
})
