import { existsSync, readFileSync } from "node:fs"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type Corner,
  DEFAULT_LIMITS,
  Reflector,
  type ReflectorLimits,
  type Site
} from "../../../src/core/rendezvous/Reflector.js"
import { MAX_SOURCES } from "../../../src/core/rendezvous/SourceBuckets.js"
import { SourceLimiter } from "../../../src/core/rendezvous/SourceLimiter.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Stun from "../../../src/protocol/Stun.js"
import { some } from "../../support/Effort.js"

const at = (text: string): Endpoint.Endpoint => Endpoint.parse(text)!

const PORTS = [9090, 9091] as const
const FULL = { ipv4: site("198.51.100.1", "198.51.100.2"), ipv6: site("2001:db8::1", "2001:db8::2") }
const SINGLE = { ipv4: site("198.51.100.1"), ipv6: site("2001:db8::1") }
const ANYWHERE = { ipv4: site(), ipv6: site() }
const HERE: Corner = { address: 0, port: 0 }
const CLIENT = { ipv4: at("192.0.2.7:40001"), ipv6: at("[2001:db8:7::7]:40001") } as const

const make = (sites: typeof FULL = ANYWHERE, limits: ReflectorLimits = DEFAULT_LIMITS) =>
  new Reflector({ sites, software: "parley/1.0.0", limits }, 0)

const ID = Bytes.fromHex("b7e7a701bc34d686fa87dfae")!

const request = (attributes: Stun.Attributes = {}, fingerprint = false): Uint8Array =>
  Stun.encode({ class: "request", method: Stun.BINDING, transactionId: ID, attributes, fingerprint })!

const ask = (reflector: Reflector, data: Uint8Array, from = CLIENT.ipv4, corner = HERE) => {
  const reply = reflector.handleDatagram(corner, from, data, 0)
  return reply === undefined ? undefined : { ...reply, message: Stun.decode(reply.data) }
}

/** The header, ERROR-CODE without a reason, and UNKNOWN-ATTRIBUTES with one type. */
const REFUSAL = 20 + 8 + 8

/**
 * RFC 5769 §2.1: a request with SOFTWARE, PRIORITY (of ICE), ICE-CONTROLLED, USERNAME, MESSAGE-INTEGRITY and
 * FINGERPRINT.
 */
const SAMPLE_REQUEST =
  "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36" +
  "000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"

