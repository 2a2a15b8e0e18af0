import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Handshake from "../../../../src/core/peer/handshake/Handshake.js"
import type { Crypto } from "../../../../src/domain/Crypto.js"
import * as Endpoint from "../../../../src/domain/Endpoint.js"
import * as Identity from "../../../../src/domain/Identity.js"
import { crypto } from "../../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../../src/protocol/Bytes.js"
import { type HandshakePayload, MAX_PACKET } from "../../../../src/protocol/Handshake.js"
import * as PeerRecord from "../../../../src/protocol/PeerRecord.js"

const person = (seed: number, nick: string) => {
  const { signKeys, staticKeys } = Identity.fromSeed(crypto, new Uint8Array(32).fill(seed))
  const record = PeerRecord.sign(crypto, signKeys.secretKey, {
    nick,
    identity: signKeys.publicKey,
    staticKey: staticKeys.publicKey,
    sequence: 1,
    expiry: 1e15
  })!
  return { staticKeys, record }
}
const alice = person(1, "alice")
const bob = person(2, "bob")
const mallory = person(3, "mallory")

const pairKey = new Uint8Array(32).fill(7)
const channel = new Uint8Array(8).fill(8)
const secret = (byte: number) => new Uint8Array(32).fill(byte)

const payload = (record: Uint8Array, change: Partial<HandshakePayload> = {}): HandshakePayload => ({
  attempt: 1,
  connection: new Uint8Array(8).fill(1),
  peerConnection: new Uint8Array(8),
  consent: true,
  features: 0,
  creditMessages: 16,
  creditBytes: 32_768,
  record,
  candidates: [Endpoint.make("192.0.2.1", 4000)!],
  ...change
})

const initiate = (change: Partial<Handshake.InitiateOptions> = {}) =>
  Handshake.initiate({
    crypto,
    staticKeys: alice.staticKeys,
    ephemeralSecret: secret(10),
    remoteStatic: bob.staticKeys.publicKey,
    channel,
    pairKey,
    senderIndex: 100,
    payload: payload(alice.record),
    ...change
  })

const respond = (packet: Uint8Array, change: Partial<Handshake.RespondOptions> = {}) =>
  Handshake.respond({ crypto, staticKeys: bob.staticKeys, ephemeralSecret: secret(20), pairKey, packet, ...change })

/** A packet with the `mac1` that somebody who knows the pair key, the server for one, could put on it. */
const remac = (packet: Uint8Array, receiverStatic: Uint8Array) => {
  const body = packet.subarray(0, -16)
  const key = crypto.hash(32, [Bytes.fromText("parley mac1 v1"), pairKey, receiverStatic])
  return Bytes.concat([body, crypto.hash(16, [body], key)])
}

const flip = (packet: Uint8Array, bit: number) => {
  const changed = Uint8Array.from(packet)
  changed[(bit >> 3) % packet.length]! ^= 1 << (bit & 7)
  return changed
}

