import * as Either from "effect/Either"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Ban, Bans, MAX_BANS } from "../../../src/core/rendezvous/Bans.js"
import * as Cidr from "../../../src/domain/Cidr.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Nickname from "../../../src/domain/Nickname.js"

const WALL = 1_700_000_000_000

/** Few addresses, near each other, so that blocks meet them. */
const address = fc
  .tuple(fc.constantFrom(4, 16), fc.uint8Array({ minLength: 16, maxLength: 16, max: 3 }))
  .map(([length, bytes]) => Endpoint.fromBytes(bytes.slice(0, length), 1)!)
const block = fc
  .tuple(address, fc.nat(128))
  .map(([{ address, family }, bits]) => `${address}/${family === "ipv4" ? bits % 33 : bits}`)
const FINGERPRINTS = ["07774 20871 07774 20871 07774 20871", "11111 20871 07774 20871 07774 20871"]
const change = fc.record({
  what: fc.oneof(block, fc.constantFrom(...FINGERPRINTS)),
  allow: fc.boolean(),
  forMs: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
  wait: fc.nat(30)
})

const nickname = (text: string) => Either.getOrThrow(Nickname.parse(text))

describe("bans", () => {
  it("meet whom one by one would, as long as each is in force, and after a restart", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.array(address, { maxLength: 20 }), (changes, addresses) => {
        const bans = new Bans()
        let model: Array<Ban> = []
        let wall = WALL
        const same = (one: string, other: string) => {
          const [left, right] = [Cidr.parse(one), Cidr.parse(other)]
          if (left === undefined || right === undefined) return one === other
          return left.bits === right.bits && Cidr.contains(left, right.network)
        }
        const inForce = ({ until }: Ban) => until === undefined || wall < until
        for (const { allow, forMs, wait, what } of changes) {
          wall += wait
          const known = model.some((ban) => same(ban.what, what) && inForce(ban))
          model = model.filter((ban) => !same(ban.what, what))
          if (allow) expect(bans.allow(what, wall)).toBe(known)
          else {
            const ban = { what, since: wall, ...(forMs === undefined ? {} : { until: wall + forMs }) }
            expect(bans.ban(ban, wall)).toBeUndefined()
            model.push(ban)
          }
        }
        const again = new Bans()
        expect(again.decode(bans.encode(), wall)).toBe(0)
        for (const some of [bans, again]) {
          expect(some.all(wall)).toHaveLength(model.filter(inForce).length)
          for (const remote of addresses) {
            const bytes = Endpoint.toBytes(remote)
            const expected = model.some((ban) => {
              const parsed = Cidr.parse(ban.what)
              return inForce(ban) && parsed !== undefined && Cidr.contains(parsed, bytes)
            })
            expect(some.ofAddress(remote, wall) !== undefined, remote.address).toBe(expected)
          }
          for (const fingerprint of FINGERPRINTS)
            expect(some.ofIdentity(fingerprint, wall) !== undefined).toBe(
              model.some((ban) => ban.what === fingerprint && inForce(ban))
            )
        }
      })
    )
  })

  it("are written in one way, and are of nothing else", () => {
    const bans = new Bans()
    for (const what of ["192.0.2.77/24", "192.0.2.1/24", "192.0.2.1", "0777420871-0777420871-0777420871"])
      expect(bans.ban({ what, since: WALL }, WALL)).toBeUndefined()
    expect(bans.all(WALL).map(({ what }) => what)).toEqual(["192.0.2.0/24", "192.0.2.1/32", FINGERPRINTS[0]])
    for (const what of ["alice", "", "192.0.2.1/33", "::/129"])
      expect(bans.ban({ what, since: WALL }, WALL)).toBe("Unreadable")
  })

  it("are bounded; those that are over make room", () => {
    const bans = new Bans()
    const what = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
    for (let i = 0; i < MAX_BANS; i++) bans.ban({ what: what(i), since: WALL, until: WALL + 1 + (i % 2) }, WALL)
    expect(bans.ban({ what: "192.0.2.1", since: WALL }, WALL)).toBe("Full")
    expect(bans.ban({ what: what(0), since: WALL }, WALL), "in the place of a former one").toBeUndefined()
    expect(bans.ban({ what: "192.0.2.1", since: WALL }, WALL + 1)).toBeUndefined()
  })

  it("keep lines that others have written from doing harm", () => {
    const bans = new Bans()
    const lines = [
      '{"what":"alice","since":1}',
      "{",
      "5",
      '{"since":1}',
      '{"what":"::1","since":"x"}',
      '{"reserved":""}'
    ]
    expect(bans.decode(lines.join("\n"), WALL)).toBe(lines.length)
    expect(bans.size).toBe(0)
  })
})

describe("reserved nicknames", () => {
  it("are nobody's, nor is one that looks like them, until they are released", () => {
    const bans = new Bans()
    bans.reserve(nickname("moonlight"), WALL)
    const again = new Bans()
    expect(again.decode(bans.encode(), WALL)).toBe(0)
    for (const some of [bans, again]) {
      expect(some.reserved()).toEqual(["moonlight"])
      for (const nick of ["moonlight", "Moonlight", "rnoonlight"]) expect(some.isReserved(nickname(nick))).toBe(true)
      expect(some.isReserved(nickname("alice"))).toBe(false)
      expect(some.release(nickname("alice"), WALL)).toBe(false)
      expect(some.release(nickname("MOONLIGHT"), WALL)).toBe(true)
      expect(some.isReserved(nickname("rnoonlight"))).toBe(false)
    }
  })
})