describe("Reflector", () => {
  it("tells IPv4 and IPv6 clients where they come from, in the smallest answer there is", () => {
    for (const from of [CLIENT.ipv4, CLIENT.ipv6]) {
      const reply = ask(make(), request(), from)
      expect(reply?.from).toEqual(HERE)
      expect(reply?.message).toMatchObject({
        class: "success",
        method: Stun.BINDING,
        transactionId: ID,
        fingerprint: false
      })
      expect(reply?.message?.attributes).toEqual({ xorMappedAddress: from })
      expect(reply?.data.length).toBe(from.family === "ipv4" ? 32 : 44)
    }
  })

  it("adds FINGERPRINT when it was asked with one, and its name where there is room", () => {
    expect(ask(make(), request({}, true))?.message).toMatchObject({ fingerprint: true })
    const roomy = ask(make(), request({ software: "a client with a rather long name" }))
    expect(roomy?.message).toMatchObject({ fingerprint: true, attributes: { software: "parley/1.0.0" } })
    expect(roomy?.data.length).toBe(56)
  })

  it("tells its origin when it knows it, and OTHER-ADDRESS only with a second address", () => {
    expect(ask(make(SINGLE), request())?.message?.attributes).toEqual({
      xorMappedAddress: CLIENT.ipv4,
      responseOrigin: at("198.51.100.1:9090")
    })
    expect(ask(make(FULL), request(), CLIENT.ipv6)?.message?.attributes).toEqual({
      xorMappedAddress: CLIENT.ipv6,
      responseOrigin: at("[2001:db8::1]:9090"),
      otherAddress: at("[2001:db8::2]:9091")
    })
  })

  it("answers from the corner that CHANGE-REQUEST asks for, whichever one was asked", () => {
    const sides = [0, 1] as const
    for (const address of sides) {
      for (const port of sides) {
        for (const change of [
          { address: false, port: false },
          { address: false, port: true },
          { address: true, port: false },
          { address: true, port: true }
        ]) {
          const reply = ask(make(FULL), request({ changeRequest: change }), CLIENT.ipv4, { address, port })
          const corner = { address: address ^ Number(change.address), port: port ^ Number(change.port) }
          expect(reply?.from).toEqual(corner)
          expect(reply?.message?.attributes).toEqual({
            xorMappedAddress: CLIENT.ipv4,
            responseOrigin: at(`198.51.100.${corner.address + 1}:${PORTS[corner.port]}`),
            otherAddress: at(`198.51.100.${2 - address}:${PORTS[port === 0 ? 1 : 0]}`)
          })
        }
      }
    }
  })

  it("changes the port without a second address, and refuses to change the address", () => {
    for (const sites of [SINGLE, ANYWHERE]) {
      const changed = ask(make(sites), request({ changeRequest: { address: false, port: true } }))
      expect(changed).toMatchObject({ from: { address: 0, port: 1 }, message: { class: "success" } })
      const refused = ask(make(sites), request({ changeRequest: { address: true, port: true } }))
      expect(refused).toMatchObject({ from: HERE, message: { class: "error" } })
      expect(refused?.message?.attributes).toEqual({
        errorCode: { code: 420, reason: "" },
        unknownAttributes: [0x0003]
      })
    }
  })

  it("refuses the sample request of RFC 5769 for its PRIORITY alone, and answers it without", () => {
    const sample = Bytes.fromHex(SAMPLE_REQUEST)!
    const reply = ask(make(), sample)
    expect(reply?.message).toMatchObject({ class: "error", transactionId: ID, fingerprint: true })
    expect(reply?.message?.attributes).toMatchObject({ errorCode: { code: 420 }, unknownAttributes: [0x0024] })

    const { attributes } = Stun.decode(sample)!
    expect(ask(make(), request(attributes, true))?.message).toMatchObject({
      class: "success",
      attributes: { xorMappedAddress: CLIENT.ipv4 }
    })
  })

  it("names at most 16 unknown attributes", () => {
    const attributes = Array.from({ length: 300 }, (_, index) => Uint8Array.of(0x70 + (index >> 8), index, 0, 0))
    const header = Bytes.concat([Uint8Array.of(0, 1, 1200 >> 8, 1200 & 0xff, 0x21, 0x12, 0xa4, 0x42), ID])
    const reply = ask(make(), Bytes.concat([header, ...attributes]))
    expect(reply?.message?.attributes.unknownAttributes).toHaveLength(16)
  })

  it("answers nothing but Binding requests", () => {
    const reflector = make(FULL)
    for (const kind of ["indication", "success", "error"] as const) {
      const message = { class: kind, method: Stun.BINDING, transactionId: ID, attributes: {}, fingerprint: false }
      expect(ask(reflector, Stun.encode(message)!)).toBeUndefined()
    }
    const allocate = { class: "request", method: 3, transactionId: ID, attributes: {}, fingerprint: false } as const
    expect(ask(reflector, Stun.encode(allocate)!)).toBeUndefined()
    const broken = request({}, true)
    broken[broken.length - 1]! ^= 1
    expect(ask(reflector, broken)).toBeUndefined()
    expect(ask(reflector, request(), { ...CLIENT.ipv4, port: 0 })).toBeUndefined()
    expect(reflector.stats).toEqual({ answered: 0, refused: 0, limited: 0, ignored: 6 })
  })

  it("never throws at random bytes, and never answers them", () => {
    const reflector = make(FULL)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1600 }), (bytes) => {
        expect(ask(reflector, bytes)).toBeUndefined()
      })
    )
  })

  it("answers a damaged request in a valid way or not at all", () => {
    const valid = request({ software: "somebody", changeRequest: { address: false, port: true } })
    fc.assert(
      fc.property(
        fc.nat(valid.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(valid.length),
        (index, flip, cut) => {
          const bytes = Bytes.copy(valid).subarray(0, cut === 0 ? valid.length : cut)
          if (index < bytes.length) bytes[index]! ^= flip
          const reply = make(FULL).handleDatagram(HERE, CLIENT.ipv4, bytes, 0)
          if (reply !== undefined) expect(reply.data.length % 4).toBe(0)
        }
      )
    )
  })

  it("answers with no more than its request has, except for what the standards demand", () => {
    const attributes = fc.record(
      {
        software: fc.nat(100).map((length) => "s".repeat(length)),
        changeRequest: fc.record({ address: fc.boolean(), port: fc.boolean() })
      },
      { requiredKeys: [] }
    )
    const setup = fc.record({
      sites: fc.constantFrom(FULL, SINGLE, ANYWHERE),
      from: fc.constantFrom(CLIENT.ipv4, CLIENT.ipv6),
      fingerprint: fc.boolean()
    })
    fc.assert(
      fc.property(attributes, setup, (some, { fingerprint, from, sites }) => {
        const data = request(some, fingerprint)
        const reply = ask(make(sites), data, from)!
        const address = from.family === "ipv4" ? 12 : 24
        // The header, the addresses that RFC 8489 and (by the addresses known) RFC 5780 want, and FINGERPRINT where it
        // was used.
        const success = 20 + address * (1 + sites.ipv4.addresses.length)
        const demanded = (reply.message?.class === "success" ? success : REFUSAL) + (fingerprint ? 8 : 0)
        expect(reply.data.length).toBeLessThanOrEqual(Math.max(data.length, demanded))
      }),
      { numRuns: some(2_000) }
    )
  })

  it("sends to an unproven source one packet for one, from whichever port, and little more than twice its bytes", () => {
    let most = 0
    for (const sites of [FULL, SINGLE, ANYWHERE])
      for (const from of [CLIENT.ipv4, CLIENT.ipv6])
        for (const fingerprint of [false, true])
          for (const changeRequest of [undefined, { address: true, port: true }, { address: false, port: true }])
            for (const corner of [HERE, { address: 0, port: 1 }] as const) {
              const data = request(changeRequest && { changeRequest }, fingerprint)
              const headers = from.family === "ipv4" ? 28 : 48
              const reply = make(sites).handleDatagram(corner, from, data, 0)!
              most = Math.max(most, (reply.data.length + headers) / (data.length + headers))
            }
    expect(most).toBeGreaterThan(2)
    expect(most).toBeLessThan(2.1)
  })

  it("limits each source, IPv6 by its /64, and all together", () => {
    const limits = { each: { burst: 3, perSecond: 1 }, all: { burst: 8, perSecond: 1 } }
    const reflector = make(ANYWHERE, limits)
    const answers = (from: Endpoint.Endpoint, times: number, now = 0) =>
      Array.from({ length: times }, () => reflector.handleDatagram(HERE, from, request(), now)).filter(Boolean).length
    expect(answers(at("192.0.2.1:1000"), 10)).toBe(3)
    expect(answers(at("192.0.2.1:2000"), 1)).toBe(0)
    expect(answers(at("[2001:db8::1]:1"), 2) + answers(at("[2001:db8::ffff:1]:1"), 2)).toBe(3)
    expect(answers(at("192.0.2.2:1000"), 10)).toBe(2)
    expect(answers(at("192.0.2.3:1000"), 1)).toBe(0)
    expect(answers(at("192.0.2.1:1000"), 10, 2_000)).toBe(2)
    expect(reflector.stats).toMatchObject({ answered: 10, limited: 26 })
  })

  it("bounds what it remembers of sources", () => {
    const limiter = new SourceLimiter({ burst: 1, perSecond: 1 }, { burst: 1e6, perSecond: 1e6 }, 0)
    for (let index = 0; index < MAX_SOURCES + 1_000; index++) {
      limiter.take(at(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:1`), 0)
    }
    expect(limiter.size).toBe(MAX_SOURCES)
  })
})

describe("Reflector for clients of RFC 3489", () => {
  const classic = (...attributes: ReadonlyArray<ReadonlyArray<number>>): Uint8Array => {
    const body = attributes.flat()
    return Uint8Array.from([0, 1, 0, body.length, ...Array.from({ length: 16 }, (_, index) => index + 1), ...body])
  }
  const answer = (sites: typeof FULL, data: Uint8Array) => make(sites).handleDatagram(HERE, CLIENT.ipv4, data, 0)

  it("tells MAPPED-ADDRESS, and SOURCE-ADDRESS and CHANGED-ADDRESS where they are known", () => {
    expect(Bytes.toHex(answer(ANYWHERE, classic())!.data)).toBe(
      "0101000c0102030405060708090a0b0c0d0e0f10" + "0001000800019c41c0000207"
    )
    expect(Bytes.toHex(answer(FULL, classic())!.data)).toBe(
      "010100240102030405060708090a0b0c0d0e0f10" +
        "0001000800019c41c0000207" +
        "0004000800012382c6336401" +
        "0005000800012383c6336402"
    )
  })

  it("honours CHANGE-REQUEST, and refuses it with 420 where it cannot", () => {
    expect(answer(FULL, classic([0, 3, 0, 4, 0, 0, 0, 6]))?.from).toEqual({ address: 1, port: 1 })
    expect(Bytes.toHex(answer(ANYWHERE, classic([0, 3, 0, 4, 0, 0, 0, 4]))!.data)).toBe(
      "011100100102030405060708090a0b0c0d0e0f10" + "0009000400000414" + "000a000400030003"
    )
  })

  it("never sends its answer elsewhere: RESPONSE-ADDRESS is refused", () => {
    const reply = answer(FULL, classic([0, 2, 0, 8, 0, 1, 0, 53, 192, 0, 2, 66]))
    expect(Bytes.toHex(reply!.data.subarray(0, 2))).toBe("0111")
  })

  it("is deaf to broken ones and to those over IPv6", () => {
    expect(answer(FULL, classic([0, 3, 0, 2, 0, 6]))).toBeUndefined()
    expect(answer(FULL, classic([0, 3, 0, 9, 0, 0, 0, 6]))).toBeUndefined()
    expect(make(FULL).handleDatagram(HERE, CLIENT.ipv6, classic(), 0)).toBeUndefined()
  })
})

const file = new URL("../../../../shared/vectors/stun/rfc5769.json", import.meta.url)
if (existsSync(file)) {
  const vectors: ReadonlyArray<{ readonly name: string; readonly hex: string }> = JSON.parse(readFileSync(file, "utf8"))
  describe("Reflector and every STUN vector at hand", () => {
    for (const { hex, name } of vectors) {
      it(`answers ${name} only if it is a request`, () => {
        const data = Bytes.fromHex(hex)!
        const reply = ask(make(FULL), data)
        expect(reply !== undefined).toBe(Stun.decode(data)?.class === "request")
        if (reply !== undefined) expect(reply.message?.transactionId).toEqual(Stun.decode(data)?.transactionId)
      })
    }
  })
}

function site(...addresses: ReadonlyArray<string>): Site {
  return { addresses, ports: PORTS }
}

it("a limiter lets a known source have its own share, whatever others use up", () => {
  const limiter = new SourceLimiter({ burst: 5, perSecond: 1 }, { burst: 100, perSecond: 1 }, 0)
  const from = (i: number) => Endpoint.make(`10.0.${i >> 8}.${i & 255}`, 1)!
  for (let i = 0; i < 1_000; i++) limiter.take(from(i), 0)
  expect(limiter.take(Endpoint.make("192.0.2.1", 1)!, 0)).toBe(false)
  const known = Array.from({ length: 7 }, () => limiter.take(Endpoint.make("192.0.2.2", 1)!, 0, true))
  expect(known).toEqual([true, true, true, true, true, false, false])
})