describe("handshake", () => {
  it("gives both sides matching keys, each other's index, payload and static key", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        (ephemeralA, ephemeralB, indexA, indexB) => {
          const mine = payload(alice.record, { attempt: indexB })
          const theirs = payload(bob.record, { consent: false, candidates: [] })
          const initiation = initiate({ ephemeralSecret: ephemeralA, senderIndex: indexA, payload: mine })!
          const received = respond(initiation.packet, { ephemeralSecret: ephemeralB })!
          expect(received.channel).toEqual(channel)
          expect(received.remoteIndex).toBe(indexA)
          expect(received.payload).toEqual(mine)
          expect(received.remoteStatic).toEqual(alice.staticKeys.publicKey)

          const { packet, result: b } = received.reply(theirs, indexB)!
          expect(Handshake.peek(packet)).toEqual({ type: 2, receiverIndex: indexA, senderIndex: indexB })
          const a = initiation.complete(packet)!
          expect([a.remoteIndex, b.remoteIndex]).toEqual([indexB, indexA])
          expect([a.remotePayload, b.remotePayload]).toEqual([theirs, mine])
          expect([a.remoteStatic, b.remoteStatic]).toEqual([bob.staticKeys.publicKey, alice.staticKeys.publicKey])
          expect(a.sendKey).toEqual(b.receiveKey)
          expect(b.sendKey).toEqual(a.receiveKey)
          expect(a.sendKey).not.toEqual(a.receiveKey)
        }
      ),
      { numRuns: 25 }
    )
  })

  it("fits one packet with the longest nickname and eight IPv6 candidates", () => {
    const keys = crypto.signKeyPair(secret(1))
    const staticKey = alice.staticKeys.publicKey
    const record = PeerRecord.sign(crypto, keys.secretKey, {
      nick: "n".repeat(255),
      identity: keys.publicKey,
      staticKey,
      sequence: 1,
      expiry: 1e15
    })!
    expect(record.length).toBe(PeerRecord.MAX_RECORD)
    const candidates = Array(8).fill(Endpoint.make("2001:db8::1", 65_535)!)
    const initiation = initiate({ payload: payload(record, { candidates }) })!
    expect(initiation.packet.length).toBeLessThanOrEqual(MAX_PACKET)
    expect(respond(initiation.packet)!.payload.candidates).toEqual(candidates)
  })

  it("gives the same keys a second time to nobody", () => {
    const initiation = initiate()!
    const received = respond(initiation.packet)!
    const { packet } = received.reply(payload(bob.record), 5)!
    expect(received.reply(payload(bob.record), 6)).toBeUndefined()
    expect(initiation.complete(packet)).toBeDefined()
    expect(initiation.complete(packet)).toBeUndefined()
  })

  it("lets the responder correct a reply that could not be written", () => {
    const received = respond(initiate()!.packet)!
    expect(received.reply(payload(new Uint8Array(2000)), 5)).toBeUndefined()
    expect(received.reply(payload(bob.record), 2 ** 32)).toBeUndefined()
    expect(received.reply(payload(bob.record), 5)).toBeDefined()
  })

  it("does not begin with a low-order key, a wrong channel or a payload that does not fit", () => {
    expect(initiate({ remoteStatic: new Uint8Array(32) })).toBeUndefined()
    expect(initiate({ channel: new Uint8Array(7) })).toBeUndefined()
    expect(initiate({ senderIndex: -1 })).toBeUndefined()
    expect(initiate({ payload: payload(new Uint8Array(2000)) })).toBeUndefined()
  })
})

describe("HS1", () => {
  const { packet } = initiate()!

  it("is opened neither with a changed bit, nor cut, nor lengthened", () => {
    for (let bit = 0; bit < packet.length * 8; bit++) expect(respond(flip(packet, bit))).toBeUndefined()
    for (let length = 0; length < packet.length; length++) expect(respond(packet.subarray(0, length))).toBeUndefined()
    expect(respond(Bytes.concat([packet, Uint8Array.of(0)]))).toBeUndefined()
  })

  it("cannot be changed by somebody who can make a mac1, except for the index that answers go to", () => {
    const index = 9 * 8
    for (let bit = 0; bit < (packet.length - 16) * 8; bit += 3) {
      if (bit >= index && bit < index + 32) continue
      expect(respond(remac(flip(packet, bit), bob.staticKeys.publicKey))).toBeUndefined()
    }
  })

  it("is opened by nobody else, and not on another channel", () => {
    expect(respond(packet, { staticKeys: mallory.staticKeys })).toBeUndefined()
    const toMallory = remac(packet, mallory.staticKeys.publicKey)
    expect(respond(toMallory, { staticKeys: mallory.staticKeys })).toBeUndefined()
    const moved = Uint8Array.from(packet).fill(9, 1, 9)
    expect(respond(remac(moved, bob.staticKeys.publicKey))).toBeUndefined()
  })

  it("with another pair key is dropped before any curve operation", () => {
    const watched: Crypto = {
      ...crypto,
      noiseResponder: () => expect.unreachable("a stranger's packet reached the key agreement"),
      dhKeyPair: () => expect.unreachable("a stranger's packet reached the key agreement")
    }
    expect(respond(packet, { crypto: watched, pairKey: secret(1) })).toBeUndefined()
    expect(respond(flip(packet, 300), { crypto: watched })).toBeUndefined()
    expect(() => respond(packet, { crypto: watched })).toThrow("a stranger's packet")
  })

  it("with somebody else's record, or none, is refused", () => {
    expect(respond(initiate({ payload: payload(bob.record) })!.packet)).toBeUndefined()
    expect(respond(initiate({ payload: payload(new Uint8Array(10)) })!.packet)).toBeUndefined()
  })

  it("of random bytes is dropped, with a good mac1 or without", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (junk) => {
        expect(respond(junk)).toBeUndefined()
        const dressed = Bytes.concat([Uint8Array.of(1), channel, junk, new Uint8Array(16)])
        expect(respond(remac(dressed, bob.staticKeys.publicKey))).toBeUndefined()
      })
    )
  })
})

