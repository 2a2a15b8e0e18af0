import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { ADDRESS_LIFE, DEFAULT_LIMITS, type Forward, Relay } from "../../../src/core/rendezvous/Relay.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Envelope from "../../../src/protocol/RelayEnvelope.js"

const channelBytes = (n: number) => new Uint8Array(8).fill(n)
const tokenBytes = (n: number) => new Uint8Array(8).fill(128 + n)
const channel = (n: number) => Bytes.toBase64Url(channelBytes(n))
const token = (n: number) => Bytes.toBase64Url(tokenBytes(n))
const at = (text: string) => Endpoint.parse(text)!
const ALICE = at("203.0.113.1:4000")
const BOB = at("[2001:db8::2]:4000")
const PACKET = Uint8Array.from({ length: 100 }, (_, i) => i)

/** Alice and Bob on channel 1, Alice and Carol on channel 2; tokens 1 to 4 in that order. */
const make = (limits = DEFAULT_LIMITS) => {
  const relay = new Relay<string>(limits)
  relay.open(
    channel(1),
    [
      { session: "alice", token: token(1) },
      { session: "bob", token: token(2) }
    ],
    0
  )
  relay.open(
    channel(2),
    [
      { session: "alice", token: token(3) },
      { session: "carol", token: token(4) }
    ],
    0
  )
  return relay
}

const envelope = (n: number, by: number, packet = PACKET) => Envelope.toServer(channelBytes(n), tokenBytes(by), packet)
const line = (session: string, n = 1, packet = PACKET): Forward<string> => ({
  _tag: "Line",
  session,
  channel: channel(n),
  packet: Bytes.toBase64Url(packet)
})

describe("a relay", () => {
  test("carries a packet to the other side of its channel, over whatever that side spoke last", () => {
    const relay = make()
    const text = Bytes.toBase64Url(PACKET)
    expect(relay.handleLine("alice", channel(1), text, 0)).toEqual(line("bob"))
    expect(relay.handleLine("bob", channel(1), text, 0)).toEqual(line("alice"))
    expect(relay.handleDatagram(BOB, "second", envelope(1, 2), 0)).toEqual(line("alice"))
    const toBob = { _tag: "Datagram", to: BOB, via: "second", data: Envelope.fromServer(channelBytes(1), PACKET) }
    expect(relay.handleLine("alice", channel(1), text, 1)).toEqual(toBob)
    expect(relay.handleDatagram(ALICE, "first", envelope(1, 1), ADDRESS_LIFE - 1)).toEqual(toBob)
    expect(relay.handleDatagram(ALICE, "first", envelope(1, 1), ADDRESS_LIFE)).toEqual(line("bob"))
    // Bob's UDP has stopped working: he uses the link, and is answered there.
    relay.handleDatagram(BOB, "second", envelope(1, 2), ADDRESS_LIFE)
    expect(relay.handleLine("bob", channel(1), text, ADDRESS_LIFE)).toMatchObject({ _tag: "Datagram", to: ALICE })
    expect(relay.handleDatagram(ALICE, "first", envelope(1, 1), ADDRESS_LIFE)).toEqual(line("bob"))
    expect(relay.stats).toMatchObject({ packets: 9, bytes: 900, limited: 0, unknown: 0 })
  })

  test("learns an address from an empty packet, and carries none", () => {
    const relay = make()
    expect(relay.handleDatagram(BOB, "first", envelope(1, 2, new Uint8Array()), 0)).toBeUndefined()
    expect(relay.handleLine("alice", channel(1), "", 0)).toMatchObject({ to: BOB })
    expect(relay.stats).toMatchObject({ packets: 1, bytes: 0 })
  })

  test("carries nothing for anybody else", () => {
    const relay = make()
    const text = Bytes.toBase64Url(PACKET)
    expect(relay.handleLine("carol", channel(1), text, 0)).toBeUndefined()
    expect(relay.handleLine("alice", channel(9), text, 0)).toBeUndefined()
    for (const data of [envelope(1, 3), envelope(9, 1), envelope(1, 1).subarray(0, 16), new Uint8Array(0)])
      expect(relay.handleDatagram(BOB, "first", data, 0)).toBeUndefined()
    expect(relay.handleDatagram(BOB, "first", envelope(1, 1, new Uint8Array(1201)), 0)).toBeUndefined()
    // None of them was believed to be Alice.
    expect(relay.handleLine("bob", channel(1), text, 0)).toEqual(line("alice"))
    expect(relay.stats).toMatchObject({ packets: 1, unknown: 7 })
  })

  test("forgets a channel when it is closed", () => {
    const relay = make()
    relay.close(channel(1))
    relay.close(channel(1))
    expect(relay.handleLine("alice", channel(1), "", 0)).toBeUndefined()
    expect(relay.handleLine("alice", channel(2), "", 0)).toEqual(line("carol", 2, new Uint8Array()))
    relay.close(channel(2))
    expect(relay.size).toBe(0)
  })

  test("gives each channel its share, whatever the others use, and a session a few shares", () => {
    const relay = make({ channel: { burst: 1_640, perSecond: 164 }, session: { burst: 3_280, perSecond: 328 } })
    const text = Bytes.toBase64Url(PACKET)
    // 100 bytes and what a packet costs: ten at once, then one a second.
    let carried = 0
    for (let i = 0; i < 1_000; i++) if (relay.handleLine("alice", channel(1), text, i) !== undefined) carried++
    expect(carried).toBe(10)
    expect(relay.handleLine("bob", channel(1), text, 999)).toBeUndefined()
    expect(relay.handleLine("carol", channel(2), text, 999)).toBeDefined()
    expect(relay.handleLine("alice", channel(1), text, 1_000)).toBeDefined()
    for (let i = 0; i < 8; i++) expect(relay.handleLine("alice", channel(2), text, 1_000)).toBeDefined()
    relay.open(
      channel(3),
      [
        { session: "alice", token: token(5) },
        { session: "dave", token: token(6) }
      ],
      1_000
    )
    const more = Array.from({ length: 10 }, () => relay.handleLine("alice", channel(3), text, 1_000))
    expect(more.filter((forward) => forward !== undefined).length).toBeLessThan(10)
    expect(relay.handleLine("dave", channel(3), text, 1_000)).toBeDefined()
  })

  test("never throws, and never answers a stranger, whatever comes", () => {
    const relay = make()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_300 }), fc.string(), fc.string(), (data, name, packet) => {
        const near = Uint8Array.of(5, ...data)
        expect(relay.handleDatagram(ALICE, "first", near, 0)).toBeUndefined()
        expect(relay.handleLine("alice", name, packet, 0)).toBeUndefined()
      })
    )
  })
})
