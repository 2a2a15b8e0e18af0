import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Channels } from "../../../src/core/rendezvous/Channels.js"
import { DEFAULT_LIMITS, type Forward, MAX_OPEN, MAX_OPENED, Relay } from "../../../src/core/rendezvous/Relay.js"
import { ADDRESS_LIFE, PROOF_LIFE, QUIET_BYTES, QUIET_LIFE } from "../../../src/core/rendezvous/ReturnAddress.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Envelope from "../../../src/protocol/RelayEnvelope.js"
import { full } from "../../support/Effort.js"

const channels = new Channels(crypto, new Uint8Array(32).fill(7))
const [alice, bob, carol, dave] = [3, 1, 2, 4] as const
const between = (left: number, right: number) => channels.between(left, right).left
const at = (text: string) => Endpoint.parse(text)!
const ALICE = at("203.0.113.1:4000")
const BOB = at("[2001:db8::2]:4000")
const PACKET = Uint8Array.from({ length: 100 }, (_, i) => i)
const LIVE = [alice, bob, carol, dave]

let drawn = 0
const random = (length: number) => crypto.hash(length, [Bytes.fromText(String(drawn++))])

/** Alice, Bob, Carol and Dave are there. */
const make = (limits = DEFAULT_LIMITS, live: ReadonlyArray<number> = LIVE) =>
  new Relay<string>({ limits, channels, isLive: (session) => live.includes(session), random })

/** What the relay asks now, or nothing. */
const question = (relay: Relay<string>) => {
  const asked = relay.pollQuestion()
  expect(relay.pollQuestion()).toBeUndefined()
  return asked
}

/** Says something to `to` by datagram, and answers the question of the relay whether it is there. */
const appear = (relay: Relay<string>, by: number, to: number, from: Endpoint.Endpoint, now: number, via = "first") => {
  relay.handleDatagram(from, via, envelope(by, to, new Uint8Array()), now)
  const asked = question(relay)!
  expect(asked).toMatchObject({ to: from, via })
  const { packet } = Envelope.readFromServer(asked.data)!
  expect(relay.handleDatagram(from, via, envelope(by, to, packet), now)).toBeUndefined()
  expect(question(relay)).toBeUndefined()
}