describe("HS2", () => {
  const begin = () => {
    const initiation = initiate()!
    return { initiation, ...respond(initiation.packet)!.reply(payload(bob.record), 200)! }
  }

  it("forged in any bit or cut anywhere fails, and does not spoil the true one", () => {
    const { initiation, packet, result } = begin()
    for (let bit = 0; bit < packet.length * 8; bit++) expect(initiation.complete(flip(packet, bit))).toBeUndefined()
    for (let length = 0; length < packet.length; length++) {
      expect(initiation.complete(packet.subarray(0, length))).toBeUndefined()
    }
    expect(initiation.complete(packet)!.sendKey).toEqual(result.receiveKey)
  })

  it("forged by somebody who can make a mac1 fails, and does not spoil the true one", () => {
    const { initiation, packet, result } = begin()
    const dressed = (changed: Uint8Array) => remac(changed, alice.staticKeys.publicKey)
    for (let bit = 9 * 8; bit < (packet.length - 16) * 8; bit += 13) {
      expect(initiation.complete(dressed(flip(packet, bit)))).toBeUndefined()
    }
    // A low-order ephemeral key, and an answer by somebody else to the same packet.
    expect(initiation.complete(dressed(Uint8Array.from(packet).fill(0, 9, 41)))).toBeUndefined()
    const other = initiate({ remoteStatic: mallory.staticKeys.publicKey })!
    const answer = respond(other.packet, { staticKeys: mallory.staticKeys })!.reply(payload(mallory.record), 200)!
    expect(initiation.complete(dressed(answer.packet))).toBeUndefined()
    expect(initiation.complete(packet)!.sendKey).toEqual(result.receiveKey)
  })

  it("is taken from nobody but for this initiation", () => {
    const { packet } = begin()
    expect(initiate({ ephemeralSecret: secret(11) })!.complete(packet)).toBeUndefined()
    expect(initiate({ senderIndex: 101 })!.complete(packet)).toBeUndefined()
    expect(initiate({ pairKey: secret(1) })!.complete(packet)).toBeUndefined()
  })

  it("with a record that names another static key is refused", () => {
    const initiation = initiate()!
    const { packet } = respond(initiation.packet)!.reply(payload(mallory.record), 200)!
    expect(initiation.complete(packet)).toBeUndefined()
  })

  it("of random bytes is dropped", () => {
    const { initiation, packet } = begin()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (junk) => {
        expect(initiation.complete(junk)).toBeUndefined()
        const dressed = Bytes.concat([packet.subarray(0, 9), junk, new Uint8Array(16)])
        expect(initiation.complete(remac(dressed, alice.staticKeys.publicKey))).toBeUndefined()
      })
    )
    expect(initiation.complete(packet)).toBeDefined()
  })

  it("stays open when the caller overwrites what it passed in", () => {
    const ephemeralSecret = secret(10)
    const initiation = initiate({ ephemeralSecret })!
    ephemeralSecret.fill(0)
    const { packet } = respond(initiation.packet)!.reply(payload(bob.record), 200)!
    // The forgery makes it begin again from its own copy.
    expect(initiation.complete(remac(flip(packet, 400), alice.staticKeys.publicKey))).toBeUndefined()
    expect(initiation.complete(Buffer.from(packet))).toBeDefined()
  })
})
