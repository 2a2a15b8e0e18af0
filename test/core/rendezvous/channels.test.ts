import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Channels } from "../../../src/core/rendezvous/Channels.js"
import { Speck64 } from "../../../src/core/rendezvous/Speck64.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../src/protocol/Bytes.js"

const channels = new Channels(crypto, new Uint8Array(32).fill(1))
const number = fc.integer({ min: 1, max: 0xffff_ffff })

describe("a channel", () => {
  test("is the same for both sides, whoever asks and however often, and each has a token of its own", () => {
    fc.assert(
      fc.property(number, number, (left, right) => {
        fc.pre(left !== right)
        const mine = channels.between(left, right)
        expect(channels.between(right, left)).toEqual({ left: mine.right, right: mine.left })
        expect(mine.left.channel).toBe(mine.right.channel)
        expect(mine.left.pairKey).toBe(mine.right.pairKey)
        expect(mine.left.token).not.toBe(mine.right.token)
        const [low, high] = [Math.min(left, right), Math.max(left, right)]
        expect(channels.pairOf(Bytes.fromBase64Url(mine.left.channel)!)).toEqual([low, high])
        const { pairKey, tokens } = channels.secretsOf(low, high)
        expect(Bytes.toBase64Url(pairKey)).toBe(mine.left.pairKey)
        expect(Bytes.toBase64Url(tokens[left === low ? 0 : 1])).toBe(mine.left.token)
      })
    )
  })

  test("of another server, or of another pair, has nothing in common with it", () => {
    const other = new Channels(crypto, new Uint8Array(32).fill(2)).between(1, 2).left
    const seen = new Set(Object.values(other))
    for (let right = 2; right < 1_000; right++) {
      for (const text of Object.values(channels.between(1, right).left)) {
        expect(seen.has(text)).toBe(false)
        seen.add(text)
      }
    }
  })

  test("cannot be guessed: other names stand for nobody who could be there", () => {
    const random = fc.uint8Array({ minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(random, (name) => {
        const pair = channels.pairOf(name)
        expect(pair === undefined || pair[1] > 100_000).toBe(true)
      })
    )
    expect(channels.pairOf(new Uint8Array(7))).toBeUndefined()
  })
})

test("Speck64/128 gives the paper's test vector", () => {
  const cipher = new Speck64(Bytes.fromHex("1b1a1918131211100b0a090803020100")!)
  const block = cipher.encrypt(Bytes.fromHex("3b7265747475432d")!)
  expect(Bytes.toHex(block)).toBe("8c6fa548454e028b")
  expect(Bytes.toHex(cipher.decrypt(block))).toBe("3b7265747475432d")
})
