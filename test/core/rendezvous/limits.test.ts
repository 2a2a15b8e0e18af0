import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Networks, type Source } from "../../../src/core/rendezvous/Networks.js"
import { Places, STRANGER_MS } from "../../../src/core/rendezvous/Places.js"
import { RefusalLog } from "../../../src/core/rendezvous/RefusalLog.js"
import { Expiry } from "../../../src/core/support/Expiry.js"
import { TokenBucket } from "../../../src/core/support/TokenBucket.js"
import * as Cidr from "../../../src/domain/Cidr.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { some } from "../../support/Effort.js"

describe("a token bucket", () => {
  test("never gives more than its burst and what time brings, and says truly when the next token comes", () => {
    const rates = fc.record({ burst: fc.integer({ min: 1, max: 20 }), perSecond: fc.integer({ min: 1, max: 50 }) })
    fc.assert(
      fc.property(rates, fc.array(fc.nat({ max: 500 }), { maxLength: 200 }), (rate, pauses) => {
        const bucket = new TokenBucket(rate, 0)
        let now = 0
        let taken = 0
        for (const pause of pauses) {
          now += pause
          const wait = bucket.take(now)
          if (wait === 0) {
            taken++
            expect(taken).toBeLessThanOrEqual(rate.burst + (now / 1000) * rate.perSecond + 1e-6)
          } else {
            expect(wait).toBeGreaterThanOrEqual(1)
            expect(wait).toBeLessThanOrEqual(Math.ceil(1000 / rate.perSecond))
            now += wait
            expect(bucket.take(now)).toBe(0)
            taken++
          }
        }
      }),
      // Enough to meet the fractions that do not add up.
      { numRuns: some(3000) }
    )
  })

  test("is full again after a while", () => {
    const bucket = new TokenBucket({ burst: 2, perSecond: 1 }, 0)
    bucket.take(0)
    expect(bucket.isFull(999)).toBe(false)
    expect(bucket.isFull(1000)).toBe(true)
  })
})

