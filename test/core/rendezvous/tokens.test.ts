import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MAX_TOKENS, RANDOM_BYTES, Tokens } from "../../../src/core/rendezvous/Tokens.js"
import { crypto } from "../../../src/layers/node/Crypto.js"

const random = (seed: number) => Uint8Array.from({ length: RANDOM_BYTES }, (_, i) => (seed >> (8 * (i % 4))) ^ (i * 7))
const names = fc.array(fc.constantFrom("alice", "bob", "carl@example.org"), { minLength: 1, maxLength: 6 })

describe("tokens of single people", () => {
  it("are their holders' alone, after a restart too, and nobody's when they are revoked", () => {
    fc.assert(
      fc.property(names, fc.nat(), (names, at) => {
        const tokens = new Tokens(crypto)
        const given = names.map((name, i) => ({ name, token: tokens.add(name, random(i + 1), i)! }))
        const again = new Tokens(crypto)
        expect(again.decode(tokens.encode())).toBe(0)
        for (const some of [tokens, again]) {
          for (const { name, token } of given) {
            expect(some.holderOf(token)?.name).toBe(name)
            for (const wrong of [`${token}A`, token.slice(0, -1), token.replace(".", ""), token.slice(9), ` ${token}`])
              expect(some.holderOf(wrong)).toBeUndefined()
          }
          const { name } = given[at % given.length]!
          expect(some.revoke(name, 9)).toHaveLength(names.filter((other) => other === name).length)
          for (const other of given)
            expect(some.holderOf(other.token)?.name).toBe(other.name === name ? undefined : other.name)
        }
      })
    )
  })

  it("can be revoked one by one, by what is no secret of them", () => {
    const tokens = new Tokens(crypto)
    const [one, two] = [tokens.add("alice", random(1), 0)!, tokens.add("alice", random(2), 0)!]
    expect(tokens.revoke(one.slice(0, 8), 9)).toEqual([one.slice(0, 8)])
    expect([tokens.holderOf(one), tokens.holderOf(two)?.name]).toEqual([undefined, "alice"])
    expect(tokens.revoke("nobody", 9)).toEqual([])
  })

  it("are not in what is kept, nor in what is shown", () => {
    const tokens = new Tokens(crypto)
    const [, secret] = tokens.add("alice", random(3), 0)!.split(".")
    expect(tokens.encode() + JSON.stringify(tokens.all())).not.toContain(secret)
  })

  it("are bounded, and lines that are none are left out", () => {
    const tokens = new Tokens(crypto)
    const line = (i: number, hash = "A".repeat(43)) =>
      JSON.stringify({ name: "n", id: String(i).padStart(8, "0"), since: 1, hash })
    const bad = ["{", "5", line(1, "A"), line(1, "-"), '{"name":"a b","id":"00000000","since":1}']
    expect(tokens.decode(bad.join("\n"))).toBe(bad.length)
    for (let i = 0; i < MAX_TOKENS; i++) tokens.decode(line(i))
    expect(tokens.decode(line(MAX_TOKENS))).toBe(1)
    expect(tokens.add("one-more", random(4), 0)).toBeUndefined()
  })
})