/** By the first of the two, to the other. */
const envelope = (by: number, to: number, packet: Uint8Array = PACKET, token = between(by, to).token) =>
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
    appear(relay, bob, alice, BOB, 0, "second")
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
    while (relay.pollQuestion() !== undefined);
    while (relay.pollQuestion() !== undefined);
    appear(relay, alice, bob, ALICE, ADDRESS_LIFE + 1_000)
    // Bob's UDP has stopped working: he uses the link, and is answered there.
    const later = ADDRESS_LIFE + 2_000
    expect(relay.handleLine(bob, name(alice, bob), text, later)).toMatchObject({ _tag: "Datagram", to: ALICE })
    expect(relay.handleDatagram(ALICE, "first", envelope(alice, bob), later)).toEqual(line(bob, alice))
    expect(relay.stats).toMatchObject({ packets: 8, bytes: 800, limited: 0, congested: 0, unknown: 0 })
  })

  test("sends to no address that has not shown that it is there, and answers no envelope with more than came", () => {
    const relay = make()
    const text = Bytes.toBase64Url(PACKET)
    const victim = at("198.51.100.66:53")
    // Mallory (dave) names the victim as the place of a session of his own, and floods it from another one.
    const received = { packets: 0, bytes: 0 }
    const sent = { packets: 0, bytes: 0 }
    for (let now = 0; now < 60_000; now += 10) {
      if (now % 100 === 0) {
        const forged = envelope(dave, carol, new Uint8Array())
        relay.handleDatagram(victim, "first", forged, now)
        sent.packets++
        sent.bytes += forged.length
      }
      expect(relay.handleLine(carol, name(carol, dave), text, now)?._tag).not.toBe("Datagram")
      // He can guess, and repeat what was asked elsewhere.
      relay.handleDatagram(victim, "first", envelope(dave, carol, Envelope.proof(random(8))), now)
      for (let asked = relay.pollQuestion(); asked !== undefined; asked = relay.pollQuestion()) {
        received.packets++
        received.bytes += asked.data.length
      }
    }
    expect(received.packets).toBeGreaterThan(10)
    expect(received.packets).toBeLessThanOrEqual(5 * 60)
    expect(received.bytes).toBeLessThan(1.1 * sent.bytes)
    expect(relay.handleLine(carol, name(carol, dave), text, 60_000)?._tag).not.toBe("Datagram")
  })

  test("believes a proof for one address, one nonce and half a minute", () => {
    const relay = make()
    const text = Bytes.toBase64Url(PACKET)
    const to = (now: number) => relay.handleLine(alice, name(alice, bob), text, now)?._tag
    appear(relay, bob, alice, BOB, 0)
    expect(to(1)).toBe("Datagram")
    // From another address it has to be shown anew; and again when it is the old one.
    const elsewhere = at("[2001:db8::2]:4001")
    relay.handleDatagram(elsewhere, "first", envelope(bob, alice), 2)
    const first = question(relay)!
    expect(to(3)).toBe("Line")
    relay.handleDatagram(BOB, "first", envelope(bob, alice), 4)
    expect(to(5)).toBe("Line")
    question(relay)
    relay.handleDatagram(elsewhere, "first", envelope(bob, alice, Envelope.readFromServer(first.data)!.packet), 6)
    expect(to(7)).toBe("Line")
    question(relay)
  })

  test("has a proof renewed after half of its time: 30 s, or twenty minutes while next to nothing is said", () => {
    for (const [size, life] of [
      [1_000, PROOF_LIFE],
      [10, QUIET_LIFE]
    ] as const) {
      const relay = make()
      const said = Bytes.toBase64Url(new Uint8Array(size))
      appear(relay, bob, alice, BOB, 0)
      let renewed = false
      // As often as a silent conversation has keepalives.
      for (let now = 1_000; now < 2 * life; now += size > 100 ? 100 : 26_000) {
        relay.handleDatagram(BOB, "first", envelope(bob, alice, new Uint8Array(10)), now)
        expect(relay.handleLine(alice, name(alice, bob), said, now)?._tag).toBe("Datagram")
        const asked = relay.pollQuestion()
        expect(asked === undefined).toBe(now < life / 2)
        renewed = asked !== undefined
        if (renewed) break
      }
      expect(renewed).toBe(true)
    }
  })

  test("sends no more than the keepalives of silence on a proof that is not renewed", () => {
    const relay = make()
    const said = Bytes.toBase64Url(new Uint8Array(1_000))
    appear(relay, bob, alice, BOB, 0)
    let bytes = 0
    for (let now = PROOF_LIFE; now < QUIET_LIFE + 1_000; now += 100) {
      // The source is forged by now: nobody answers.
      relay.handleDatagram(BOB, "first", envelope(bob, alice, new Uint8Array()), now)
      if (relay.handleLine(alice, name(alice, bob), said, now)?._tag === "Datagram") bytes += 1_000
    }
    expect(bytes).toBeGreaterThan(1_000)
    expect(bytes).toBeLessThanOrEqual(QUIET_BYTES)
  })

  test("carries no proofs between peers, and takes none that comes late", () => {
    const relay = make()
    expect(relay.handleDatagram(BOB, "first", envelope(bob, alice, Envelope.proof(random(8))), 0)).toBeUndefined()
    const { packet } = Envelope.readFromServer(question(relay)!.data)!
    relay.handleDatagram(BOB, "first", envelope(bob, alice, packet), 10_000)
    expect(relay.handleLine(alice, name(alice, bob), "", 10_001)?._tag).toBe("Line")
  })

  test("sends one address no more than its share, however many sessions are there or send to it", () => {
    const limits = { ...DEFAULT_LIMITS, address: { burst: 16_400, perSecond: 1_640 } }
    const sessions = Array.from({ length: 40 }, (_, i) => 10 + i)
    const relay = make(limits, [...LIVE, ...sessions])
    const text = Bytes.toBase64Url(PACKET)
    for (const [i, session] of sessions.entries()) appear(relay, session, alice, at(`203.0.113.9:${4_000 + i}`), 0)
    appear(relay, bob, alice, BOB, 0)
    const send = (now: number) =>
      sessions.filter((session) => relay.handleLine(alice, name(alice, session), text, now) !== undefined).length
    // A packet counts 164 bytes: 100 at once, then 10 a second.
    expect([send(0), send(0), send(0), send(1_000)]).toEqual([40, 40, 20, 10])
    expect(relay.handleLine(alice, name(alice, bob), text, 1_000)?._tag).toBe("Datagram")
    expect(relay.stats).toMatchObject({ packets: 111, limited: 0, congested: 50 })
  })

  test("learns an address from an empty packet, and carries none", () => {
    const relay = make()
    appear(relay, bob, alice, BOB, 0)
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
    const relay = new Relay<string>({ limits: DEFAULT_LIMITS, channels, isLive: (one) => live.has(one), random })
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
    appear(relay, bob, alice, BOB, 0)
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

  // Some seconds: so many channels.
  if (full)
    test("keeps no more channels than it has room for, whoever opens them, and none of those with traffic goes", () => {
      const openers = Array.from({ length: Math.ceil(MAX_OPEN / MAX_OPENED) + 10 }, (_, i) => 1_000 + i)
      const relay = new Relay<string>({ limits: DEFAULT_LIMITS, channels, isLive: () => true, random })
      for (const [turn, opener] of openers.entries()) {
        expect(relay.handleLine(alice, name(alice, bob), "", turn)).toBeDefined()
        for (let i = 0; i < MAX_OPENED; i++) relay.handleLine(opener, name(opener, 10_000 + i), "", turn)
        expect(relay.size).toBeLessThanOrEqual(MAX_OPEN)
      }
      expect(relay.size).toBe(MAX_OPEN)
      for (const opener of openers) relay.sessionEnded(opener)
      expect(relay.size).toBe(1)
    })

  test("gives each channel its share, whatever the others use, and a session a few shares", () => {
    const [channel, session] = [
      { burst: 1_640, perSecond: 164 },
      { burst: 3_280, perSecond: 328 }
    ]
    const relay = make({ ...DEFAULT_LIMITS, channel, session })
    const text = Bytes.toBase64Url(PACKET)
    // 100 bytes and what a packet costs: ten at once, then one a second.
    let carried = 0
    for (let i = 0; i < 1_000; i++) if (relay.handleLine(alice, name(alice, bob), text, i) !== undefined) carried++
    expect(carried).toBe(10)
    // What the other side has is its own.
    expect(relay.handleLine(bob, name(alice, bob), text, 999)).toBeDefined()
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