describe("networks", () => {
  const from = (address: string) => Endpoint.make(address, 1)!
  const SOME = 1_000
  const limits = { connections: 2, rate: { burst: 3, perSecond: 1 }, work: { burst: 100, perSecond: 10 } }

  test("keep to what their model allows, for every address and every /64, /56 and /48", () => {
    const sources = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "2001:db8:0:100::1"]
    const keys = (source: string): ReadonlyArray<readonly [string, number]> =>
      source.includes(".")
        ? [[source, 1]]
        : [
            [source === "2001:db8::2" ? "2001:db8::1" : source, 1],
            [source === "2001:db8:0:100::1" ? "b/56" : "a/56", 4],
            ["/48", 16]
          ]
    const step = fc.record({ source: fc.constantFrom(...sources), leave: fc.boolean(), pause: fc.nat({ max: 800 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const networks = new Networks(limits)
        const model = new Map<string, { open: number; bucket: TokenBucket }>()
        const inside = new Map<string, Array<Source>>()
        let now = 0
        for (const { source, leave, pause } of steps) {
          now += pause
          const levels = keys(source).map(([key, factor]) => {
            const rate = { burst: 3 * factor, perSecond: factor }
            const level = model.get(key) ?? { open: 0, bucket: new TokenBucket(rate, now) }
            model.set(key, level)
            return { level, most: 2 * factor }
          })
          const places = inside.get(source) ?? []
          inside.set(source, places)
          if (leave) {
            const place = places.pop()
            if (place === undefined) continue
            place.leave(false)
            for (const { level } of levels) level.open--
          } else {
            const allowed = levels.every(({ level, most }) => level.open < most && level.bucket.wait(now) === 0)
            const place = networks.enter(from(source), now)
            expect(place !== undefined).toBe(allowed)
            if (place === undefined) continue
            places.push(place)
            for (const { level } of levels) {
              level.open++
              level.bucket.take(now)
            }
          }
        }
      })
    )
  })

  test("share their work: of an address, and of everybody in a /48", () => {
    const networks = new Networks(limits)
    const [one, two] = [networks.enter(from("192.0.2.1"), 0)!, networks.enter(from("192.0.2.1"), 0)!]
    one.charge(0, 101)
    expect(two.wait(0)).toBeGreaterThan(0)
    expect(networks.enter(from("192.0.2.2"), 0)!.wait(0)).toBe(0)
    for (let i = 0; i < 30; i++) networks.enter(from(`2001:db8:1:${i.toString(16)}00::1`), 0)!.charge(0, 60)
    expect(networks.enter(from("2001:db8:1:ff00::1"), 0)?.wait(0)).toBeGreaterThan(0)
    expect(networks.enter(from("2001:db8:2::1"), 0)?.wait(0)).toBe(0)
  })

  test("may be given other limits, and other blocks be exempt, while there are connections", () => {
    const networks = new Networks(limits)
    const places = [networks.enter(from("192.0.2.1"), 0)!, networks.enter(from("192.0.2.1"), 0)!]
    expect(networks.enter(from("192.0.2.1"), 0)).toBeUndefined()
    networks.change({ ...limits, connections: 3 }, [Cidr.parse("198.51.100.0/24")!], 0)
    expect(networks.enter(from("192.0.2.1"), 0)).toBeDefined()
    expect(networks.enter(from("192.0.2.1"), 0)).toBeUndefined()
    networks.change(limits, [], 0)
    places[0]!.leave(true)
    expect(networks.enter(from("192.0.2.1"), 0), "those who are here stay, and count").toBeUndefined()
    places[1]!.leave(true)
    expect(networks.enter(from("192.0.2.1"), 0)).toBeDefined()
    for (let i = 0; i < 3; i++) networks.enter(from("198.51.100.1"), 0)
    expect(networks.enter(from("198.51.100.1"), 0), "is exempt no more").toBeUndefined()
  })

  test("do not count a connection that stayed as one that only comes and goes", () => {
    const networks = new Networks(limits)
    for (let i = 0; i < 20; i++) networks.enter(from("192.0.2.1"), 0)!.leave(true)
    for (let i = 0; i < 3; i++) networks.enter(from("192.0.2.1"), 0)!.leave(false)
    expect(networks.enter(from("192.0.2.1"), 0)).toBeUndefined()
  })

  test("let loopback addresses through, and the blocks that they are told", () => {
    const blocks = ["198.51.100.0/23", "203.0.113.7", "2001:db8:8000::/33"].map((text) => Cidr.parse(text)!)
    const networks = new Networks(limits, blocks)
    for (const address of ["127.0.0.1", "::1", "198.51.101.255", "203.0.113.7", "2001:db8:ffff::1"]) {
      for (let i = 0; i < 50; i++) {
        const place = networks.enter(from(address), 0)
        place?.charge(0, 1_000_000)
        expect(place?.wait(0)).toBe(0)
      }
    }
    expect(networks.size).toBe(0)
    for (const address of ["198.51.102.0", "203.0.113.6", "2001:db8:7fff::1"]) {
      for (let i = 0; i < 2; i++) expect(networks.enter(from(address), 0)).toBeDefined()
      expect(networks.enter(from(address), 0)).toBeUndefined()
    }
  })

  test("are remembered in bounded number, the harmless ones forgotten first; the rest is judged by larger ones", () => {
    const networks = new Networks(limits, [], SOME)
    const address = (i: number) => from(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
    const places = Array.from({ length: SOME }, (_, i) => networks.enter(address(i), 0)!)
    expect(networks.enter(from("192.0.2.1"), 0)).toBeDefined()
    expect(networks.size).toBe(SOME + 1)
    // Whoever has a place of his own keeps it, and a whole /16 has some for those who came late.
    expect(networks.enter(address(5), 0)).toBeDefined()
    let late = 0
    for (let i = 0; i < 1_000; i++) if (networks.enter(from(`192.0.${i & 255}.${i >> 8}`), 0) !== undefined) late++
    expect(late).toBeGreaterThan(50)
    expect(late).toBeLessThan(200)
    expect(networks.enter(from("198.51.100.1"), 0)).toBeDefined()
    for (const place of places) place.leave(true)
    expect(networks.enter(from("203.0.113.1"), 3000)).toBeDefined()
    expect(networks.size).toBeLessThan(10)
  })

  test("take bounded memory from the addresses of a whole internet", () => {
    const networks = new Networks(limits, [], SOME)
    for (let i = 0; i < 5 * SOME; i++) {
      const group = (bits: number) => ((Math.imul(i + 1, 0x9e37_79b1) >>> bits) & 0xffff).toString(16)
      networks.enter(from(`2${group(16).padStart(4, "0").slice(1)}:${group(0)}:${(i & 0xffff).toString(16)}::1`), 0)
    }
    expect(networks.size).toBeLessThanOrEqual(2 * SOME + 1)
  })
})

describe("blocks of addresses", () => {
  test("are read, or refused", () => {
    for (const text of ["", "x", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/8/8", "1.2.3.4/-1", "::/129", "::/x", "1.2.3/8"]) {
      expect(Cidr.parse(text)).toBeUndefined()
    }
    expect(Cidr.parse("0.0.0.0/0")).toBeDefined()
    expect(Cidr.contains(Cidr.parse("0.0.0.0/0")!, Endpoint.toBytes(from("203.0.113.9")))).toBe(true)
    expect(Cidr.contains(Cidr.parse("0.0.0.0/0")!, Endpoint.toBytes(from("2001:db8::1")))).toBe(false)
  })

  const from = (address: string) => Endpoint.make(address, 1)!
})

describe("places", () => {
  test("are for all until there are none; then silent strangers, and the most numerous guests, make room", () => {
    const places = new Places<number>(32)
    const come = (id: number, network: string, now: number) => {
      const room = places.roomFor(network, now)
      if (room === undefined) return undefined
      if (room.victim !== undefined) places.leave(room.victim)
      places.arrive(id, network, now)
      return room
    }
    const sit = (id: number, { anonymous = true, known = false } = {}) => {
      const seat = places.seatFor(id, known)
      if (seat === undefined) return undefined
      if (seat.victim !== undefined) places.leave(seat.victim)
      places.registered(id, anonymous)
      return seat
    }
    for (let id = 0; id < 20; id++) {
      come(id, id < 12 ? "many" : "few", 0)
      expect(sit(id)).toEqual({})
    }
    for (let id = 100; id < 112; id++) expect(come(id, "silent", 0)).toEqual({})
    // Whoever has only just come is sent away for somebody of a smaller network alone.
    expect(come(200, "silent", STRANGER_MS - 1)).toBeUndefined()
    expect(come(200, "new", STRANGER_MS - 1)).toEqual({ victim: 100 })
    expect(come(112, "silent", STRANGER_MS)).toEqual({ victim: 101 })
    expect(sit(200)).toEqual({})
    for (let id = 201; id < 210; id++) {
      come(id, "identities", STRANGER_MS)
      expect(sit(id, { anonymous: false })).toEqual({})
    }
    // 30 are seated: the rest is for those who were here before, and a guest of the largest crowd goes for another.
    come(300, "new", STRANGER_MS)
    expect(sit(300)).toEqual({ victim: 0 })
    come(301, "many", STRANGER_MS)
    expect(sit(301)).toBeUndefined()
    expect(sit(301, { anonymous: false, known: true })).toEqual({})
    // A session that has a seat changes its nickname at any time.
    expect(sit(300)).toEqual({})
    expect(places.size).toBeLessThanOrEqual(32)
  })

  test("are never more than there are, and nobody with an identity is a victim, whatever happens", () => {
    const step = fc.record({
      _tag: fc.constantFrom("come", "sit", "leave"),
      id: fc.nat({ max: 60 }),
      network: fc.constantFrom("a", "b", "c"),
      anonymous: fc.boolean(),
      pause: fc.nat({ max: 700 })
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const places = new Places<number>(16)
        const state = new Map<number, "stranger" | "guest" | "identity">()
        let now = 0
        const evict = (victim: number | undefined, allowed: ReadonlyArray<string>) => {
          if (victim === undefined) return
          expect(allowed).toContain(state.get(victim))
          places.leave(victim)
          state.delete(victim)
        }
        for (const { _tag, anonymous, id, network, pause } of steps) {
          now += pause
          if (_tag === "come" && !state.has(id)) {
            const room = places.roomFor(network, now)
            if (room === undefined) continue
            evict(room.victim, ["stranger"])
            places.arrive(id, network, now)
            state.set(id, "stranger")
          } else if (_tag === "sit" && state.has(id)) {
            const seat = places.seatFor(id, false)
            if (seat === undefined) continue
            expect(seat.victim).not.toBe(id)
            evict(seat.victim, ["guest"])
            places.registered(id, anonymous)
            state.set(id, anonymous ? "guest" : "identity")
          } else if (_tag === "leave") {
            places.leave(id)
            state.delete(id)
          }
          expect(places.size).toBe(state.size)
          expect(places.size).toBeLessThanOrEqual(16)
        }
      })
    )
  })
})

describe("the log of refusals", () => {
  test("says the first of each address at once, then the sum once a minute, and not more than can be read", () => {
    const log = new RefusalLog(0)
    expect(log.note("192.0.2.1", "full", 0)).toEqual({ from: "192.0.2.1", reason: "full", count: 1 })
    for (let i = 0; i < 1000; i++) expect(log.note("192.0.2.1", "full", 50 * i)).toBeUndefined()
    expect(log.note("192.0.2.1", "token", 50_000)).toEqual({ from: "192.0.2.1", reason: "token", count: 1 })
    expect(log.note("192.0.2.1", "full", 60_000)).toEqual({ from: "192.0.2.1", reason: "full", count: 1001 })
    let lines = 0
    for (let i = 0; i < 100_000; i++) {
      if (log.note(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, "connections", 60_000 + i / 10) !== undefined) lines++
    }
    expect(lines).toBeLessThan(220)
  })
})

test("an expiry gives back what has ended, in order, and only that", () => {
  const step = fc.record({ key: fc.nat({ max: 5 }), remove: fc.boolean(), pause: fc.nat({ max: 60 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const expiry = new Expiry<number>(100)
      const model = new Map<number, number>()
      let now = 0
      for (const { key, remove, pause } of steps) {
        now += pause
        for (let ended = expiry.take(now); ended !== undefined; ended = expiry.take(now)) {
          expect(model.get(ended)).toBe(Math.min(...model.values()))
          expect(model.get(ended)).toBeLessThanOrEqual(now)
          model.delete(ended)
        }
        expect([...model.values()].every((at) => at > now)).toBe(true)
        if (remove) {
          expiry.delete(key)
          model.delete(key)
        } else {
          expiry.set(key, now)
          model.set(key, now + 100)
        }
        expect(expiry.next()).toBe(model.size === 0 ? undefined : Math.min(...model.values()))
      }
    })
  )
})
